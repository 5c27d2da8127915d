//! The cache of artifacts: one directory each, named by what it was made of, complete and verified or not there.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tree;
use crate::bundle::Artifact;
use crate::bundle::layout::sha256;
use crate::bundle::lock::Entry;
use crate::error::{Error, Result};
use crate::text;

/// What an artifact's directory says about it, in `artifact.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// What it was made of.
    pub entry: Entry,
    /// Digest (hex) and size of every file, by relative path.
    pub files: BTreeMap<String, (String, u64)>,
    /// An image's manifest, hex.
    #[serde(default)]
    pub manifest: Option<String>,
    /// An image base's uncompressed digest, hex.
    #[serde(default)]
    pub diff_id: Option<String>,
}

/// An artifact of the cache.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its directory.
    pub directory: PathBuf,
    /// Its directory's name.
    pub key: String,
    /// What it is.
    pub record: Record,
}

impl Held {
    /// One of its files.
    pub fn artifact(&self, file: &str) -> Result<Artifact> {
        let (sha256, size) = self
            .record
            .files
            .get(file)
            .ok_or_else(|| Error::new(format!("{}: no {file}", self.record.name)))?;
        Ok(Artifact {
            path: self.directory.join(file),
            sha256: sha256.clone(),
            size: *size,
        })
    }
}

/// The cache; if opened to write, holds its lock while it lives.
#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
    _lock: Option<fs::File>,
}

/// Seconds to wait for another `lab` that builds: Kubernetes on a busy machine takes the better part of an hour.
const LONGEST: u64 = 7200;

/// What an artifact's directory says about it.
pub const RECORD: &str = "artifact.json";

/// Beside a record whose files were left out, where nothing takes them: in a box.
pub const LEFT_OUT: &str = "left-out";

/// The directories of the cache.
pub const PARTS: [&str; 4] = ["artifacts", "refs", "stamps", "tmp"];

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| {
        Error::new(text!(
            "캐시를 쓸 수 없음: {}",
            "cannot use the cache: {}",
            path.display()
        ))
        .because(error)
    }
}

