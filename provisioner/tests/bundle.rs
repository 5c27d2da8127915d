//! The bundle's cache and its files on real disks: damage is found, hostile imports are refused, trees pack the same twice.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lab::builder::cache::{Cache, Held, Record, inventory};
use lab::builder::transfer::{export, import};
use lab::builder::tree::{Compression, pack, scan};
use lab::bundle::lock::Entry;
use lab::event::{Sink, Work};

const KEY: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const LOOKUP: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn work() -> Work {
    Sink::default().work(None, "test", "test".into())
}

fn cache_with_artifact(directory: &Path) -> (Cache, Held) {
    let cache = Cache::open(directory).unwrap();
    let out = cache.temporary().unwrap();
    fs::create_dir(out.path().join("out")).unwrap();
    let out = out.path().join("out");
    fs::write(out.join("layer"), vec![7u8; 100_000]).unwrap();
    let (files, sha256, size) = inventory(&out, &["layer".into()]).unwrap();
    let entry = Entry {
        source: "test".into(),
        packages: BTreeMap::new(),
        sha256,
        size,
    };
    let record = Record {
        name: "x:1".into(),
        entry,
        files,
        manifest: None,
        diff_id: None,
    };
    let held = cache.store(&out, &record, KEY, &[LOOKUP.into()]).unwrap();
    (cache, held)
}

#[test]
fn a_flipped_byte_is_found_and_named() {
    let home = tempfile::tempdir().unwrap();
    let (cache, held) = cache_with_artifact(home.path());
    assert_eq!(cache.damage(&held, false), None);
    let mut bytes = fs::read(held.directory.join("layer")).unwrap();
    bytes[500] ^= 1;
    fs::write(held.directory.join("layer"), bytes).unwrap();
    assert!(cache.damage(&held, false).unwrap().contains("layer"));
}

#[test]
fn an_export_is_imported_elsewhere_and_a_damaged_one_loses_nothing() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (cache, held) = cache_with_artifact(here.path());
    let file = here.path().join("bundle.tar.zst");
    export(&cache, &[held], &file, &work()).unwrap();
    let other = Cache::open(there.path()).unwrap();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    import(&other, &file, &work()).unwrap_err();
    assert!(other.find(LOOKUP).is_none());
    fs::write(&file, &whole).unwrap();
    assert_eq!(import(&other, &file, &work()).unwrap(), ["x:1"]);
    assert_eq!(other.damage(&other.find(LOOKUP).unwrap(), true), None);
    fs::write(&file, b"not a bundle").unwrap();
    let error = import(&other, &file, &work()).unwrap_err();
    assert!(error.to_string().contains("bundle.tar.zst"), "{error}");
    assert_eq!(other.damage(&other.find(LOOKUP).unwrap(), true), None);
}

fn hostile(path: &str, kind: tar::EntryType, listed: u64) -> String {
    let home = tempfile::tempdir().unwrap();
    let cache = Cache::open(home.path()).unwrap();
    let file = home.path().join("hostile.tar.zst");
    let mut tar = tar::Builder::new(zstd::Encoder::new(fs::File::create(&file).unwrap(), 1).unwrap());
    let digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"; // of "x"
    let manifest =
        serde_json::json!({"format": 1, "files": {path: [digest, listed]}, "refs": {}}).to_string();
    let mut add = |name: &str, kind: tar::EntryType, data: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(data.len() as u64);
        header.set_entry_type(kind);
        header.set_cksum();
        tar.append(&header, data).unwrap();
    };
    add("manifest.json", tar::EntryType::Regular, manifest.as_bytes());
    add(path, kind, if kind.is_file() { b"x" } else { b"" });
    tar.into_inner().unwrap().finish().unwrap();
    let error = import(&cache, &file, &work()).unwrap_err().to_string();
    assert_eq!(fs::read_dir(cache.part("artifacts")).unwrap().count(), 0);
    error
}

#[test]
fn hostile_archives_are_refused_for_the_right_reason() {
    use tar::EntryType::{Regular, Symlink};
    assert!(hostile("/etc/x", Regular, 1).contains("not a path inside"));
    assert!(hostile(&format!("{KEY}/../../x"), Regular, 1).contains("not a path inside"));
    assert!(hostile(&format!("{KEY}/x"), Symlink, 0).contains("not a plain file"));
    assert!(hostile(&format!("{KEY}/x"), Regular, u64::MAX).contains("larger than"));
    assert!(hostile(&format!("{KEY}/x"), Regular, 2).contains("bytes, not 2"));
}

#[test]
fn the_same_tree_packs_to_the_same_bytes() {
    let home = tempfile::tempdir().unwrap();
    let packed = |name: &str| {
        let root = home.path().join(name);
        fs::create_dir_all(root.join("d")).unwrap();
        fs::write(root.join("d/f"), name.len().to_string()).unwrap();
        let paths: Vec<String> = scan(&root).unwrap().into_keys().collect();
        pack(
            &root,
            &paths,
            &home.path().join(format!("{name}.tar.gz")),
            Compression::Gzip,
            |_| (),
        )
        .unwrap()
        .sha256
    };
    assert_eq!(packed("a"), packed("b"));
    assert_ne!(packed("a"), packed("cc"));
}

#[test]
fn damage_that_kept_size_and_time_is_found_by_a_full_reading_and_from_then_on_by_all() {
    let home = tempfile::tempdir().unwrap();
    let (cache, held) = cache_with_artifact(home.path());
    assert_eq!(cache.damage(&held, false), None);
    let layer = held.directory.join("layer");
    let time = fs::metadata(&layer).unwrap().modified().unwrap();
    let mut bytes = fs::read(&layer).unwrap();
    bytes[99_999] ^= 1;
    fs::write(&layer, bytes).unwrap();
    fs::File::options()
        .write(true)
        .open(&layer)
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_eq!(cache.damage(&held, false), None, "stamps are what makes it cheap");
    assert!(cache.damage(&held, true).unwrap().contains("layer"));
    assert!(cache.damage(&held, false).unwrap().contains("layer"));
}

#[test]
fn looking_waits_for_nobody_and_makes_nothing() {
    let home = tempfile::tempdir().unwrap();
    assert!(Cache::peek(home.path()).find(LOOKUP).is_none());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    let (_held_open, _) = cache_with_artifact(home.path());
    assert!(Cache::peek(home.path()).find(LOOKUP).is_some());
}
