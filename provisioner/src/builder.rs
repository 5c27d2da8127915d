//! Makes the bundle, or finds it in the cache. What a bundle is, `bundle` says; what nodes do with it is not known here.

mod binary;
pub mod cache;
mod counting;
mod debian;
mod download;
mod extent;
mod extra;
mod go;
mod image;
mod kubernetes;
mod layers;
pub mod machine;
mod make;
mod meter;
mod mirror;
mod origin;
mod outlook;
mod program;
mod resolve;
mod shelf;
pub mod transfer;
pub mod tree;
mod unpack;

use std::path::PathBuf;

pub use extent::Extent;
pub use make::node;
pub use outlook::{ESTIMATE, Estimate, Outlook, outlook, span};
pub use shelf::Parts;

use cache::{Cache, Held};
use make::Build;
use resolve::Resolver;
use shelf::{Lack, Shelf};

use crate::bundle::kubernetes as versions;
use crate::bundle::layout::sha256;
use crate::bundle::lock::Lock;
use crate::bundle::recipe::{EMBEDDED, Kind, Recipe, Recipes};
use crate::bundle::{Bundle, Image, Part, engines};
use crate::error::{Error, Result};
use crate::event::Sink;
use crate::paths::Paths;
use crate::text;
use crate::text::Text;

/// Changes when the same recipe would give something else.
fn version(recipe: &Recipe) -> &'static str {
    match (recipe.kind, &recipe.base) {
        (Kind::OciImage, Some(_)) => "3",
        _ => "2",
    }
}

/// How to build.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Never try the network.
    pub offline: bool,
    /// Refuse versions other than the project's bundle.lock has.
    pub locked: bool,
    /// What belongs in the bundle.
    pub extent: Extent,
}

/// Debian's name of this machine's architecture.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn advice() -> Text {
    text!(
        "필요한 도구 설치: apt-get install mmdebstrap util-linux tar",
        "install the tools: apt-get install mmdebstrap util-linux tar"
    )
}

/// A file of recipes: its name, and its text; the project's own if it has one, else the one built in.
fn file(paths: &Paths, name: &str, embedded: &str) -> Result<(String, String)> {
    let relative = format!("labs/bundle/{name}");
    let file = paths.project.join(&relative);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok((relative, text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok((name.to_owned(), embedded.to_owned()))
        }
        Err(error) => Err(Error::usage(format!("cannot read {}", file.display())).because(error)),
    }
}

/// The recipes of everything but Kubernetes.
pub fn recipes(paths: &Paths) -> Result<Recipes> {
    let (name, text) = file(paths, "bundle.yaml", EMBEDDED)?;
    Recipes::parse(&name, &text)
}

/// Versions of Kubernetes there are recipes for; the first is the one taken when nobody says which.
pub fn kubernetes_versions(paths: &Paths) -> Result<Vec<String>> {
    let (name, text) = file(paths, "kubernetes.yaml", versions::EMBEDDED)?;
    versions::versions(&name, &text)
}

/// What the project wants, read.
struct Opened {
    recipes: Recipes,
    node_image: String,
    kubernetes: Option<Part>,
    engines: Vec<Part>,
    lock: Lock,
}

fn open(paths: &Paths, extent: &Extent) -> Result<Opened> {
    let (recipes, lock) = (recipes(paths)?, lock(paths)?);
    let wanted = |version: &String| {
        let (name, text) = file(paths, "kubernetes.yaml", versions::EMBEDDED)?;
        versions::parse(&name, &text, version, architecture(), &recipes)
    };
    let kubernetes = extent.kubernetes.as_ref().map(wanted).transpose()?;
    let (name, text) = file(paths, "engines.yaml", engines::EMBEDDED)?;
    let needs = |engine: &String| engines::parse(&name, &text, engine, architecture()).transpose();
    let engines = extent
        .engines
        .iter()
        .filter_map(needs)
        .collect::<Result<Vec<_>>>()?;
    Ok(Opened {
        recipes,
        node_image: extent.node_image.clone(),
        kubernetes,
        engines,
        lock,
    })
}

impl Opened {
    fn shelf<'a>(&'a self, cache: &'a Cache, full: bool) -> Shelf<'a> {
        Shelf {
            cache,
            recipes: &self.recipes,
            node_image: &self.node_image,
            kubernetes: self.kubernetes.as_ref(),
            engines: &self.engines,
            lock: &self.lock,
            full,
        }
    }
}

/// The project's lock, empty if it has none.
pub fn lock(paths: &Paths) -> Result<Lock> {
    let file = paths.project.join("bundle.lock");
    match std::fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| Error::usage(format!("cannot read {}", file.display())).because(error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Lock::default()),
        Err(error) => Err(Error::usage(format!("cannot read {}", file.display())).because(error)),
    }
}

