//! The texts in a box of Vagrant's.

use askama::Template;

use super::fill;
use crate::error::Result;

/// The address of the first interface in VirtualBox's range, which Vagrant wants to be told.
const ADDRESS: &str = "080027A1AB01";

#[derive(Template)]
#[template(path = "box/Vagrantfile.libvirt", escape = "none", ext = "txt")]
struct Libvirt;

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
}

/// The Vagrantfile of a box for libvirt.
pub fn libvirt() -> Result<String> {
    fill(&Libvirt)
}

/// The Vagrantfile of a box for VirtualBox.
pub fn virtualbox() -> Result<String> {
    fill(&Virtualbox { address: ADDRESS })
}

/// What VirtualBox imports: the machine `name` with the file `disk` of `size` bytes, which is a disk of `capacity`.
pub fn ovf(name: &str, disk: &str, size: u64, capacity: u64) -> Result<String> {
    fill(&Ovf {
        name,
        disk,
        size,
        capacity,
    })
}
