//! Makes artifacts in the cache: root file systems, and images on a base.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::cache::{Held, Record, inventory};
use super::meter::{INSTALLED, Meter};
use super::tree::{self, Compression, Packed};
use super::unpack::unpack;
use super::{debian, origin};
use crate::bundle::diff::{compare, whiteout};
use crate::bundle::layout::{self, Layer};
use crate::bundle::lock::Entry;
use crate::bundle::recipe::{Debian, Recipe};
use crate::error::{Error, Result};
use crate::event::{Sink, Work};

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::new(format!("cannot write {}", path.display())).because(error)
}

fn record(
    recipe: &Recipe,
    source: String,
    packages: BTreeMap<String, String>,
    out: &Path,
    files: &[String],
) -> Result<Record> {
    let (files, sha256, size) = inventory(out, files)?;
    let entry = Entry {
        source,
        packages,
        sha256,
        size,
    };
    Ok(Record {
        name: recipe.name.clone(),
        entry,
        files,
        manifest: None,
        diff_id: None,
    })
}

/// The file of a rootfs artifact.
pub fn rootfs_file(recipe: &Recipe) -> &'static str {
    if recipe.lean {
        "layer.tar.gz"
    } else {
        "rootfs.tar.zst"
    }
}

/// Makes a root file system in `out`.
pub fn rootfs(
    recipe: &Recipe,
    debian: &Debian,
    temporary: &Path,
    out: &Path,
    (sink, work): (&Sink, &Work),
) -> Result<Record> {
    let root = temporary.join("root");
    let mut meter = Meter::new(sink, work, &recipe.name, &root, vec![(10, 25), (25, INSTALLED)]);
    debian::bootstrap(recipe, debian, &root, temporary, &mut meter)?;
    let packages = debian::versions(&root, temporary)?;
    tree::furnish(&root, recipe)?;
    let compression = if recipe.lean {
        Compression::Gzip
    } else {
        Compression::Zstd
    };
    let file = rootfs_file(recipe).to_owned();
    let packed = tree::pack(
        &root,
        &debian::stored(&root)?,
        &out.join(&file),
        compression,
        |part| {
            work.progress(INSTALLED + part * (100 - INSTALLED) / 100, Some(100), false);
        },
    )?;
    let mut record = record(recipe, origin::name(debian), packages, out, &[file])?;
    record.diff_id = Some(packed.diff_id);
    Ok(record)
}

fn layer(packed: Packed, blobs: &Path, written: &Path, created_by: String) -> Result<Layer> {
    fs::rename(written, blobs.join(&packed.sha256)).map_err(failed(blobs))?;
    Ok(Layer {
        sha256: packed.sha256,
        size: packed.size,
        diff_id: packed.diff_id,
        created_by,
    })
}

/// Packs what changed in `root` since `before`, whiteouts included.
fn changes(
    root: &Path,
    before: &crate::bundle::diff::Tree,
    target: &Path,
) -> Result<(Packed, crate::bundle::diff::Tree)> {
    let after = tree::scan(root)?;
    let difference = compare(before, &after);
    let mut paths = difference.changed;
    let hidden: Vec<String> = difference.gone.iter().map(|path| whiteout(path)).collect();
    for path in &hidden {
        fs::write(root.join(path), "").map_err(failed(root))?;
    }
    paths.extend(hidden.iter().cloned());
    let packed = tree::pack(root, &paths, target, Compression::Gzip, |_| ())?;
    for path in &hidden {
        fs::remove_file(root.join(path)).map_err(failed(root))?;
    }
    Ok((packed, after))
}

/// The layers of a base and their archives: one of a root file system, all of an image.
fn below(base: &Held) -> Result<Vec<(Layer, PathBuf)>> {
    let Some(manifest) = &base.record.manifest else {
        let archive = base.artifact("layer.tar.gz")?;
        let layer = Layer {
            sha256: archive.sha256,
            size: archive.size,
            diff_id: base.record.diff_id.clone().unwrap_or_default(),
            created_by: format!("{}: {}", base.record.name, base.record.entry.source),
        };
        return Ok(vec![(layer, archive.path)]);
    };
    let blob = |sha256: &str| base.directory.join("blobs/sha256").join(sha256);
    let read = |sha256: &str| {
        fs::read(blob(sha256))
            .map_err(|error| Error::new(format!("cannot read {}", base.record.name)).because(error))
    };
    let unusable =
        |error| Error::new(format!("{}: not the image it should be", base.record.name)).because(error);
    let manifest = read(manifest)?;
    let config = read(&layout::config_of(&manifest).map_err(unusable)?)?;
    let layers = layout::layers(&manifest, &config).map_err(unusable)?;
    let placed = layers.into_iter().map(|layer| {
        let archive = blob(&layer.sha256);
        (layer, archive)
    });
    Ok(placed.collect())
}

