//! Carries a bundle from one machine to another as one file. Nothing is replaced before everything is verified.

mod import;

pub use import::import;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cache::{Cache, Held, RECORD, inventory};
use super::counting::Counting;
use crate::error::{Error, Result};
use crate::event::Work;
use crate::text;

/// The first file of an export: all others, by path, with digest (hex) and size; and what leads to which artifact.
/// Files with the same digest are in the export once, under the first of their paths.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    files: BTreeMap<String, (String, u64)>,
    refs: BTreeMap<String, String>,
    /// What its programs run on, as Debian calls it; files of before do not say.
    #[serde(default)]
    architecture: Option<String>,
}

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";

fn describe(cache: &Cache, all: &[Held]) -> Result<Manifest> {
    let mut manifest = Manifest {
        format: FORMAT,
        files: BTreeMap::new(),
        refs: cache.leading_to(all)?,
        architecture: Some(super::architecture().into()),
    };
    for held in all {
        if let Some(damage) = cache.damage(held, true) {
            return Err(Error::new(text!(
                "{}: 캐시에서 손상됨: {}",
                "{}: damaged in the cache: {}",
                held.record.name,
                damage
            ))
            .hint(text!(
                "`lab bundle build`로 다시 만들기",
                "make it again: `lab bundle build`"
            )));
        }
        let about = inventory(&held.directory, &[RECORD.to_owned()])?.0;
        for (name, about) in held.record.files.iter().chain(&about) {
            manifest
                .files
                .insert(format!("{}/{name}", held.key), about.clone());
        }
    }
    Ok(manifest)
}

/// Writes the artifacts of `all` to `target`, each read and verified. Returns the size of the file.
pub fn export(cache: &Cache, all: &[Held], target: &Path, work: &Work) -> Result<u64> {
    let manifest = describe(cache, all)?;
    let mut seen = BTreeSet::new();
    let once: Vec<(&String, u64)> = manifest
        .files
        .iter()
        .filter(|(_, (sha256, _))| seen.insert(sha256))
        .map(|(path, (_, size))| (path, *size))
        .collect();
    let total = once.iter().map(|(_, size)| size).sum();
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let temporary = target.with_file_name(name);
    let write = || -> io::Result<u64> {
        let file = Counting::new(fs::File::create(&temporary)?, |done| {
            work.progress(done, Some(total), true);
        });
        let mut tar = tar::Builder::new(zstd::Encoder::new(file, 1)?);
        let bytes = serde_json::to_vec(&manifest)?;
        super::mirror::append(&mut tar, MANIFEST, bytes.len() as u64, bytes.as_slice())?;
        for (path, size) in &once {
            let file = fs::File::open(cache.part("artifacts").join(path))?;
            super::mirror::append(&mut tar, path, *size, file)?;
        }
        let file = tar.into_inner()?.finish()?.into_inner();
        file.sync_all()?;
        fs::rename(&temporary, target)?;
        Ok(file.metadata()?.len())
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Error::new(text!("{}에 쓸 수 없음", "cannot write {}", target.display())).because(error)
    })
}
