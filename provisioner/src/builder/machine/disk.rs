//! A machine's disk: the root, and the EFI system partition behind it; a BIOS starts it as well where machines have one. Made without
//! mounting anything. The programs that make it are those of the machine's own tree, so that every host makes the same bytes.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::super::program::{self, Manner};
use super::super::tree::clear;
use super::platform::Platform;
use super::{efi, failed, grub};
use crate::bundle::machine::NUMBER;
use crate::error::{Error, Result};

/// Bytes of the disk. What is empty takes no room.
pub const SIZE: u64 = 20 << 30;

/// Where the root begins: GRUB for a BIOS lies before it.
const START: u64 = 1 << 20;

/// Where it ends, and the EFI system partition begins.
const END: u64 = SIZE - efi::SIZE;

const SECTOR: u64 = 512;

/// Where the first sector has its table of partitions.
const TABLE: usize = 446;

/// What is on the disk beside the root.
struct Loader {
    /// The first sector's program, and what it starts: for a BIOS.
    bios: Option<(Vec<u8>, Vec<u8>)>,
    /// The EFI system partition.
    efi: Vec<u8>,
}

/// Writes the disk of the machine in `root` to `target`, a file with holes.
pub fn disk(platform: &Platform, root: &Path, temporary: &Path, target: &Path) -> Result<()> {
    empty(root).map_err(failed(root))?;
    let loader = Loader {
        bios: platform
            .bios
            .map(|format| bios(format, root, temporary))
            .transpose()?,
        efi: efi::partition(platform, root, temporary)?,
    };
    empty(root).map_err(failed(root))?;
    File::create(target)
        .and_then(|file| file.set_len(SIZE))
        .map_err(failed(target))?;
    file_system(platform, root, temporary, target)?;
    start(target, &loader).map_err(failed(target))
}

/// What the kernel mounts over is empty on the disk.
fn empty(root: &Path) -> io::Result<()> {
    for directory in ["dev", "proc", "sys", "run", "tmp"] {
        for entry in fs::read_dir(root.join(directory))? {
            clear(&entry?.path())?;
        }
    }
    Ok(())
}

/// GRUB for a BIOS: its first sector, and its core.
fn bios(format: &str, root: &Path, temporary: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
    grub::image(format, &["biosdisk"], "/tmp/core.img", root, temporary)?;
    let read = |path: String| {
        fs::read(root.join(path)).map_err(|error| Error::new("GRUB was not installed").because(error))
    };
    let (boot, core) = (
        read(format!("usr/lib/grub/{format}/boot.img"))?,
        read("tmp/core.img".into())?,
    );
    if core.len() as u64 + SECTOR > START {
        return Err(Error::new("GRUB does not fit before the partition"));
    }
    Ok((boot, core))
}

/// The tree as an ext4 file system, by the mke2fs of the tree, which sorts what it copies.
fn file_system(platform: &Platform, root: &Path, temporary: &Path, target: &Path) -> Result<()> {
    let own = |path: &str| root.join(path).display().to_string();
    let options = format!("offset={START},hash_seed={NUMBER},assume_storage_prezeroed=1,lazy_itable_init=1");
    let blocks = format!("{}k", (END - START) / 1024);
    let target = target.display().to_string();
    let (root_path, libraries) = (root.display().to_string(), own(platform.libraries));
    let words = [
        &own(platform.loader),
        "--library-path",
        &libraries,
        &own("usr/sbin/mke2fs"),
        "-q",
        "-t",
        "ext4",
        "-O",
        "^metadata_csum_seed,^orphan_file",
        "-i",
        "32768",
        "-L",
        "lab",
        "-U",
        NUMBER,
        "-E",
        &options,
        "-d",
        &root_path,
        &target,
        &blocks,
    ];
    let environment = [("MKE2FS_CONFIG".to_owned(), own("etc/mke2fs.conf"))];
    let manner = Manner {
        environment: &environment,
        ..Manner::default()
    };
    program::run_so(&words.map(str::to_owned), manner, temporary, |_| ()).map(drop)
}