impl Cache {
    /// Opens the cache, waiting for another `lab` that builds, and clears what a killed one left.
    pub fn open(cache: &Path) -> Result<Self> {
        let root = cache.join("bundle");
        for part in PARTS {
            fs::create_dir_all(root.join(part)).map_err(failed(&root))?;
        }
        let lock = fs::File::create(root.join("lock")).map_err(failed(&root))?;
        let since = std::time::Instant::now();
        while let Err(fs::TryLockError::WouldBlock) = lock.try_lock() {
            if since.elapsed().as_secs() > LONGEST {
                return Err(Error::new(text!(
                    "다른 lab이 번들을 만드는 중",
                    "another lab is building the bundle"
                )));
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        for entry in fs::read_dir(root.join("tmp")).map_err(failed(&root))?.flatten() {
            let path = entry.path();
            let gone = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            gone.map_err(failed(&path))?;
        }
        Ok(Self {
            root,
            _lock: Some(lock),
        })
    }

    /// The cache to look things up in, whoever builds meanwhile: artifacts appear whole. It may not be there.
    pub fn peek(cache: &Path) -> Self {
        Self {
            root: cache.join("bundle"),
            _lock: None,
        }
    }

    /// A part of the cache.
    pub fn part(&self, part: &str) -> PathBuf {
        self.root.join(part)
    }

    /// A new directory for work.
    pub fn temporary(&self) -> Result<tempfile::TempDir> {
        let tmp = self.part("tmp");
        tempfile::tempdir_in(&tmp).map_err(failed(&tmp))
    }

    /// The artifact that `lookup` leads to.
    pub fn find(&self, lookup: &str) -> Option<Held> {
        let key = fs::read_to_string(self.part("refs").join(lookup)).ok()?;
        self.held(key.trim())
    }

    /// The artifact `key`.
    pub fn held(&self, key: &str) -> Option<Held> {
        let directory = self.part("artifacts").join(key);
        let record = serde_json::from_slice(&fs::read(directory.join(RECORD)).ok()?).ok()?;
        Some(Held {
            directory,
            key: key.to_owned(),
            record,
        })
    }

    /// Puts a finished directory in its place under `key`, found by each of `lookups`.
    pub fn store(&self, from: &Path, record: &Record, key: &str, lookups: &[String]) -> Result<Held> {
        let directory = self.part("artifacts").join(key);
        let bytes = serde_json::to_vec_pretty(record)
            .map_err(|error| Error::new("cannot write artifact.json").because(error))?;
        fs::write(from.join(RECORD), bytes).map_err(failed(from))?;
        if directory.exists() {
            let old = self.temporary()?;
            fs::rename(&directory, old.path().join("old")).map_err(failed(&directory))?;
        }
        fs::rename(from, &directory).map_err(failed(&directory))?;
        for lookup in lookups {
            self.refer(lookup, key)?;
        }
        Ok(Held {
            directory,
            key: key.to_owned(),
            record: record.clone(),
        })
    }

    /// Lets `lookup` lead to `key`.
    pub fn refer(&self, lookup: &str, key: &str) -> Result<()> {
        let path = self.part("refs").join(lookup);
        let new = self.part("tmp").join(lookup);
        fs::write(&new, key)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(failed(&path))
    }

    /// Everything that leads to one of these artifacts: look-up and key.
    pub fn leading_to(&self, all: &[Held]) -> Result<BTreeMap<String, String>> {
        let refs = self.part("refs");
        let failed = |error: io::Error| Error::new(format!("cannot read {}", refs.display())).because(error);
        let mut leading = BTreeMap::new();
        for entry in fs::read_dir(&refs).map_err(failed)?.flatten() {
            let key = fs::read_to_string(entry.path()).map_err(failed)?;
            if all.iter().any(|held| held.key == key) {
                leading.insert(entry.file_name().to_string_lossy().into_owned(), key);
            }
        }
        Ok(leading)
    }

    /// Names the first file that is not what the record says. A file whose size, time and inode are as when it was last
    /// verified is not read again unless `full`; files that were left out are missed only then.
    pub fn damage(&self, held: &Held, full: bool) -> Option<String> {
        if !full && held.directory.join(LEFT_OUT).exists() {
            return None;
        }
        let stamp = self.part("stamps").join(&held.key);
        let now = state(held).ok();
        if !full && now.is_some() && fs::read_to_string(&stamp).ok() == now {
            return None;
        }
        let damage = differing(held);
        // Damage that kept size, time and inode must be found again by whoever looks next.
        let _ = match &damage {
            None => fs::write(&stamp, now.unwrap_or_default()),
            Some(_) => fs::remove_file(&stamp),
        };
        damage
    }
}

fn differing(held: &Held) -> Option<String> {
    if over(&held.record.files) != held.record.entry.sha256 {
        return Some("artifact.json: digests differ".into());
    }
    let differs =
        |(file, (expected, _)): (&String, &(String, u64))| match tree::digest(&held.directory.join(file)) {
            Ok((found, _)) if found == *expected => None,
            Ok(_) => Some(format!("{file}: digest differs")),
            Err(error) => Some(format!("{file}: {error}")),
        };
    held.record.files.iter().find_map(differs)
}

/// The digest over all files, in hex.
fn over(files: &Files) -> String {
    let lines: String = files
        .iter()
        .map(|(file, (sha, _))| format!("{sha}  {file}\n"))
        .collect();
    sha256(lines.as_bytes())
}

fn state(held: &Held) -> io::Result<String> {
    let mut all = sha256(&serde_json::to_vec(&held.record)?);
    for file in held.record.files.keys() {
        let metadata = held.directory.join(file).symlink_metadata()?;
        all += &format!(
            "\n{file} {} {} {} {}",
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ino()
        );
    }
    Ok(all)
}

/// Digest (hex) and size of files, by relative path.
pub type Files = BTreeMap<String, (String, u64)>;

/// Digest and size of every file in `directory`, and over all.
pub fn inventory(directory: &Path, files: &[String]) -> Result<(Files, String, u64)> {
    let mut all = BTreeMap::new();
    for file in files {
        let path = directory.join(file);
        all.insert(file.clone(), tree::digest(&path).map_err(failed(&path))?);
    }
    let size = all.values().map(|(_, size)| size).sum();
    let sha256 = over(&all);
    Ok((all, sha256, size))
}
