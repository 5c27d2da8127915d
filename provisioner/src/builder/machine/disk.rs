//! A machine's disk: one partition that GRUB starts from, made without mounting anything. The programs that make it are those
//! of the machine's own tree, so that every host makes the same bytes.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::super::program::{self, Manner};
use super::super::tree::clear;
use super::failed;
use crate::bundle::machine::NUMBER;
use crate::error::{Error, Result};

/// Bytes of the disk. What is empty takes no room.
pub const SIZE: u64 = 20 << 30;

/// Where the partition begins: GRUB lies before it.
const START: u64 = 1 << 20;

const SECTOR: u64 = 512;

/// What GRUB has in it.
const MODULES: [&str; 11] = [
    "biosdisk",
    "part_msdos",
    "ext2",
    "search",
    "search_fs_uuid",
    "normal",
    "configfile",
    "linux",
    "echo",
    "test",
    "minicmd",
];

/// Writes the disk of the machine in `root` to `target`, a file with holes.
pub fn disk(root: &Path, temporary: &Path, target: &Path) -> Result<()> {
    empty(root).map_err(failed(root))?;
    let core = grub(root, temporary)?;
    let boot = root.join("usr/lib/grub/i386-pc/boot.img");
    let boot = fs::read(&boot).map_err(|error| Error::new("GRUB was not installed").because(error))?;
    empty(root).map_err(failed(root))?;
    File::create(target)
        .and_then(|file| file.set_len(SIZE))
        .map_err(failed(target))?;
    file_system(root, temporary, target)?;
    start(target, &boot, &core).map_err(failed(target))
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

/// GRUB's core, which finds the file system and the configuration on it.
fn grub(root: &Path, temporary: &Path) -> Result<Vec<u8>> {
    let early = root.join("tmp/early.cfg");
    let text = format!("search.fs_uuid {NUMBER} root\nset prefix=($root)/boot/grub\n");
    fs::write(&early, text).map_err(failed(&early))?;
    let fixed = [
        "grub-mkimage",
        "--format=i386-pc",
        "--prefix=/boot/grub",
        "--config=/tmp/early.cfg",
        "--output=/tmp/core.img",
    ];
    let argv: Vec<String> = fixed
        .iter()
        .chain(&MODULES)
        .map(|word| (*word).to_owned())
        .collect();
    program::run(&argv, Some(root), temporary, |_| ())?;
    let core = root.join("tmp/core.img");
    let bytes = fs::read(&core).map_err(failed(&core))?;
    if bytes.len() as u64 + SECTOR > START {
        return Err(Error::new("GRUB does not fit before the partition"));
    }
    Ok(bytes)
}

/// The tree as an ext4 file system, by the mke2fs of the tree, which sorts what it copies.
fn file_system(root: &Path, temporary: &Path, target: &Path) -> Result<()> {
    let own = |path: &str| root.join(path).display().to_string();
    let options = format!("offset={START},hash_seed={NUMBER},assume_storage_prezeroed=1,lazy_itable_init=1");
    let blocks = format!("{}k", (SIZE - START) / 1024);
    let target = target.display().to_string();
    let (root_path, libraries) = (root.display().to_string(), own("usr/lib/x86_64-linux-gnu"));
    let words = [
        &own("usr/lib64/ld-linux-x86-64.so.2"),
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

/// Writes what the firmware starts, with the table of the one partition in it, and GRUB's core after it.
fn start(target: &Path, boot: &[u8], core: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).open(target)?;
    file.write_all(&first_sector(boot))?;
    file.seek(SeekFrom::Start(SECTOR))?;
    file.write_all(core)?;
    file.sync_all()
}

/// GRUB's first sector as it is installed on a hard disk: the core follows it, which is what it says when it is built.
fn first_sector(boot: &[u8]) -> [u8; 512] {
    let mut sector = [0; 512];
    for (to, from) in sector.iter_mut().zip(boot) {
        *to = *from;
    }
    // Firmware that says it started from a floppy is not believed.
    sector[0x66..0x68].copy_from_slice(&[0x90, 0x90]);
    sector[440..444].copy_from_slice(b"lab\0");
    sector[444..510].fill(0);
    let entry = &mut sector[446..462];
    entry[0] = 0x80;
    entry[1..4].copy_from_slice(&[0xfe, 0xff, 0xff]);
    entry[4] = 0x83;
    entry[5..8].copy_from_slice(&[0xfe, 0xff, 0xff]);
    entry[8..12].copy_from_slice(&((START / SECTOR) as u32).to_le_bytes());
    entry[12..16].copy_from_slice(&(((SIZE - START) / SECTOR) as u32).to_le_bytes());
    sector[510..512].copy_from_slice(&[0x55, 0xaa]);
    sector
}
