//! The file itself: a tar of texts, compressed, for its owner's eyes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::text;

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// `.tar.zst`
    Zstd,
    /// `.tar.gz`
    Gzip,
}

impl Packing {
    /// As the name of the file says.
    pub fn of(file: &Path) -> Result<Self> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        match name.as_ref() {
            name if name.ends_with(".tar.zst") => Ok(Self::Zstd),
            name if name.ends_with(".tar.gz") || name.ends_with(".tgz") => Ok(Self::Gzip),
            _ => Err(Error::usage(text!(
                "{}: 이름이 .tar.zst나 .tar.gz로 끝나야 함",
                "{}: its name has to end with .tar.zst or .tar.gz",
                file.display()
            ))),
        }
    }
}

/// Writes texts by name, whole or not at all. A file that is there stays as it is. Temporary files have mode 0600.
pub(super) fn write(file: &Path, packing: Packing, texts: &BTreeMap<String, String>) -> Result<()> {
    let failed = |error: io::Error| {
        let shown = file.display();
        let what = text!("{shown}을(를) 쓸 수 없음", "cannot write {shown}");
        Error::usage(what).because(error)
    };
    let directory = file.parent().filter(|parent| *parent != Path::new(""));
    let mut fresh = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map_err(failed)?;
    pack(&mut fresh, packing, file, texts).map_err(failed)?;
    fresh
        .persist_noclobber(file)
        .map(drop)
        .map_err(|error| failed(error.error))
}

fn pack(into: impl Write, packing: Packing, file: &Path, texts: &BTreeMap<String, String>) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let top = name.split(".t").next().unwrap_or("lab-support");
    match packing {
        Packing::Zstd => {
            let mut encoder = zstd::Encoder::new(into, 9)?;
            tar(&mut encoder, top, texts)?;
            encoder.finish().map(drop)
        }
        Packing::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(into, flate2::Compression::default());
            tar(&mut encoder, top, texts)?;
            encoder.finish().map(drop)
        }
    }
}

fn tar(into: impl Write, top: &str, texts: &BTreeMap<String, String>) -> io::Result<()> {
    let mut tar = tar::Builder::new(into);
    for (name, text) in texts {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(0);
        tar.append_data(&mut header, format!("{top}/{name}"), text.as_bytes())?;
    }
    tar.finish()
}
