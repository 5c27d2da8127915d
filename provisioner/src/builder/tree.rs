//! Root file systems on disk: reads them, changes them as recipes say, packs them the same way every time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::counting::Counting;
use crate::bundle::diff::Tree;
use crate::bundle::recipe::Recipe;
use crate::error::{Error, Result};

/// The time of every file in every artifact, in seconds.
pub const EPOCH: &str = "1735689600";

/// The same, as documents write it.
pub const CREATED: &str = "2025-01-01T00:00:00Z";

/// How an archive is compressed.
#[derive(Clone, Copy, Debug)]
pub enum Compression {
    /// As Docker likes layers.
    Gzip,
    /// Fast.
    Zstd,
}

/// An archive that was written.
#[derive(Clone, Debug)]
pub struct Packed {
    /// Of the compressed file, hex.
    pub sha256: String,
    /// Bytes of the compressed file.
    pub size: u64,
    /// SHA-256 of the tar in it, hex.
    pub diff_id: String,
}

/// Counts and hashes what passes.
#[derive(Debug)]
pub struct Hashing<W> {
    inner: W,
    sha: Sha256,
    /// Bytes so far.
    pub size: u64,
}

impl<W> Hashing<W> {
    /// Around `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            sha: Sha256::new(),
            size: 0,
        }
    }

    /// What is inside, and the digest in hex.
    pub fn finish(self) -> (W, String) {
        (self.inner, hex::encode(self.sha.finalize()))
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.sha.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Digest in hex and size of a file.
pub fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut hashing = Hashing::new(io::sink());
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hashing.write_all(&buffer[..count])?,
        }
    }
    let size = hashing.size;
    Ok((hashing.finish().1, size))
}

/// Reads a tree without what is in /dev, /proc, /sys, /run and /tmp.
pub fn scan(root: &Path) -> Result<Tree> {
    let mut tree = BTreeMap::new();
    walk(root, "", &mut tree)
        .map_err(|error| Error::new(format!("cannot read {}", root.display())).because(error))?;
    Ok(tree)
}

fn walk(root: &Path, below: &str, tree: &mut Tree) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| io::Error::other("a file name is not UTF-8"))?;
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        let metadata = entry.path().symlink_metadata()?;
        let owner = format!("{:o} {}:{}", metadata.mode(), metadata.uid(), metadata.gid());
        let about = if metadata.is_dir() {
            format!("directory {owner}")
        } else if metadata.is_symlink() {
            format!("link {}", fs::read_link(entry.path())?.display())
        } else if metadata.is_file() {
            format!("file {owner} {}", digest(&entry.path())?.0)
        } else {
            format!("special {owner}")
        };
        tree.insert(path.clone(), about);
        if metadata.is_dir() && !["dev", "proc", "sys", "run", "tmp"].contains(&path.as_str()) {
            walk(root, &path, tree)?;
        }
    }
    Ok(())
}

/// The file `absolute` of `root`. A parent that is a link is followed inside the root; links out of it are refused.
pub fn inside(root: &Path, absolute: &str) -> io::Result<PathBuf> {
    let path = root.join(absolute.trim_start_matches('/'));
    let parent = path.parent().unwrap_or(root);
    fs::create_dir_all(parent)?;
    if parent.canonicalize()?.starts_with(root.canonicalize()?) {
        Ok(path)
    } else {
        Err(io::Error::other("leaves the root"))
    }
}

/// Removes what `paths` name; `name` is whose tree it is.
pub fn strip(root: &Path, name: &str, paths: &[String]) -> Result<()> {
    for path in paths {
        let failed = |error| Error::new(format!("{name}: cannot change {path}")).because(error);
        remove(root, path).map_err(failed)?;
    }
    Ok(())
}