/// The name of an artifact in the lock.
pub fn lock_name(recipe: &str) -> String {
    format!("{}/{recipe}", architecture())
}

fn on_shelf(paths: &Paths, extent: &Extent, full: bool) -> Result<std::result::Result<Parts, Vec<Lack>>> {
    open(paths, extent)?.shelf(&Cache::peek(&paths.cache), full).all()
}

fn without(error: Error, lacks: &[Lack]) -> Error {
    let damage: Vec<String> = lacks.iter().filter_map(Lack::damaged).collect();
    if damage.is_empty() {
        error
    } else {
        error.output(damage.join("\n"))
    }
}

/// The bundle's parts, all from the cache: an error names what is not there.
pub fn held(paths: &Paths, extent: &Extent) -> Result<Parts> {
    on_shelf(paths, extent, false)?.map_err(|lacks| {
        let names = lacks.iter().map(|lack| lack.name.as_str()).collect::<Vec<_>>();
        without(lacking(&names.join(", ")), &lacks)
    })
}

fn lacking(names: &str) -> Error {
    Error::new(text!("번들에 없음: {names}", "the bundle lacks {names}")).hint(text!(
        "`lab bundle build`, 네트워크가 없으면 다른 컴퓨터에서 `lab bundle export FILE`, 여기서 `lab bundle import FILE`",
        "`lab bundle build`; without a network `lab bundle export FILE` on another machine, `lab bundle import FILE` here"
    ))
}

/// Reads every file of the bundle in the cache; an error names each artifact and file that is not as it was made.
pub fn verify(paths: &Paths, extent: &Extent) -> Result<Parts> {
    on_shelf(paths, extent, true)?.map_err(|lacks| {
        let names = lacks.iter().map(|lack| lack.name.as_str()).collect::<Vec<_>>();
        let error = Error::new(text!(
            "캐시의 번들이 온전하지 않음: {}",
            "the bundle in the cache is not whole: {}",
            names.join(", ")
        ))
        .hint(text!(
            "`lab bundle build`가 이것만 다시 만듭니다",
            "`lab bundle build` makes these again, and only these"
        ));
        without(error, &lacks)
    })
}

/// The bundle's parts. Makes what is missing, unless offline.
pub fn parts(paths: &Paths, options: &Options, sink: &Sink) -> Result<Parts> {
    let extent = &options.extent;
    if options.offline {
        let parts = held(paths, extent)?;
        if !options.locked {
            return Ok(parts);
        }
    }
    let opened = open(paths, extent)?;
    let cache = Cache::open(&paths.cache)?;
    Build {
        shelf: opened.shelf(&cache, false),
        options,
        resolver: Resolver::new(&paths.cache),
        sink,
    }
    .parts()
}

/// The bundle if the cache has all of it, of this extent. Cheap: waits for nobody, reads
/// no file that was verified before, makes nothing.
pub fn cached(paths: &Paths, extent: &Extent) -> Result<Option<Bundle>> {
    let found = on_shelf(paths, extent, false)?;
    found.ok().map(|parts| bundle(&parts)).transpose()
}

/// The bundle, complete and verified. Quick when it is in the cache.
pub fn ensure(paths: &Paths, options: &Options, sink: &Sink) -> Result<Bundle> {
    bundle(&parts(paths, options, sink)?)
}

fn image_of(held: &Held) -> Image {
    Image {
        reference: held.record.name.clone(),
        layout: PathBuf::from(&held.directory),
        manifest: format!("sha256:{}", held.record.manifest.clone().unwrap_or_default()),
    }
}

fn bundle(parts: &Parts) -> Result<Bundle> {
    let kubernetes = parts.kubernetes.as_ref();
    let all: Vec<&str> = parts
        .images
        .iter()
        .chain([&parts.node, &parts.mirror])
        .chain(
            kubernetes
                .into_iter()
                .flat_map(|kubernetes| kubernetes.images.iter().chain([&kubernetes.programs])),
        )
        .chain(parts.engines.iter().map(|engine| &engine.programs))
        .map(|held| held.record.entry.sha256.as_str())
        .collect();
    Ok(Bundle {
        digest: sha256(all.join("\n").as_bytes()),
        node_image: parts.node.artifact("rootfs.tar.zst")?,
        images: parts.images.iter().map(image_of).collect(),
        mirror: parts.mirror.artifact(mirror::STORAGE)?,
        kubernetes: kubernetes.map(extra::Extra::kubernetes).transpose()?,
        engines: parts
            .engines
            .iter()
            .map(|engine| Ok((engine.engine.clone(), engine.archive()?)))
            .collect::<Result<_>>()?,
    })
}
