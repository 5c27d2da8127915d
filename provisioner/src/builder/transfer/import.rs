//! Reads a bundle from a file that may be damaged or hostile, verifies all of it, then puts it in the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use super::{FORMAT, MANIFEST, Manifest};
use crate::builder::architecture;
use crate::builder::cache::{Cache, Record};
use crate::builder::counting::Counting;
use crate::builder::tree::Hashing;
use crate::error::{Error, Result};
use crate::event::Work;
use crate::text;

/// No manifest is larger than this, in bytes.
const MANIFEST_MOST: u64 = 16 << 20;
/// No bundle is larger than this, in bytes.
const MOST: u64 = 64 << 30;

/// Why a bundle is not taken.
enum Refusal {
    /// It is not as it was exported, or never was.
    Bundle(String),
    /// The cache cannot take it.
    Cache(Error),
    /// Its programs run on this architecture, which is not this machine's.
    Foreign(String),
}

type Taken<T> = std::result::Result<T, Refusal>;

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Cache(error)
    }
}

fn refused(why: impl Into<String>) -> Refusal {
    Refusal::Bundle(why.into())
}

fn broken(error: io::Error) -> Refusal {
    refused(error.to_string())
}

fn unwritable(error: io::Error) -> Refusal {
    Refusal::Cache(Error::new(text!("캐시에 쓸 수 없음", "cannot write the cache")).because(error))
}

/// Reads a bundle from `source` into the cache. Returns the names of its artifacts.
pub fn import(cache: &Cache, source: &Path, work: &Work) -> Result<Vec<String>> {
    let unreadable = |error: io::Error| {
        Error::usage(text!("{}을(를) 읽을 수 없음", "cannot read {}", source.display())).because(error)
    };
    let file = fs::File::open(source).map_err(unreadable)?;
    let total = file.metadata().map_err(unreadable)?.len();
    let file = Counting::new(file, |done| work.progress(done, Some(total), true));
    take(cache, file).map_err(|refusal| match refusal {
        Refusal::Cache(error) => error,
        Refusal::Foreign(other) => foreign(source, &other),
        Refusal::Bundle(why) => Error::new(text!(
            "{}: 손상되었거나 번들이 아님",
            "{} is damaged, or not a bundle",
            source.display()
        ))
        .cause(why)
        .hint(text!(
            "캐시는 그대로입니다. 파일을 다시 복사하세요",
            "the cache is as it was; copy the file again"
        )),
    })
}

fn foreign(source: &Path, other: &str) -> Error {
    let own = architecture();
    Error::usage(text!(
        "{}: {other}용 번들인데 이 컴퓨터는 {own}",
        "{} is a bundle for {other}, and this machine is {own}",
        source.display()
    ))
    .hint(text!(
        "{own} 컴퓨터에서 `lab bundle export FILE`로 만든 것을 쓰거나, 여기서 `lab bundle build`",
        "take one that `lab bundle export FILE` wrote on a machine that is {own}, or `lab bundle build` here"
    ))
}

fn take(cache: &Cache, file: impl Read) -> Taken<Vec<String>> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).map_err(broken)?);
    let mut entries = archive.entries().map_err(broken)?;
    let first = entries
        .next()
        .ok_or_else(|| refused("it is empty"))?
        .map_err(broken)?;
    let manifest = read_manifest(first)?;
    let temporary = cache.temporary()?;
    let mut left = manifest.files.clone();
    let mut there: BTreeMap<String, String> = BTreeMap::new();
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
        if unpack(entry, &temporary.path().join(&path), size)? != sha256 {
            return Err(refused(format!("{path}: digest differs")));
        }
        there.insert(sha256, path);
    }
    for (path, (sha256, _)) in &left {
        let same = there
            .get(sha256)
            .ok_or_else(|| refused(format!("{path}: missing")))?;
        share(&temporary.path().join(same), &temporary.path().join(path)).map_err(unwritable)?;
    }
    place(cache, temporary.path(), &manifest)
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

fn read_manifest(entry: tar::Entry<'_, impl Read>) -> Taken<Manifest> {
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
    if let Some(other) = manifest
        .architecture
        .as_ref()
        .filter(|other| *other != architecture())
    {
        return Err(Refusal::Foreign(other.clone()));
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

fn make_room(target: &Path) -> io::Result<()> {
    target.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Writes a file of `size` bytes; returns its digest.
fn unpack(entry: impl Read, target: &Path, size: u64) -> Taken<String> {
    make_room(target).map_err(unwritable)?;
    let mut file = Hashing::new(fs::File::create_new(target).map_err(unwritable)?);
    let mut entry = entry.take(size);
    let mut buffer = vec![0; 1 << 18];
    loop {
        match entry.read(&mut buffer).map_err(broken)? {
            0 => return Ok(file.finish().1),
            count => file.write_all(&buffer[..count]).map_err(unwritable)?,
        }
    }
}

/// The same file under another path.
fn share(from: &Path, target: &Path) -> io::Result<()> {
    make_room(target)?;
    fs::hard_link(from, target).or_else(|_| fs::copy(from, target).map(drop))
}

fn place(cache: &Cache, from: &Path, manifest: &Manifest) -> Taken<Vec<String>> {
    let keys: BTreeSet<&str> = manifest
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::event::Sink;

    fn imported(architecture: Option<&str>) -> Result<Vec<String>> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("lab.bundle");
        let mut tar = tar::Builder::new(zstd::Encoder::new(fs::File::create(&file).unwrap(), 1).unwrap());
        let mut manifest = serde_json::json!({"format": FORMAT, "files": {}, "refs": {}});
        if let Some(architecture) = architecture {
            manifest["architecture"] = architecture.into();
        }
        let bytes = manifest.to_string();
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, MANIFEST, bytes.as_bytes()).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
        let cache = Cache::open(&directory.path().join("cache")).unwrap();
        import(
            &cache,
            &file,
            &Sink::default().work(None, "import", text!("가져오기", "import")),
        )
    }

    #[test]
    fn a_bundle_for_another_architecture_is_named_and_not_taken() {
        imported(None).unwrap();
        imported(Some(architecture())).unwrap();
        let error = imported(Some("s390x")).unwrap_err();
        assert!(error.what().en.contains("for s390x"), "{error}");
        assert!(error.advice().unwrap().en.contains("lab bundle build"));
    }
}
