//! An image's tree as it grows, layer by layer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::binary;
use super::cache::Held;
use super::tree::{self, Compression, Packed};
use crate::bundle::diff::{Tree, compare, whiteout};
use crate::bundle::layout::Layer;
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

    /// Unpacks the base; its layer is the first, shared with all images on it.
    pub fn stand_on(&mut self, base: &Held) -> Result<()> {
        let archive = base.artifact("layer.tar.gz")?;
        let status = Command::new("tar")
            .arg("--xattrs")
            .args(["--numeric-owner", "-xpzf"])
            .arg(&archive.path)
            .arg("-C")
            .arg(&self.root)
            .status();
        if !status.map_err(failed(&self.root))?.success() {
            return Err(Error::new(format!("cannot unpack {}", archive.path.display())));
        }
        let shared = self.blobs.join(&archive.sha256);
        fs::hard_link(&archive.path, &shared)
            .or_else(|_| fs::copy(&archive.path, &shared).map(drop))
            .map_err(failed(&shared))?;
        self.layers.push(Layer {
            sha256: archive.sha256,
            size: archive.size,
            diff_id: base.record.diff_id.clone().unwrap_or_default(),
            created_by: format!("{}: {}", base.record.name, base.record.entry.source),
        });
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
