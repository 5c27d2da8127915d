//! What tells the machine `lab` itself runs on from others, and its kernel from theirs.

use std::fs;

fn line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Its number; empty where it has none.
pub fn machine_id() -> String {
    line("/etc/machine-id")
}

/// The number of its kernel's boot: containers of this machine have the same; empty where the kernel is not Linux.
pub fn boot_id() -> String {
    line("/proc/sys/kernel/random/boot_id")
}
