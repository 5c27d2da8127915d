//! An image's tree as it grows, layer by layer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::binary;
use super::cache::Held;
use super::tree::{self, Compression, Packed};
use super::unpack::unpack;
use crate::bundle::diff::{Tree, compare, whiteout};
use crate::bundle::layout::{self, Layer};
use crate::bundle::recipe::Recipe;
use crate::error::{Error, Result};

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::new(format!("cannot write {}", path.display())).because(error)
}

/// An image in the making.
pub struct Making<'a> {
    /// The tree.
    pub root: PathBuf,
    blobs: PathBuf,
    written: PathBuf,
    before: Tree,
    /// Its layers so far.
    pub layers: Vec<Layer>,
    recipe: &'a Recipe,
}

impl<'a> Making<'a> {
    /// Nothing yet.
    pub fn begin(recipe: &'a Recipe, temporary: &Path, out: &Path) -> Result<Self> {
        let (root, blobs) = (temporary.join("root"), out.join("blobs/sha256"));
        fs::create_dir_all(&root)
            .and_then(|()| fs::create_dir_all(&blobs))
            .map_err(failed(&blobs))?;
        Ok(Self {
            root,
            blobs,
            written: temporary.join("layer.tar.gz"),
            before: Tree::new(),
            layers: vec![],
            recipe,
        })
    }

    /// Unpacks the base; its layers are the first, shared with all images on it.
    pub fn stand_on(&mut self, base: &Held) -> Result<()> {
        for (layer, archive) in layers_of(base)? {
            unpack(&archive, &self.root)?;
            let shared = self.blobs.join(&layer.sha256);
            fs::hard_link(&archive, &shared)
                .or_else(|_| fs::copy(&archive, &shared).map(drop))
                .map_err(failed(&shared))?;
            self.layers.push(layer);
        }
        self.before = tree::scan(&self.root)?;
        Ok(())
    }

    /// What changed since the last layer is the next.
    pub fn seal(&mut self, created_by: String) -> Result<()> {
        let (packed, after) = changes(&self.root, &self.before, &self.written)?;
        self.before = after;
        self.layers
            .push(layer(packed, &self.blobs, &self.written, created_by)?);
        Ok(())
    }

    /// Programs, in a layer of their own.
    pub fn put(&mut self, binaries: &[(&str, &Held)]) -> Result<()> {
        for (path, held) in binaries {
            binary::place(held, &self.root, path)?;
        }
        let names: Vec<&str> = binaries
            .iter()
            .map(|(_, held)| held.record.name.as_str())
            .collect();
        self.seal(names.join(", "))
    }

    /// Files of the recipe.
    pub fn configure(&mut self) -> Result<()> {
        tree::furnish(&self.root, self.recipe)?;
        self.seal("configuration of the recipe".into())
    }
}

/// The layers of a base and their archives: one of a root file system, all of an image.
fn layers_of(base: &Held) -> Result<Vec<(Layer, PathBuf)>> {
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
fn changes(root: &Path, before: &Tree, target: &Path) -> Result<(Packed, Tree)> {
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