/// Removes, writes and links what the recipe says.
pub fn furnish(root: &Path, recipe: &Recipe) -> Result<()> {
    let failed = |path: &str| {
        let what = format!("{}: cannot change {path}", recipe.name);
        move |error: io::Error| Error::new(what).because(error)
    };
    strip(root, &recipe.name, &recipe.remove)?;
    for (path, file) in &recipe.files {
        let write = || {
            let target = inside(root, path)?;
            clear(&target)?;
            fs::write(&target, &file.content)?;
            fs::set_permissions(&target, fs::Permissions::from_mode(file.mode))
        };
        write().map_err(failed(path))?;
    }
    for (path, to) in &recipe.links {
        let link = || {
            let target = inside(root, path)?;
            clear(&target)?;
            symlink(to, &target)
        };
        link().map_err(failed(path))?;
    }
    Ok(())
}

/// Removes a file, a link or a directory with all in it; that nothing is there is fine.
pub(super) fn clear(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove(root: &Path, pattern: &str) -> io::Result<()> {
    let (parent, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let (head, tail) = last.split_once('*').unwrap_or((last, ""));
    let directory = root.join(parent.trim_start_matches('/'));
    if !directory.is_dir() || !directory.canonicalize()?.starts_with(root.canonicalize()?) {
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let matches = if last.contains('*') {
            name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
        } else {
            name == last
        };
        if matches {
            clear(&entry.path())?;
        }
    }
    Ok(())
}

/// Packs `paths` of `root`, sorted, with one time for all: the same tree gives the same bytes.
/// `on_percent` hears how far it is, in hundredths.
pub fn pack(
    root: &Path,
    paths: &[String],
    target: &Path,
    compression: Compression,
    mut on_percent: impl FnMut(u64),
) -> Result<Packed> {
    let failed = |error: io::Error| Error::new(format!("cannot write {}", target.display())).because(error);
    let list = target.with_extension("list");
    let mut sorted: Vec<&String> = paths.iter().collect();
    sorted.sort();
    let names: Vec<u8> = sorted.iter().flat_map(|path| path.bytes().chain([0])).collect();
    fs::write(&list, names).map_err(failed)?;
    let mtime = format!("--mtime=@{EPOCH}");
    let words = [
        "--format=pax",
        "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
        "--numeric-owner",
    ];
    let mut child = Command::new("tar")
        .args(words)
        .args([
            &mtime,
            "--xattrs",
            "--xattrs-include=security.capability",
            "--no-recursion",
            "--null",
            "--verbatim-files-from",
        ])
        .args(["-cf", "-", "-C"])
        .arg(root)
        .arg("-T")
        .arg(&list)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let size = |path: &String| root.join(path).symlink_metadata().map_or(0, |file| file.len());
    let total = paths.iter().map(size).sum::<u64>().max(1);
    let stdout = child.stdout.take();
    let stdout = stdout.ok_or_else(|| Error::new("tar has no output"))?;
    let mut stdout = Counting::new(stdout, |done| on_percent((100 * done / total).min(100)));
    let written = compress(&mut stdout, target, compression).map_err(failed);
    drop(stdout);
    let status = child.wait().map_err(failed)?;
    fs::remove_file(&list).map_err(failed)?;
    if status.success() {
        written
    } else {
        Err(Error::new(format!("tar of {} failed", root.display())).cause(status.to_string()))
    }
}

fn compress(tar: &mut impl Read, target: &Path, compression: Compression) -> io::Result<Packed> {
    let file = Hashing::new(fs::File::create(target)?);
    let (file, diff_id) = match compression {
        Compression::Gzip => {
            let mut tee = Hashing::new(flate2::write::GzEncoder::new(file, flate2::Compression::new(6)));
            io::copy(tar, &mut tee)?;
            let (encoder, diff_id) = tee.finish();
            (encoder.finish()?, diff_id)
        }
        Compression::Zstd => {
            let mut tee = Hashing::new(zstd::Encoder::new(file, 1)?);
            io::copy(tar, &mut tee)?;
            let (encoder, diff_id) = tee.finish();
            (encoder.finish()?, diff_id)
        }
    };
    let size = file.size;
    Ok(Packed {
        sha256: file.finish().1,
        size,
        diff_id,
    })
}
