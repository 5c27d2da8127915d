//! The node image as an archive: packages and files taken out of it for machines that were not made from it. Nothing is
//! unpacked, so owners and modes stay right whoever runs this.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::local::packages::{self, Lacking};
use crate::error::{Error, Result};

/// Where dpkg keeps what it knows.
const DPKG: &str = "var/lib/dpkg";

/// Writes `packages` and all they need that is not among `have` as `.deb` files into a directory; their paths.
pub fn packages(image: &Path, packages: &[String], have: &[String], into: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error: io::Error| Error::new(format!("cannot read {}", image.display())).because(error);
    let known = tempfile::tempdir_in(into).map_err(failed)?;
    dpkg(image, known.path()).map_err(failed)?;
    let lacking = packages::lacking(known.path(), packages, have)?;
    let data = data(image, known.path(), &lacking, into).map_err(failed)?;
    let one = |(lacking, data): (&Lacking, File)| {
        let path = into.join(format!("{}.deb", lacking.name));
        let named = (lacking.name.as_str(), lacking.stanza.as_str());
        packages::put_together(known.path(), named, data, &path)
            .map(|()| path)
            .map_err(failed)
    };
    lacking.iter().zip(data).map(one).collect()
}

/// The bytes of one file.
pub fn file(image: &Path, wanted: &str) -> Result<Vec<u8>> {
    let failed = |error: io::Error| Error::new(format!("cannot read {}", image.display())).because(error);
    let mut found = None;
    each(image, |path, entry| {
        if path == Path::new(wanted) && entry.header().entry_type().is_file() {
            let mut bytes = vec![];
            io::Read::read_to_end(entry, &mut bytes)?;
            found = Some(bytes);
        }
        Ok(())
    })
    .map_err(failed)?;
    found.ok_or_else(|| Error::new(format!("the node image has no file /{wanted}")))
}

type Entry<'a> = tar::Entry<'a, zstd::Decoder<'static, io::BufReader<File>>>;

fn each(image: &Path, mut see: impl FnMut(&Path, &mut Entry<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(File::open(image)?)?);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.components().collect::<PathBuf>();
        see(path.strip_prefix(".").unwrap_or(&path), &mut entry)?;
    }
    Ok(())
}

/// What dpkg knows of the image, in a directory.
fn dpkg(image: &Path, into: &Path) -> io::Result<()> {
    std::fs::create_dir_all(into.join(DPKG).join("info"))?;
    each(image, |path, entry| {
        let status = path == Path::new(DPKG).join("status");
        let info = path.parent() == Some(&Path::new(DPKG).join("info"));
        if (status || info) && entry.header().entry_type().is_file() {
            io::copy(entry, &mut File::create(into.join(path))?)?;
        }
        Ok(())
    })
}

/// The files of each package, as archives.
fn data(image: &Path, known: &Path, lacking: &[Lacking], into: &Path) -> io::Result<Vec<File>> {
    let mut owners: HashMap<PathBuf, Vec<usize>> = HashMap::new();
    let mut archives = vec![];
    for (index, Lacking { name, stanza }) in lacking.iter().enumerate() {
        for line in packages::list(known, name, stanza)?.lines() {
            owners.entry(merged(line)).or_default().push(index);
        }
        archives.push(tar::Builder::new(tempfile::tempfile_in(into)?));
    }
    each(image, |path, entry| {
        let kind = entry.header().entry_type();
        let Some(indices) = owners.get(path) else {
            return Ok(());
        };
        // A file belongs to one package, a directory to many.
        for index in indices.iter().take(if kind.is_dir() { usize::MAX } else { 1 }) {
            let Some(archive) = archives.get_mut(*index) else {
                continue;
            };
            let mut header = entry.header().clone();
            match entry.link_name()? {
                Some(target) if kind.is_symlink() || kind.is_hard_link() => {
                    archive.append_link(&mut header, path, target)?;
                }
                _ => archive.append_data(&mut header, path, &mut *entry)?,
            }
        }
        Ok(())
    })?;
    archives.into_iter().map(tar::Builder::into_inner).collect()
}

/// A path of dpkg's list as the image has it: what is in /bin, /lib and /sbin is in /usr.
fn merged(line: &str) -> PathBuf {
    let inside = line.trim_start_matches('/');
    let first = inside.split('/').next().unwrap_or_default();
    match first {
        "bin" | "lib" | "lib64" | "sbin" if first != inside => Path::new("usr").join(inside),
        _ => PathBuf::from(inside),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn image(directory: &Path) -> PathBuf {
        let path = directory.join("image.tar.zst");
        let mut tar = tar::Builder::new(zstd::Encoder::new(File::create(&path).unwrap(), 1).unwrap());
        let mut put = |path: &str, text: &str| {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o755);
            header.set_uid(7);
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        };
        put("usr/bin/tool", "the tool");
        put("usr/lib/tool/part", "its part");
        put(
            "var/lib/dpkg/status",
            "Package: tool\nArchitecture: all\nVersion: 1\nStatus: install ok installed\n",
        );
        put(
            "var/lib/dpkg/info/tool.list",
            "/.\n/usr\n/usr/bin\n/usr/bin/tool\n/lib/tool/part\n",
        );
        put("var/lib/dpkg/info/tool.md5sums", "0  usr/bin/tool\n");
        tar.into_inner().unwrap().finish().unwrap();
        path
    }

    #[test]
    fn a_package_is_made_from_the_archive_alone() {
        let directory = tempfile::tempdir().unwrap();
        let image = image(directory.path());
        let made = packages(&image, &["tool".into()], &[], directory.path()).unwrap();
        assert_eq!(made, [directory.path().join("tool.deb")]);
        let said = String::from_utf8_lossy(&std::fs::read(&made[0]).unwrap()).into_owned();
        for there in [
            "control.tar",
            "the tool",
            "its part",
            "usr/lib/tool/part",
            "md5sums",
            "0000007",
        ] {
            assert!(said.contains(there), "no {there}");
        }
        assert_eq!(file(&image, "usr/bin/tool").unwrap(), b"the tool");
        assert!(file(&image, "usr/bin/none").is_err());
        let error = packages(&image, &["none".into()], &[], directory.path()).unwrap_err();
        assert!(error.to_string().contains("none"));
    }
}
