//! Makes the bundle, or finds it in the cache. What a bundle is, `bundle` says; what nodes do with it is not known here.

pub mod cache;
mod counting;
mod debian;
mod image;
mod make;
mod meter;
mod mirror;
mod origin;
mod program;
mod shelf;
pub mod transfer;
pub mod tree;
mod unpack;

use std::path::PathBuf;

pub use shelf::Parts;

use cache::{Cache, Held};
use make::Build;
use shelf::{Lack, Shelf};

use crate::bundle::layout::sha256;
use crate::bundle::lock::Lock;
use crate::bundle::recipe::{EMBEDDED, Kind, Recipes};
use crate::bundle::{Bundle, Image};
use crate::error::{Error, Result};
use crate::event::Sink;
use crate::paths::Paths;
use crate::text;
use crate::text::Text;

/// Changes when the same recipe of a kind would give something else.
const fn version(kind: Kind) -> &'static str {
    match kind {
        Kind::OciImage => "3",
        _ => "2",
    }
}

/// Host programs the builder runs, each with the Debian package that has it.
pub const TOOLS: [(&str, &str); 7] = [
    ("mmdebstrap", "mmdebstrap"),
    ("tar", "tar"),
    ("unshare", "util-linux"),
    ("setpriv", "util-linux"),
    ("timeout", "coreutils"),
    ("mknod", "coreutils"),
    ("apt-get", "apt"),
];

/// How to build.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Never try the network.
    pub offline: bool,
    /// Refuse versions other than the project's bundle.lock has.
    pub locked: bool,
}

/// What a build will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Minutes.
    pub minutes: u32,
    /// Bytes to download.
    pub download: u64,
    /// Bytes of disk.
    pub disk: u64,
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

/// The recipes: the project's own if it has any, else those built in.
pub fn recipes(paths: &Paths) -> Result<Recipes> {
    let file = paths.project.join("labs/bundle/bundle.yaml");
    match std::fs::read_to_string(&file) {
        Ok(text) => Recipes::parse("labs/bundle/bundle.yaml", &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Recipes::parse("bundle.yaml", EMBEDDED),
        Err(error) => Err(Error::usage(format!("cannot read {}", file.display())).because(error)),
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

fn on_shelf(paths: &Paths, cache: &Cache, full: bool) -> Result<std::result::Result<Parts, Vec<Lack>>> {
    let (recipes, lock) = (recipes(paths)?, lock(paths)?);
    let shelf = Shelf {
        cache,
        recipes: &recipes,
        lock: &lock,
        full,
    };
    shelf.all()
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
pub fn held(paths: &Paths) -> Result<Parts> {
    on_shelf(paths, &Cache::peek(&paths.cache), false)?.map_err(|lacks| {
        let names = lacks.iter().map(|lack| lack.name.as_str()).collect::<Vec<_>>();
        let error = Error::new(text!(
            "번들에 없음: {}",
            "the bundle lacks {}",
            names.join(", ")
        ))
        .hint(text!(
            "`lab bundle build`, 네트워크가 없으면 다른 기기에서 `lab bundle export FILE`, 여기서 `lab bundle import FILE`",
            "`lab bundle build`; without a network `lab bundle export FILE` on another machine, `lab bundle import FILE` here"
        ));
        without(error, &lacks)
    })
}

/// Reads every file of the bundle in the cache; an error names each artifact and file that is not as it was made.
pub fn verify(paths: &Paths) -> Result<Parts> {
    on_shelf(paths, &Cache::peek(&paths.cache), true)?.map_err(|lacks| {
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
pub fn parts(paths: &Paths, options: Options, sink: &Sink) -> Result<Parts> {
    if options.offline {
        let parts = held(paths)?;
        if !options.locked {
            return Ok(parts);
        }
    }
    let (recipes, lock) = (recipes(paths)?, lock(paths)?);
    let cache = Cache::open(&paths.cache)?;
    let shelf = Shelf {
        cache: &cache,
        recipes: &recipes,
        lock: &lock,
        full: false,
    };
    Build { shelf, options, sink }.parts()
}

/// The bundle if the cache has all of it. Cheap: waits for nobody, reads no file that was verified before, makes nothing.
pub fn cached(paths: &Paths) -> Result<Option<Bundle>> {
    let found = on_shelf(paths, &Cache::peek(&paths.cache), false)?;
    found.ok().map(|parts| bundle(&parts)).transpose()
}

/// The bundle, complete and verified. Quick when it is in the cache.
pub fn ensure(paths: &Paths, options: Options, sink: &Sink) -> Result<Bundle> {
    bundle(&parts(paths, options, sink)?)
}

fn bundle(parts: &Parts) -> Result<Bundle> {
    let all: Vec<&str> = parts
        .images
        .iter()
        .chain([&parts.node, &parts.mirror])
        .map(|held| held.record.entry.sha256.as_str())
        .collect();
    let image = |held: &Held| Image {
        reference: held.record.name.clone(),
        layout: PathBuf::from(&held.directory),
        manifest: format!("sha256:{}", held.record.manifest.clone().unwrap_or_default()),
    };
    Ok(Bundle {
        digest: sha256(all.join("\n").as_bytes()),
        node_image: parts.node.artifact("rootfs.tar.zst")?,
        images: parts.images.iter().map(image).collect(),
        mirror: parts.mirror.artifact(mirror::STORAGE)?,
    })
}

/// What building all of it takes.
pub const ESTIMATE: Estimate = Estimate {
    minutes: 3,
    download: 400 << 20,
    disk: 2200 << 20,
};
