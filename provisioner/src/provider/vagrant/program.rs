//! Calling Vagrant, and what its errors mean for somebody in a classroom.

use std::path::Path;
use std::process::{Command, Stdio};

use super::output::{self, Failure};
use crate::error::{Error, Result};
use crate::text;
use crate::text::Text;

/// Runs `vagrant ARGUMENTS --machine-readable` in the project; what it printed.
pub fn run(project: &Path, arguments: &[&str]) -> Result<String> {
    let shown = format!("vagrant {}", arguments.join(" "));
    let cannot = || Error::new(text!("`{shown}` 실패", "`{shown}` failed"));
    let output = Command::new("vagrant")
        .args(arguments)
        .arg("--machine-readable")
        .current_dir(project)
        .env("VAGRANT_CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => absent(),
            _ => cannot().because(error),
        })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && output::failure(&said).is_none() {
        return Ok(said);
    }
    let Some(Failure { class, message }) = output::failure(&said) else {
        let text = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
        return Err(cannot().cause(output.status.to_string()).output(text));
    };
    let error = cannot().cause(class.clone()).output(message);
    Err(match advice(&class) {
        Some(advice) => error.hint(advice),
        None => error,
    })
}

fn absent() -> Error {
    Error::new(text!("Vagrant가 설치되어 있지 않음", "Vagrant is not installed")).hint(text!(
        "Vagrant와 VirtualBox를 설치하거나, Linux에서는 cluster.yaml에 `provider: local`을 쓰세요",
        "install Vagrant and VirtualBox, or on Linux write `provider: local` in cluster.yaml"
    ))
}

/// What to do about an error, by the name of its class.
fn advice(class: &str) -> Option<Text> {
    Some(match class {
        "BoxNotFound"
        | "BoxNotFoundWithProvider"
        | "BoxNotFoundWithProviderAndVersion"
        | "BoxAddShortNotFound"
        | "BoxMetadataDownloadError"
        | "BoxServerNotSet"
        | "BoxFileNotExist"
        | "DownloaderError" => text!(
            "박스를 받을 수 없습니다. 인터넷이 없으면 파일로 추가하세요: `vagrant box add --name 이름 파일.box`",
            "the box cannot be had; without internet add it from a file: `vagrant box add --name NAME FILE.box`"
        ),
        "BoxChecksumMismatch" | "DownloaderChecksumError" | "BoxUnpackageFailure" => text!(
            "박스 파일이 온전하지 않습니다. 다시 받거나 복사하세요",
            "the box's file is not whole: download or copy it again"
        ),
        "ProviderNotFound"
        | "ProviderNotUsable"
        | "NoDefaultProvider"
        | "VirtualBoxNotDetected"
        | "VirtualBoxInstallIncomplete" => text!(
            "VirtualBox(또는 vagrant-libvirt, Docker)를 설치하고 켠 뒤 `vagrant up --provider=이름`을 하세요",
            "install and start VirtualBox (or vagrant-libvirt, or Docker), then `vagrant up --provider=NAME`"
        ),
        "VirtualBoxKernelModuleNotLoaded" => text!(
            "VirtualBox의 커널 모듈을 올리세요: `sudo modprobe vboxdrv`",
            "load VirtualBox's kernel module: `sudo modprobe vboxdrv`"
        ),
        "HypervVirtualBoxError" => text!(
            "Hyper-V가 켜져 있습니다. 관리자로 `bcdedit /set hypervisorlaunchtype off` 하고 다시 부팅하세요",
            "Hyper-V is in the way: as administrator `bcdedit /set hypervisorlaunchtype off`, then restart"
        ),
        "VirtualBoxInvalidHostSubnet" => text!(
            "이 Vagrantfile은 내부 네트워크를 씁니다. 바꾸었다면 `virtualbox__intnet`을 되돌리세요",
            "this Vagrantfile uses an internal network: put `virtualbox__intnet` back if you changed it"
        ),
        "VirtualBoxNameExists" | "VMInaccessible" | "ActiveMachineWithDifferentProvider" => text!(
            "반쯤 만들어졌거나 다른 곳에서 만든 기계가 있습니다: `vagrant destroy -f` 뒤에 `vagrant up`",
            "a machine is half made or was made elsewhere: `vagrant destroy -f`, then `vagrant up`"
        ),
        "VMBootTimeout" | "MachineGuestNotReady" | "SSHConnectionTimeout" | "SSHNotReady" => text!(
            "기계가 제때 응답하지 않았습니다. BIOS의 가상화 설정을 보고 `vagrant reload`를 해 보세요",
            "the machine did not answer in time: see whether virtualization is on in the BIOS, then `vagrant reload`"
        ),
        "SnapshotNotSupported" => text!(
            "Vagrant의 이 프로바이더(예: docker)는 스냅샷을 저장하지 못합니다",
            "this provider of Vagrant's (docker, for one) saves no snapshots"
        ),
        "NoEnvironmentError" => text!(
            "프로젝트에 Vagrantfile이 없습니다. 이 저장소의 Vagrantfile을 cluster.yaml 옆에 두세요",
            "the project has no Vagrantfile: put the one of this repository beside cluster.yaml"
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_a_classroom_meets_is_told_with_what_to_do() {
        for (class, word) in [
            ("BoxNotFound", "vagrant box add"),
            ("VMInaccessible", "vagrant destroy"),
            ("NoDefaultProvider", "VirtualBox"),
            ("HypervVirtualBoxError", "Hyper-V"),
            ("SnapshotNotSupported", "snapshots"),
        ] {
            assert!(advice(class).unwrap().en.contains(word), "{class}");
        }
        assert!(advice("SomethingElse").is_none());
    }
}
