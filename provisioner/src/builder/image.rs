//! Makes artifacts in the cache: root file systems, and images on a base.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;

use super::cache::{Held, Record, inventory};
use super::layers::Making;
use super::meter::{INSTALLED, Meter};
use super::tree::{self, Compression};
use super::{debian, origin};
use crate::bundle::layout::{self, Layer};
use crate::bundle::lock::Entry;
use crate::bundle::recipe::Recipe;
use crate::bundle::source::Debian;
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

/// What an image is made on.
#[derive(Default)]
pub struct Ground<'a> {
    /// Its base: a root file system or an image.
    pub base: Option<&'a Held>,
    /// Its programs, each with the path it is put at.
    pub binaries: Vec<(&'a str, &'a Held)>,
}

impl Ground<'_> {
    /// All of it: the base first.
    pub fn all(&self) -> Vec<&Held> {
        let base = self.base.iter().copied();
        base.chain(self.binaries.iter().map(|(_, held)| *held)).collect()
    }
}

/// Makes an image on `ground` in `out`, as an OCI layout: the base's layers, one of packages, one of programs, one of
/// configuration, each where there is something to it. `remove` is taken away before the packages are packed, so that no
/// layer holds it.
pub fn image(
    recipe: &Recipe,
    debian: Option<&Debian>,
    ground: &Ground<'_>,
    remove: &[String],
    temporary: &Path,
    out: &Path,
    (sink, work): (&Sink, &Work),
) -> Result<Record> {
    let mut making = Making::begin(recipe, temporary, out)?;
    let (mut sources, mut packages) = (vec![], BTreeMap::new());
    if let Some(base) = ground.base {
        making.stand_on(base)?;
    }
    if let Some(debian) = debian {
        let mut meter = Meter::new(sink, work, &recipe.name, &making.root, vec![(10, INSTALLED)]);
        debian::install(debian, &making.root, temporary, &mut meter)?;
        packages = debian::versions(&making.root, temporary)?;
        tree::strip(&making.root, &recipe.name, remove)?;
        making.seal(format!("apt-get install {}", debian.packages.join(" ")))?;
        sources.push(origin::name(debian));
    }
    if !ground.binaries.is_empty() {
        making.put(&ground.binaries)?;
    }
    for (_, held) in &ground.binaries {
        packages.extend(held.record.entry.packages.clone());
        sources.push(held.record.entry.source.clone());
    }
    let furnished = !(recipe.files.is_empty() && recipe.links.is_empty() && recipe.remove.is_empty());
    if ground.binaries.is_empty() || furnished {
        making.configure()?;
    }
    write_documents(recipe, sources.join("; "), making.layers, packages, out)
}

fn write_documents(
    recipe: &Recipe,
    source: String,
    layers: Vec<Layer>,
    packages: BTreeMap<String, String>,
    out: &Path,
) -> Result<Record> {
    let of_package = recipe.version_of.as_ref().and_then(|name| packages.get(name));
    let version = recipe
        .version
        .as_ref()
        .or(of_package)
        .cloned()
        .unwrap_or_default();
    let mut labels = HashMap::from([("org.opencontainers.image.source".to_owned(), source.clone())]);
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
    let mut record = record(recipe, source, packages, out, &files)?;
    record.manifest = Some(made.digest);
    Ok(record)
}