/// Makes an image on `base` in `out`, as an OCI layout: the base's layers, one of packages, one of configuration. `remove` is
/// taken away before the packages are packed, so that no layer holds it.
pub fn image(
    recipe: &Recipe,
    debian: &Debian,
    base: &Held,
    remove: &[String],
    temporary: &Path,
    out: &Path,
    (sink, work): (&Sink, &Work),
) -> Result<Record> {
    let root = temporary.join("root");
    let blobs = out.join("blobs/sha256");
    fs::create_dir_all(&root)
        .and_then(|()| fs::create_dir_all(&blobs))
        .map_err(failed(&blobs))?;
    let mut layers = vec![];
    for (layer, archive) in below(base)? {
        unpack(&archive, &root)?;
        let shared = blobs.join(&layer.sha256);
        fs::hard_link(&archive, &shared)
            .or_else(|_| fs::copy(&archive, &shared).map(drop))
            .map_err(failed(&shared))?;
        layers.push(layer);
    }
    let before = tree::scan(&root)?;
    let mut meter = Meter::new(sink, work, &recipe.name, &root, vec![(10, INSTALLED)]);
    debian::install(debian, &root, temporary, &mut meter)?;
    let packages = debian::versions(&root, temporary)?;
    tree::strip(&root, &recipe.name, remove)?;
    let written = temporary.join("layer.tar.gz");
    let (packed, before) = changes(&root, &before, &written)?;
    layers.push(layer(
        packed,
        &blobs,
        &written,
        format!("apt-get install {}", debian.packages.join(" ")),
    )?);
    tree::furnish(&root, recipe)?;
    let (packed, _) = changes(&root, &before, &written)?;
    layers.push(layer(
        packed,
        &blobs,
        &written,
        "configuration of the recipe".into(),
    )?);
    write_documents(recipe, debian, layers, packages, out)
}

fn write_documents(
    recipe: &Recipe,
    debian: &Debian,
    layers: Vec<Layer>,
    packages: BTreeMap<String, String>,
    out: &Path,
) -> Result<Record> {
    let version = recipe
        .version_of
        .as_ref()
        .and_then(|name| packages.get(name))
        .cloned()
        .unwrap_or_default();
    let mut labels = HashMap::from([("org.opencontainers.image.source".to_owned(), origin::name(debian))]);
    labels.insert("org.opencontainers.image.version".into(), version);
    labels.insert("org.opencontainers.image.title".into(), recipe.name.clone());
    let (_, tag) = recipe
        .reference()
        .ok_or_else(|| Error::usage(format!("not a reference: {}", recipe.name)))?;
    let made = layout::documents(
        super::architecture(),
        tree::CREATED,
        &layers,
        &recipe.run,
        &labels,
        tag,
    )
    .map_err(|error| Error::new(format!("{}: cannot describe the image", recipe.name)).because(error))?;
    let blob = |sha: &str| format!("blobs/sha256/{sha}");
    let config = layout::sha256(&made.config);
    let write = |file: &str, bytes: &[u8]| fs::write(out.join(file), bytes).map_err(failed(out));
    write(&blob(&config), &made.config)?;
    write(&blob(&made.digest), &made.manifest)?;
    write("index.json", &made.index)?;
    write("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    let mut files: Vec<String> = layers.iter().map(|layer| blob(&layer.sha256)).collect();
    files.extend([
        blob(&config),
        blob(&made.digest),
        "index.json".into(),
        "oci-layout".into(),
    ]);
    let mut record = record(recipe, origin::name(debian), packages, out, &files)?;
    record.manifest = Some(made.digest);
    Ok(record)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// A layer of packages put onto a base that holds `etc/old`: what its archive lists.
    fn layer(remove: &[&str]) -> (String, Vec<String>) {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root");
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::write(root.join("etc/old"), "").unwrap();
        let before = tree::scan(&root).unwrap();
        fs::create_dir_all(root.join("jvm/jmods")).unwrap();
        fs::write(root.join("jvm/jmods/base"), "large").unwrap();
        fs::write(root.join("jvm/java"), "").unwrap();
        let remove: Vec<String> = remove.iter().map(|path| (*path).to_owned()).collect();
        tree::strip(&root, "test", &remove).unwrap();
        let target = home.path().join("layer.tar.gz");
        let (packed, _) = changes(&root, &before, &target).unwrap();
        let archive = flate2::read::GzDecoder::new(fs::File::open(&target).unwrap());
        let mut archive = tar::Archive::new(archive);
        let path =
            |entry: io::Result<tar::Entry<'_, _>>| entry.unwrap().path().unwrap().display().to_string();
        let paths = archive.entries().unwrap().map(path).collect();
        (packed.sha256, paths)
    }

    #[test]
    fn what_a_recipe_removes_is_in_no_layer_and_the_layer_is_the_same_each_time() {
        let removed = ["/jvm/jmods", "/etc/ol*"];
        let (digest, paths) = layer(&removed);
        assert_eq!(paths, ["etc/.wh.old", "jvm/", "jvm/java"]);
        assert_eq!(layer(&removed).0, digest);
        assert!(layer(&[]).1.contains(&"jvm/jmods/base".to_owned()));
    }
}
