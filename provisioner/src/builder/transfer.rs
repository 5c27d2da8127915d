//! Carries a bundle from one machine to another as one file. Nothing is replaced before everything is verified.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cache::{Cache, Held, Record, inventory};
use super::tree::Hashing;
use crate::error::{Error, Result};
use crate::text;

/// The first file of an export: all others, by path, with digest (hex) and size; and what leads to which artifact.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    files: BTreeMap<String, (String, u64)>,
    refs: BTreeMap<String, String>,
}

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// No manifest is larger than this, in bytes.
const MANIFEST_MOST: u64 = 16 << 20;
/// No bundle is larger than this, in bytes.
const MOST: u64 = 64 << 30;

/// Writes the artifacts of `all` to `target`.
pub fn export(cache: &Cache, all: &[Held], target: &Path) -> Result<()> {
    let failed = |error: io::Error| {
        Error::new(text!("{}에 쓸 수 없음", "cannot write {}", target.display())).because(error)
    };
    let mut manifest = Manifest {
        format: FORMAT,
        files: BTreeMap::new(),
        refs: BTreeMap::new(),
    };
    for held in all {
        let mut names: Vec<String> = held.record.files.keys().cloned().collect();
        names.push("artifact.json".into());
        for (name, about) in inventory(&held.directory, &names)?.0 {
            manifest.files.insert(format!("{}/{name}", held.key), about);
        }
    }
    for entry in fs::read_dir(cache.part("refs")).map_err(failed)?.flatten() {
        let key = fs::read_to_string(entry.path()).map_err(failed)?;
        if all.iter().any(|held| held.key == key) {
            manifest
                .refs
                .insert(entry.file_name().to_string_lossy().into_owned(), key);
        }
    }
    let temporary = target.with_extension("partial");
    let write = || -> io::Result<()> {
        let mut tar = tar::Builder::new(zstd::Encoder::new(fs::File::create(&temporary)?, 1)?);
        let bytes = serde_json::to_vec(&manifest)?;
        super::image::append(&mut tar, MANIFEST, bytes.len() as u64, bytes.as_slice())?;
        for (path, (_, size)) in &manifest.files {
            super::image::append(
                &mut tar,
                path,
                *size,
                fs::File::open(cache.part("artifacts").join(path))?,
            )?;
        }
        tar.into_inner()?.finish()?.sync_all()?;
        fs::rename(&temporary, target)
    };
    write().map_err(failed)
}

fn refused(why: impl Into<String>) -> Error {
    Error::new(text!(
        "번들 파일이 손상되었거나 번들이 아님",
        "the file is damaged or not a bundle"
    ))
    .cause(why)
    .hint(text!(
        "기존 캐시는 그대로입니다. 파일을 다시 복사하세요",
        "the cache is as it was; copy the file again"
    ))
}

fn hex64(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `<key>/<relative path>` with nothing that leaves the directory.
fn sound(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.next().is_some_and(hex64)
        && path.contains('/')
        && parts.all(|part| !["", ".", ".."].contains(&part))
}

/// Reads a bundle from `source` into the cache. Returns the names of its artifacts.
pub fn import(cache: &Cache, source: &Path) -> Result<Vec<String>> {
    let file = fs::File::open(source)
        .map_err(|error| Error::usage(format!("cannot read {}", source.display())).because(error))?;
    let broken = |error: io::Error| refused(error.to_string());
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).map_err(broken)?);
    let mut entries = archive.entries().map_err(broken)?;
    let first = entries
        .next()
        .ok_or_else(|| refused("it is empty"))?
        .map_err(broken)?;
    let manifest = read_manifest(first)?;
    let temporary = cache.temporary()?;
    let mut left = manifest.files.clone();
    for entry in entries {
        let entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        if !entry.header().entry_type().is_file() {
            return Err(refused(format!("{path}: not a plain file")));
        }
        let (sha256, size) = left
            .remove(&path)
            .ok_or_else(|| refused(format!("{path}: not in its manifest, or there twice")))?;
        if entry.size() != size {
            return Err(refused(format!("{path}: {} bytes, not {size}", entry.size())));
        }
        let found = unpack(entry, &temporary.path().join(&path), size).map_err(broken)?;
        if found != sha256 {
            return Err(refused(format!("{path}: digest differs")));
        }
    }
    if let Some(path) = left.keys().next() {
        return Err(refused(format!("{path}: missing")));
    }
    place(cache, temporary.path(), &manifest)
}

fn read_manifest(entry: tar::Entry<'_, impl Read>) -> Result<Manifest> {
    let broken = |error: io::Error| refused(error.to_string());
    if entry.path().map_err(broken)?.to_string_lossy() != MANIFEST || entry.size() > MANIFEST_MOST {
        return Err(refused("it does not begin with a manifest"));
    }
    let mut bytes = Vec::new();
    entry
        .take(MANIFEST_MOST)
        .read_to_end(&mut bytes)
        .map_err(broken)?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| refused(format!("manifest: {error}")))?;
    if manifest.format != FORMAT {
        return Err(refused(format!("format {}, not {FORMAT}", manifest.format)));
    }
    if let Some(path) = manifest.files.keys().find(|path| !sound(path)) {
        return Err(refused(format!("{path}: not a path inside the bundle")));
    }
    if manifest
        .refs
        .iter()
        .any(|(lookup, key)| !hex64(lookup) || !hex64(key))
    {
        return Err(refused("a reference is not a digest"));
    }
    let size = manifest
        .files
        .values()
        .try_fold(0u64, |sum, (_, size)| sum.checked_add(*size));
    if size.is_none_or(|size| size > MOST) {
        return Err(refused("larger than any bundle"));
    }
    Ok(manifest)
}

fn unpack(entry: impl Read, target: &Path, size: u64) -> io::Result<String> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = Hashing::new(fs::File::create_new(target)?);
    io::copy(&mut entry.take(size), &mut file)?;
    file.flush()?;
    Ok(file.finish().1)
}

fn place(cache: &Cache, from: &Path, manifest: &Manifest) -> Result<Vec<String>> {
    let keys: std::collections::BTreeSet<&str> = manifest
        .files
        .keys()
        .filter_map(|path| path.split('/').next())
        .collect();
    let mut records: Vec<(&str, Record)> = Vec::new();
    for key in keys {
        let bytes = fs::read(from.join(key).join("artifact.json"))
            .map_err(|error| refused(format!("{key}: {error}")))?;
        let record: Record =
            serde_json::from_slice(&bytes).map_err(|error| refused(format!("{key}: {error}")))?;
        let same = |(file, about): (&String, &(String, u64))| {
            manifest.files.get(&format!("{key}/{file}")) == Some(about)
        };
        if !record.files.iter().all(same) {
            return Err(refused(format!(
                "{}: its record and the manifest differ",
                record.name
            )));
        }
        records.push((key, record));
    }
    if let Some((_, key)) = manifest
        .refs
        .iter()
        .find(|(_, key)| !records.iter().any(|(held, _)| held == key))
    {
        return Err(refused(format!("{key}: referred to, but missing")));
    }
    for (key, record) in &records {
        cache.store(&from.join(key), record, key, &[])?;
    }
    for (lookup, key) in &manifest.refs {
        cache.refer(lookup, key)?;
    }
    Ok(records.into_iter().map(|(_, record)| record.name).collect())
}
