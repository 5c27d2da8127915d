//! What somebody in a classroom can do about an error of Vagrant's. Pure.
//!
//! Vagrant's own errors are known by the name of their class. What VirtualBox, libvirt and Docker say arrives in one class for
//! everything, and is known by its words.

use crate::text;
use crate::text::Text;

/// An error that is known.
struct Known {
    /// Names of classes in `Vagrant::Errors`.
    classes: &'static [&'static str],
    /// Words that a hypervisor or an engine says.
    words: &'static [&'static str],
    /// What to do, in Korean and in English.
    advice: (&'static str, &'static str),
}

/// The first that fits counts.
const KNOWN: [Known; 18] = [
    Known {
        classes: &["HypervVirtualBoxError"],
        words: &[
            "VERR_NEM_VM_CREATE_FAILED",
            "VERR_NEM_NOT_AVAILABLE",
            "unavailable courtesy of Hyper-V",
        ],
        advice: (
            "Hyper-V가 프로세서를 쓰고 있습니다. 관리자로 `bcdedit /set hypervisorlaunchtype off` 하고 다시 부팅하거나, WSL2에서 `provider: local`을 쓰세요",
            "Hyper-V has the processor: as administrator `bcdedit /set hypervisorlaunchtype off`, then restart; or use `provider: local` in WSL2",
        ),
    },
    Known {
        classes: &[],
        words: &[
            "VT-x is not available",
            "VT-x is disabled",
            "AMD-V is disabled",
            "VERR_VMX_NO_VMX",
            "VERR_VMX_MSR_ALL_VMX_DISABLED",
            "VERR_SVM_NO_SVM",
            "VERR_SVM_DISABLED",
            "type=kvm",
            "KVM kernel module",
        ],
        advice: (
            "가상화가 꺼져 있습니다. BIOS(UEFI)에서 VT-x, AMD-V 또는 SVM을 켜세요; libvirt라면 `LAB_LIBVIRT_DRIVER=qemu`로 느리지만 됩니다",
            "virtualization is off: switch VT-x, AMD-V or SVM on in the BIOS (UEFI); with libvirt `LAB_LIBVIRT_DRIVER=qemu` does without, slowly",
        ),
    },
    Known {
        classes: &["VirtualBoxInvalidHostSubnet"],
        words: &["not within the allowed ranges"],
        advice: (
            "이 Vagrantfile은 내부 네트워크를 씁니다. 바꾸었다면 `virtualbox__intnet`을 되돌리세요",
            "this Vagrantfile uses an internal network: put `virtualbox__intnet` back if you changed it",
        ),
    },
    Known {
        classes: &[],
        words: &[
            "pull access denied for lab-node",
            "Unable to find image 'lab-node",
        ],
        advice: (
            "노드의 이미지가 Docker에 없습니다: `lab box build --provider docker` 뒤에 `docker load --input boxes/파일`",
            "Docker does not have the nodes' image: `lab box build --provider docker`, then `docker load --input boxes/FILE`",
        ),
    },
    Known {
        classes: &[],
        words: &["Pool overlaps with other one on this address space"],
        advice: (
            "다른 Docker 네트워크가 이 주소를 씁니다: `docker network ls`로 찾아 `docker network rm`으로 지우거나, cluster.yaml의 `network:`를 바꾸세요",
            "another Docker network has these addresses: find it with `docker network ls` and remove it, or change `network:` in cluster.yaml",
        ),
    },
    Known {
        classes: &[
            "BoxNotFound",
            "BoxNotFoundWithProvider",
            "BoxNotFoundWithProviderAndVersion",
            "BoxAddShortNotFound",
            "BoxMetadataDownloadError",
            "BoxServerNotSet",
            "BoxFileNotExist",
            "DownloaderError",
        ],
        words: &[],
        advice: (
            "box를 받을 수 없습니다. 인터넷이 없으면 파일로 추가하세요: `vagrant box add --name lab/debian-13 파일.box`",
            "the box cannot be had; without internet add it from a file: `vagrant box add --name lab/debian-13 FILE.box`",
        ),
    },
    Known {
        classes: &["BoxAddNoMatchingProvider", "BoxAddNoMatchingVersion"],
        words: &[],
        advice: (
            "공개된 box에는 이 프로바이더나 버전의 것이 없습니다. `lab box build`로 만든 파일을 추가하거나(`vagrant box add --name lab/debian-13 파일.box`), LAB_BOX_DEBIAN_13으로 다른 box를 정하세요",
            "the public box has none for this provider or version: add a file that `lab box build` made (`vagrant box add --name lab/debian-13 FILE.box`), or name another with LAB_BOX_DEBIAN_13",
        ),
    },
    Known {
        classes: &[
            "BoxChecksumMismatch",
            "DownloaderChecksumError",
            "BoxUnpackageFailure",
        ],
        words: &[],
        advice: (
            "box 파일이 온전하지 않습니다. 다시 받거나 복사하세요",
            "the box's file is not whole: download or copy it again",
        ),
    },
    Known {
        classes: &[
            "ProviderNotFound",
            "ProviderNotFoundSuggestion",
            "ProviderNotUsable",
            "NoDefaultProvider",
            "VBoxManageNotFoundError",
            "VirtualBoxNotDetected",
            "VirtualBoxInstallIncomplete",
        ],
        words: &[
            "Cannot connect to the Docker daemon",
            "failed to connect to the docker API",
        ],
        advice: (
            "VirtualBox(또는 vagrant-libvirt, Docker)를 설치하고 켠 뒤 `vagrant up --provider=이름`을 하세요",
            "install and start VirtualBox (or vagrant-libvirt, or Docker), then `vagrant up --provider=NAME`",
        ),
    },
    Known {
        classes: &["VirtualBoxKernelModuleNotLoaded"],
        words: &[],
        advice: (
            "VirtualBox의 커널 모듈을 올리세요: `sudo modprobe vboxdrv`",
            "load VirtualBox's kernel module: `sudo modprobe vboxdrv`",
        ),
    },
    Known {
        classes: &[
            "WSLVagrantAccessError",
            "WSLVirtualBoxWindowsAccessError",
            "SSHKeyBadPermissions",
            "SSHKeyBadOwner",
        ],
        words: &["UNPROTECTED PRIVATE KEY FILE"],
        advice: (
            "Windows의 드라이브(/mnt/c)에서는 키를 본인만 읽게 할 수 없습니다. Linux 파일 시스템(`~/lab`)에 다시 clone하세요",
            "on a drive of Windows' (/mnt/c) a key cannot be kept to yourself: clone again in the Linux file system (`~/lab`)",
        ),
    },
    Known {
        classes: &["VMInaccessible", "ActiveMachineWithDifferentProvider"],
        words: &[],
        advice: (
            "반쯤 만들어졌거나 다른 프로바이더로 만든 기계가 있습니다: `vagrant destroy -f` 뒤에 `vagrant up`",
            "a machine is half made, or made with another provider: `vagrant destroy -f`, then `vagrant up`",
        ),
    },
    Known {
        classes: &["VirtualBoxNameExists", "VMNameExists"],
        words: &[
            "is already in use by container",
            "already exists with uuid",
            "of domain about to create is already taken",
        ],
        advice: (
            "이 이름의 기계가 이미 있는데 Vagrant가 모릅니다(`.vagrant`가 지워졌거나 중간에 멈춤). 그 기계를 지우세요: VirtualBox의 창에서, 또는 `virsh destroy 이름` 다음에 `virsh undefine 이름 --remove-all-storage`, 도커라면 `docker rm -f 이름`",
            "a machine of this name is there, and Vagrant does not know it (`.vagrant` was deleted, or it was interrupted). Remove it: in VirtualBox's window, or with `virsh destroy NAME`, then `virsh undefine NAME --remove-all-storage`; with Docker `docker rm -f NAME`",
        ),
    },
    Known {
        classes: &[
            "MachineLocked",
            "MachineActionLockedError",
            "EnvironmentLockedError",
        ],
        words: &[],
        advice: (
            "다른 터미널에서 Vagrant가 돌고 있습니다. 끝나기를 기다렸다가 다시 하세요",
            "Vagrant is at work in another terminal: wait until it ends, then try again",
        ),
    },
    Known {
        classes: &[
            "VMBootTimeout",
            "VMBootBadState",
            "MachineGuestNotReady",
            "SSHConnectionTimeout",
            "SSHNotReady",
        ],
        words: &[],
        advice: (
            "기계가 제때 응답하지 않았습니다. BIOS의 가상화 설정을 보고 `vagrant reload`를 해 보세요",
            "the machine did not answer in time: see whether virtualization is on in the BIOS, then `vagrant reload`",
        ),
    },
    Known {
        classes: &["SnapshotNotSupported"],
        words: &[],
        advice: (
            "Vagrant의 이 프로바이더(예: docker)는 스냅샷을 저장하지 못합니다",
            "this provider of Vagrant's (docker, for one) saves no snapshots",
        ),
    },
    Known {
        classes: &["SnapshotConflictFailed"],
        words: &[],
        advice: (
            "Vagrant에 이 이름의 스냅샷이 이미 있습니다. 다른 이름을 쓰거나 `--replace`로 바꾸세요",
            "Vagrant has a snapshot of this name already: use another name, or replace it with `--replace`",
        ),
    },
    Known {
        classes: &["NoEnvironmentError"],
        words: &[],
        advice: (
            "프로젝트에 Vagrantfile이 없습니다. 이 저장소의 Vagrantfile을 cluster.yaml 옆에 두세요",
            "the project has no Vagrantfile: put the one of this repository beside cluster.yaml",
        ),
    },
];

/// What to do about an error, by the name of its class and what it says.
pub(super) fn advice(class: &str, message: &str) -> Option<Text> {
    let fits = |known: &&Known| {
        known.classes.contains(&class) || known.words.iter().any(|words| message.contains(words))
    };
    let (ko, en) = KNOWN.iter().find(fits)?.advice;
    Some(text!("{ko}", "{en}"))
}

/// The names of Vagrant's classes that are known here.
pub fn classes() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().flat_map(|known| known.classes).copied()
}

#[cfg(test)]
#[path = "advice/tests.rs"]
mod tests;
