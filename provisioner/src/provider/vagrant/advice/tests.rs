//! Errors a classroom meets, as Vagrant prints them, and what is said of them.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::provider::vagrant::output::failure;

#[track_caller]
fn advised(class: &str, message: &str, word: &str) {
    let advice = advice(class, message).unwrap();
    assert!(
        advice.en.contains(word) && !advice.ko.is_empty(),
        "{class}: {advice:?}"
    );
}

#[test]
fn what_a_classroom_meets_is_told_with_what_to_do() {
    for (class, word) in [
        ("BoxNotFound", "vagrant box add"),
        ("BoxAddShortNotFound", "vagrant box add"),
        ("BoxAddNoMatchingProvider", "LAB_BOX_DEBIAN_13"),
        ("VMNameExists", "virsh undefine"),
        ("SnapshotConflictFailed", "--replace"),
        ("VMInaccessible", "vagrant destroy"),
        ("NoDefaultProvider", "VirtualBox"),
        ("HypervVirtualBoxError", "Hyper-V"),
        ("VirtualBoxInvalidHostSubnet", "virtualbox__intnet"),
        ("SnapshotNotSupported", "snapshots"),
        ("MachineLocked", "another terminal"),
        ("WSLVirtualBoxWindowsAccessError", "/mnt/c"),
        ("WSLVagrantAccessError", "/mnt/c"),
    ] {
        advised(class, "", word);
    }
    assert!(advice("SomethingElse", "").is_none());
}

/// As Vagrant prints them for machines: VirtualBox' words, in the one class it has for all that VBoxManage says.
#[test]
fn a_hypervisor_is_known_by_its_words() {
    let print = |words: &str| {
        format!(
            "1764331000,m-k8s,action,up,start\n1764331002,,error-exit,Vagrant::Errors::VBoxManageError,There was an error while \
             executing `VBoxManage`%!(VAGRANT_COMMA) a CLI used by Vagrant\\nfor controlling VirtualBox. The command and stderr is \
             shown below.\\n\\nCommand: [\"startvm\"]\\n\\nStderr: VBoxManage: error: {words}\\n"
        )
    };
    for (words, word) in [
        ("VT-x is not available (VERR_VMX_NO_VMX)", "BIOS"),
        (
            "VT-x is disabled in the BIOS for all CPU modes (VERR_VMX_MSR_ALL_VMX_DISABLED)",
            "BIOS",
        ),
        (
            "AMD-V is disabled in the BIOS (or by the host OS) (VERR_SVM_DISABLED)",
            "BIOS",
        ),
        (
            "WHvCapabilityCodeHypervisorPresent is FALSE! (VERR_NEM_NOT_AVAILABLE)",
            "hypervisorlaunchtype",
        ),
        (
            "Call to NEMR0InitVMPart2 failed: VERR_NEM_VM_CREATE_FAILED",
            "hypervisorlaunchtype",
        ),
        (
            "The IP address configured for the host-only network is not within the allowed ranges.",
            "virtualbox__intnet",
        ),
    ] {
        let failure = failure(&print(words)).unwrap();
        advised(&failure.class, &failure.message, word);
    }
}

/// What Docker and libvirt say, through Vagrant's classes for a command that failed.
#[test]
fn an_engine_is_known_by_its_words() {
    for (words, word) in [
        (
            "docker: Error response from daemon: pull access denied for lab-node, repository does not exist",
            "docker load",
        ),
        (
            "Error response from daemon: Pool overlaps with other one on this address space",
            "docker network ls",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "start",
        ),
        (
            "Conflict. The container name \"/lab\" is already in use by container \"1\".",
            "docker rm -f",
        ),
        (
            "Name `lab-m-k8s` of domain about to create is already taken. Please try to run",
            "virsh undefine",
        ),
        (
            "could not get preferred machine for /usr/bin/qemu-system-x86_64 type=kvm",
            "LAB_LIBVIRT_DRIVER",
        ),
    ] {
        advised("ExecuteError", words, word);
    }
}