/// Writes what firmware starts: the first sector with the table of partitions, GRUB's core after it, and the EFI system partition.
fn start(target: &Path, loader: &Loader) -> io::Result<()> {
    let mut file = File::options().write(true).open(target)?;
    let (boot, core): (&[u8], &[u8]) = match &loader.bios {
        Some((boot, core)) => (boot, core),
        None => (&[], &[]),
    };
    file.write_all(&first_sector(boot))?;
    file.seek(SeekFrom::Start(SECTOR))?;
    file.write_all(core)?;
    file.seek(SeekFrom::Start(END))?;
    file.write_all(&loader.efi)?;
    file.sync_all()
}

/// A partition of the table: its type, and where it lies.
fn entry(kind: u8, active: bool, (from, to): (u64, u64)) -> [u8; 16] {
    let mut entry = [0; 16];
    entry[0] = if active { 0x80 } else { 0 };
    // Cylinders and heads say nothing any more.
    entry[1..4].copy_from_slice(&[0xfe, 0xff, 0xff]);
    entry[4] = kind;
    entry[5..8].copy_from_slice(&[0xfe, 0xff, 0xff]);
    entry[8..12].copy_from_slice(&((from / SECTOR) as u32).to_le_bytes());
    entry[12..16].copy_from_slice(&(((to - from) / SECTOR) as u32).to_le_bytes());
    entry
}

/// The first sector. GRUB's program in it, if there is one, is as it is installed on a hard disk: the core follows it, which is what it
/// says when it is built.
fn first_sector(boot: &[u8]) -> [u8; 512] {
    let mut sector = [0; 512];
    for (to, from) in sector.iter_mut().zip(boot) {
        *to = *from;
    }
    if !boot.is_empty() {
        // Firmware that says it started from a floppy is not believed.
        sector[0x66..0x68].copy_from_slice(&[0x90, 0x90]);
    }
    sector[440..444].copy_from_slice(b"lab\0");
    sector[444..510].fill(0);
    sector[TABLE..TABLE + 16].copy_from_slice(&entry(0x83, true, (START, END)));
    sector[TABLE + 16..TABLE + 32].copy_from_slice(&entry(0xef, false, (END, SIZE)));
    sector[510..512].copy_from_slice(&[0x55, 0xaa]);
    sector
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Type, first sector and sectors of each partition in a first sector.
    fn partitions(sector: &[u8; 512]) -> Vec<(u8, u64, u64)> {
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let table = sector[TABLE..510].chunks(16);
        table
            .filter(|entry| entry[4] != 0)
            .map(|entry| (entry[4], number(&entry[8..12]), number(&entry[12..16])))
            .collect()
    }

    #[test]
    fn the_root_is_first_and_the_efi_system_partition_ends_the_disk() {
        for boot in [&[0xeb; 512][..], &[]] {
            let sector = first_sector(boot);
            let found = partitions(&sector);
            let kinds: Vec<u8> = found.iter().map(|one| one.0).collect();
            assert_eq!(kinds, [0x83, 0xef]);
            assert_eq!(found[0].1, 2048);
            assert_eq!(found[1].1, found[0].1 + found[0].2);
            assert_eq!(found[1].1 + found[1].2, SIZE / SECTOR);
            assert_eq!(sector[510..], [0x55, 0xaa]);
        }
    }

    #[test]
    fn without_a_bios_no_program_is_in_the_first_sector() {
        assert!(first_sector(&[]).iter().take(440).all(|byte| *byte == 0));
        assert_eq!(first_sector(&[0xeb; 512])[..2], [0xeb, 0xeb]);
        assert_eq!(first_sector(&[0xeb; 512])[0x66..0x68], [0x90, 0x90]);
    }
}
