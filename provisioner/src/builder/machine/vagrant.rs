//! A box: an archive of Vagrant's with a disk in the form of one hypervisor. The same disk gives the same bytes.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::super::mirror::append;
use super::super::{architecture, program};
use super::disk::SIZE;
use super::failed;
use crate::bundle::machine::Hypervisor;
use crate::error::{Error, Result};
use crate::render::machine as render;

/// No description of a VMDK is longer.
const LONGEST: u64 = 1 << 20;

/// A disk in the form of a hypervisor, and the texts around it.
struct Content {
    disk: &'static str,
    format: &'static [&'static str],
    texts: Vec<(&'static str, String)>,
}

/// What a box says of itself: `vagrant box list --box-info` shows it.
pub type Info = Value;

/// What Vagrant goes by when it takes a box for a machine.
fn metadata(hypervisor: Hypervisor, architecture: &str) -> Value {
    match hypervisor {
        Hypervisor::Virtualbox => json!({"provider": "virtualbox", "architecture": architecture}),
        _ => json!({
            "provider": "libvirt", "format": "qcow2", "virtual_size": SIZE >> 30, "architecture": architecture,
        }),
    }
}

fn content(hypervisor: Hypervisor, info: &Info) -> Result<Content> {
    let mut texts = vec![
        ("metadata.json", metadata(hypervisor, architecture()).to_string()),
        ("info.json", info.to_string()),
    ];
    let (disk, format): (_, &[_]) = match hypervisor {
        Hypervisor::Virtualbox => ("box.vmdk", &["vmdk", "-o", "subformat=streamOptimized"]),
        _ => ("box.img", &["qcow2", "-c"]),
    };
    texts.push(match hypervisor {
        Hypervisor::Virtualbox => ("Vagrantfile", render::virtualbox()?),
        _ => ("Vagrantfile", render::libvirt(architecture())?),
    });
    Ok(Content { disk, format, texts })
}

/// Writes the box of the disk `raw` for `hypervisor` to `target`.
pub fn write(
    (image, info): (&str, &Info),
    hypervisor: Hypervisor,
    raw: &Path,
    temporary: &Path,
    target: &Path,
) -> Result<()> {
    let Content {
        disk,
        format,
        mut texts,
    } = content(hypervisor, info)?;
    let converted = temporary.join(disk);
    let mut argv = ["qemu-img", "convert", "-f", "raw", "-O"]
        .map(str::to_owned)
        .to_vec();
    argv.extend(format.iter().map(|word| (*word).to_owned()));
    argv.extend([raw.display().to_string(), converted.display().to_string()]);
    program::run_beside(&argv, temporary)?;
    let size = converted.metadata().map_err(failed(&converted))?.len();
    if hypervisor == Hypervisor::Virtualbox {
        settle_number(&converted).map_err(failed(&converted))?;
        let name = format!("lab-{image}");
        texts.push(("box.ovf", render::ovf(&name, architecture(), disk, (size, SIZE))?));
    }
    let partial = target.with_extension("partial");
    let pack = || -> io::Result<()> {
        // What is in it is compressed already.
        let zipped = flate2::write::GzEncoder::new(File::create(&partial)?, flate2::Compression::fast());
        let mut tar = tar::Builder::new(zipped);
        for (name, text) in &texts {
            append(&mut tar, name, text.len() as u64, text.as_bytes())?;
        }
        append(&mut tar, disk, size, File::open(&converted)?)?;
        tar.into_inner()?.finish()?.sync_all()?;
        fs::rename(&partial, target)?;
        fs::remove_file(&converted)
    };
    pack().map_err(|error| {
        let _ = fs::remove_file(&partial);
        Error::new(format!("cannot write {}", target.display())).because(error)
    })
}

/// Gives a VMDK a number that is the same each time, in place of the random one in its description. The header says where that
/// is, in sectors.
fn settle_number(path: &Path) -> io::Result<()> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let mut head = [0; 44];
    file.read_exact(&mut head)?;
    let sectors = |at: usize| {
        head[at..at + 8]
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let (begin, length) = (512 * sectors(28), 512 * sectors(36));
    if &head[..4] != b"KDMV" || length == 0 || length > LONGEST {
        return Err(io::Error::other("not a VMDK with a description"));
    }
    let mut area = vec![0; length as usize];
    file.seek(SeekFrom::Start(begin))?;
    file.read_exact(&mut area)?;
    let mut settled = with_number(&area).into_bytes();
    settled.resize(area.len(), 0);
    file.seek(SeekFrom::Start(begin))?;
    file.write_all(&settled)
}

/// The description in `area`, with our number.
fn with_number(area: &[u8]) -> String {
    let text = String::from_utf8_lossy(area);
    let lines = text.trim_end_matches('\0').lines();
    let line = |line: &str| match line.strip_prefix("CID=") {
        Some(_) => "CID=6c616201\n".to_owned(),
        None => format!("{line}\n"),
    };
    lines.map(line).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// A file that begins as a VMDK does: its description in the second sector.
    fn settled(number: &str) -> Vec<u8> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x.vmdk");
        let mut bytes = vec![0; 2048];
        bytes[..4].copy_from_slice(b"KDMV");
        bytes[28] = 1;
        bytes[36] = 2;
        let text = format!("# Disk\nversion=1\nCID={number}\nparentCID=ffffffff\n");
        bytes[512..512 + text.len()].copy_from_slice(text.as_bytes());
        bytes[1536] = 9;
        fs::write(&path, bytes).unwrap();
        settle_number(&path).unwrap();
        fs::read(path).unwrap()
    }

    #[test]
    fn a_vmdk_is_the_same_whatever_number_it_was_given() {
        let long = settled("89abcdef");
        assert_eq!(long, settled("abcdef"));
        assert!(long[512..].starts_with(b"# Disk\nversion=1\nCID=6c616201\nparentCID=ffffffff\n\0"));
        assert_eq!(long[1536], 9);
    }

    #[test]
    fn a_box_says_whose_machines_it_is_for() {
        for architecture in ["amd64", "arm64"] {
            for hypervisor in [Hypervisor::Libvirt, Hypervisor::Virtualbox] {
                let metadata = metadata(hypervisor, architecture);
                assert_eq!(metadata["provider"], hypervisor.name());
                assert_eq!(metadata["architecture"], architecture);
            }
        }
        assert_eq!(metadata(Hypervisor::Libvirt, "arm64")["virtual_size"], 20);
    }

    #[test]
    fn what_is_no_vmdk_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x");
        fs::write(&path, [0; 1024]).unwrap();
        assert!(settle_number(&path).is_err());
    }
}
