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

/// Where the number of a VMDK is looked for, which is another each time one is made.
const DESCRIPTION: usize = 64 << 10;

/// A disk in the form of a hypervisor, and the texts around it.
struct Content {
    disk: &'static str,
    format: &'static [&'static str],
    texts: Vec<(&'static str, String)>,
}

/// What a box says of itself: `vagrant box list --box-info` shows it.
pub type Info = Value;

fn content(hypervisor: Hypervisor, info: &Info) -> Result<Content> {
    let architecture = architecture();
    let metadata = match hypervisor {
        Hypervisor::Virtualbox => json!({"provider": "virtualbox", "architecture": architecture}),
        _ => json!({
            "provider": "libvirt", "format": "qcow2", "virtual_size": SIZE >> 30, "architecture": architecture,
        }),
    };
    let mut texts = vec![
        ("metadata.json", metadata.to_string()),
        ("info.json", info.to_string()),
    ];
    let (disk, format): (_, &[_]) = match hypervisor {
        Hypervisor::Virtualbox => ("box.vmdk", &["vmdk", "-o", "subformat=streamOptimized"]),
        _ => ("box.img", &["qcow2", "-c"]),
    };
    texts.push(match hypervisor {
        Hypervisor::Virtualbox => ("Vagrantfile", render::virtualbox()?),
        _ => ("Vagrantfile", render::libvirt()?),
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
        texts.push(("box.ovf", render::ovf(&format!("lab-{image}"), disk, size, SIZE)?));
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

/// Gives a VMDK a number that is the same each time, in place of the random one.
fn settle_number(path: &Path) -> io::Result<()> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let mut head = vec![0; DESCRIPTION];
    file.read_exact(&mut head)?;
    let name = b"\nCID=";
    let at = head.windows(name.len()).position(|window| window == name);
    let at = at.ok_or_else(|| io::Error::other("a VMDK without a number"))? + name.len();
    file.seek(SeekFrom::Start(at as u64))?;
    file.write_all(b"6c616201")
}
