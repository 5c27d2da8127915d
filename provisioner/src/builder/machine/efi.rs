//! The EFI system partition: a FAT file system with GRUB where UEFI looks for it. Made by the machine's own programs, without mounting
//! anything; always the same bytes.

use std::fs;
use std::path::Path;

use super::super::program;
use super::platform::Platform;
use super::{failed, grub};
use crate::error::Result;

/// Bytes of the partition: FAT32, as UEFI wants it on a disk, takes no less than half of it.
pub const SIZE: u64 = 64 << 20;

/// The number of its file system.
const NUMBER: &str = "6c616201";

/// Makes the partition for the machine in `root`. Returns its bytes as far as they are not empty.
pub fn partition(platform: &Platform, root: &Path, temporary: &Path) -> Result<Vec<u8>> {
    grub::image(platform.efi, &[], "/tmp/grub.efi", root, temporary)?;
    let (blocks, started) = (
        (SIZE / 1024).to_string(),
        format!("::EFI/BOOT/{}", platform.started),
    );
    let format = [
        "mkfs.fat",
        "-C",
        "-F",
        "32",
        "-s",
        "1",
        "--invariant",
        "-i",
        NUMBER,
        "-n",
        "LAB-EFI",
    ];
    let steps: [&[&str]; 3] = [
        &[&format[..], &["/tmp/efi", &blocks]].concat(),
        &["mmd", "-i", "/tmp/efi", "::EFI", "::EFI/BOOT"],
        &["mcopy", "-i", "/tmp/efi", "/tmp/grub.efi", &started],
    ];
    for step in steps {
        let argv: Vec<String> = step.iter().map(|word| (*word).to_owned()).collect();
        program::run(&argv, Some(root), temporary, |_| ())?;
    }
    let file = root.join("tmp/efi");
    let mut bytes = fs::read(&file).map_err(failed(&file))?;
    let filled = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    bytes.truncate(filled);
    Ok(bytes)
}
