//! The texts in a box of Vagrant's.

use askama::Template;

use super::fill;
use crate::error::Result;

/// The address of the first interface in VirtualBox's range, which Vagrant wants to be told.
const ADDRESS: &str = "080027A1AB01";

#[derive(Template)]
#[template(path = "box/Vagrantfile.libvirt", escape = "none", ext = "txt")]
struct Libvirt {
    arm: bool,
}

#[derive(Template)]
#[template(path = "box/Vagrantfile.virtualbox", escape = "none", ext = "txt")]
struct Virtualbox {
    address: &'static str,
}

#[derive(Template)]
#[template(path = "box/box.ovf", escape = "none", ext = "txt")]
struct Ovf<'a> {
    name: &'a str,
    disk: &'a str,
    size: u64,
    capacity: u64,
    arm: bool,
}

fn is_arm(architecture: &str) -> bool {
    architecture == "arm64"
}

/// The Vagrantfile of a box of this architecture for libvirt.
pub fn libvirt(architecture: &str) -> Result<String> {
    fill(&Libvirt {
        arm: is_arm(architecture),
    })
}

/// The Vagrantfile of a box for VirtualBox.
pub fn virtualbox() -> Result<String> {
    fill(&Virtualbox { address: ADDRESS })
}

/// What VirtualBox imports: the machine `name` with the file `disk` of `size` bytes, which is a disk of `capacity`.
pub fn ovf(name: &str, architecture: &str, disk: &str, (size, capacity): (u64, u64)) -> Result<String> {
    fill(&Ovf {
        name,
        disk,
        size,
        capacity,
        arm: is_arm(architecture),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_machine_of_arm64_starts_by_uefi_and_has_no_device_of_a_pc() {
        let (other, arm) = (libvirt("amd64").unwrap(), libvirt("arm64").unwrap());
        assert!(arm.contains("machine_type = \"virt\"") && !other.contains("machine_type"));
        let of = |architecture| ovf("lab-debian-13", architecture, "box.vmdk", (1, 2)).unwrap();
        let (other, arm) = (of("amd64"), of("arm64"));
        for word in [
            "Platform architecture=\"ARM\"",
            "Debian_arm64",
            "Firmware type=\"EFI\"",
        ] {
            assert!(arm.contains(word) && !other.contains(word), "{word}");
        }
        for word in ["AHCI", "E1000", "Debian_64"] {
            assert!(other.contains(word) && !arm.contains(word), "{word}");
        }
    }
}
