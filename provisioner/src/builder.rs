//! Makes the bundle, or finds it in the cache. What a bundle is, `bundle` says; what nodes do with it is not known here.

pub mod cache;
mod debian;
mod image;
mod program;
pub mod transfer;
pub mod tree;

use std::path::PathBuf;

use cache::{Cache, Held, Record};

use crate::bundle::layout::sha256;
use crate::bundle::lock::{Entry, Lock};
use crate::bundle::recipe::{EMBEDDED, Kind, Recipe, Recipes};
use crate::bundle::{Bundle, Image};
use crate::error::{Error, Result};
use crate::event::Sink;
use crate::paths::Paths;
use crate::text;
use crate::text::Text;

/// Changes when the same recipe would give something else.
const VERSION: &str = "1";

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
    /// Read every file, however recently it was verified.
    pub full: bool,
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

/// What to build with.
struct Build<'a> {
    cache: &'a Cache,
    recipes: &'a Recipes,
    lock: &'a Lock,
    options: Options,
    sink: &'a Sink,
}

/// The name of an artifact in the lock.
pub fn lock_name(recipe: &str) -> String {
    format!("{}/{recipe}", architecture())
}

fn key(recipe: &Recipe, base: Option<&Held>, entry: Option<&Entry>, part: &str) -> String {
    let recipe = serde_json::to_string(recipe).unwrap_or_default();
    let base = base.map_or("", |base| &base.record.entry.sha256);
    let packages = entry
        .map(|entry| format!("{} {:?}", entry.source, entry.packages))
        .unwrap_or_default();
    sha256(
        [part, VERSION, architecture(), &recipe, base, &packages]
            .join("\0")
            .as_bytes(),
    )
}

impl Build<'_> {
    fn cached(&self, recipe: &Recipe, base: Option<&Held>) -> Option<Held> {
        let entry = self.lock.artifacts.get(&lock_name(&recipe.name));
        let held = self.cache.find(&key(recipe, base, entry, "lookup"))?;
        let Some(damage) = self.cache.damage(&held, self.options.full) else {
            return Some(held);
        };
        self.sink.warn(text!(
            "{}: 캐시 손상: {}",
            "{}: damaged in the cache: {}",
            recipe.name,
            damage
        ));
        None
    }

    fn ensure(&self, recipe: &Recipe, base: Option<(&Held, &Recipe)>) -> Result<Held> {
        let below = base.map(|(held, _)| held);
        if let Some(held) = self.cached(recipe, below) {
            return self.permitted(recipe, &held.record).map(|()| held);
        }
        if self.options.offline {
            return Err(Error::new(text!(
                "번들에 {}이(가) 없고 오프라인임",
                "the bundle lacks {}, and this is offline",
                recipe.name
            ))
            .hint(text!(
                "다른 기기에서 `lab bundle export FILE`, 여기서 `lab bundle import FILE`",
                "`lab bundle export FILE` on another machine, `lab bundle import FILE` here"
            )));
        }
        let work = self.sink.work(
            None,
            format!("bundle {}", recipe.name),
            text!("{} 만들기", "make {}", recipe.name),
        );
        let made = self.make(recipe, base, &work);
        work.finish(made)
    }

    fn make(
        &self,
        recipe: &Recipe,
        base: Option<(&Held, &Recipe)>,
        work: &crate::event::Work,
    ) -> Result<Held> {
        let debian = recipe
            .debian()
            .ok_or_else(|| Error::usage(format!("{}: no source that can be reached", recipe.name)))?;
        let temporary = self.cache.temporary()?;
        let out = temporary.path().join("out");
        std::fs::create_dir(&out).map_err(|error| Error::new("cannot write the cache").because(error))?;
        let record = match base {
            None => image::rootfs(recipe, debian, temporary.path(), &out, work)?,
            Some((held, clean)) => image::image(recipe, debian, held, clean, temporary.path(), &out)?,
        };
        self.permitted(recipe, &record)?;
        let below = base.map(|(held, _)| held);
        let old = self.lock.artifacts.get(&lock_name(&recipe.name));
        let lookups = [old, None, Some(&record.entry)].map(|entry| key(recipe, below, entry, "lookup"));
        self.cache.store(
            &out,
            &record,
            &key(recipe, below, Some(&record.entry), "artifact"),
            &lookups,
        )
    }

    /// Refuses drift from the lock if asked to; else names each change.
    fn permitted(&self, recipe: &Recipe, new: &Record) -> Result<()> {
        let old = self.lock.artifacts.get(&lock_name(&recipe.name));
        let changes = old.map(|old| old.changes(&new.entry)).unwrap_or_default();
        if self.options.locked && (old.is_none() || !changes.is_empty()) {
            return Err(Error::new(text!(
                "{}: bundle.lock과 다름",
                "{}: not what bundle.lock says",
                recipe.name
            ))
            .output(changes.join("\n")));
        }
        for change in changes {
            self.sink.warn(text!(
                "{}: bundle.lock과 다름: {}",
                "{}: not as in bundle.lock: {}",
                recipe.name,
                change
            ));
        }
        Ok(())
    }

    fn images(&self) -> Result<Vec<Held>> {
        let mut bases: Vec<(Held, &Recipe)> = Vec::new();
        let mut images = Vec::new();
        for recipe in self
            .recipes
            .artifacts
            .iter()
            .filter(|recipe| recipe.lean || recipe.kind == Kind::OciImage)
        {
            let base = bases
                .iter()
                .find(|(_, base)| Some(&base.name) == recipe.base.as_ref());
            let held = self.ensure(recipe, base.map(|(held, base)| (held, *base)))?;
            if recipe.kind == Kind::OciImage {
                images.push(held)
            } else {
                bases.push((held, recipe))
            }
        }
        Ok(images)
    }

    fn mirror(&self, images: &[Held]) -> Result<Held> {
        let manifests: Vec<String> = images
            .iter()
            .map(|held| format!("{} {:?}", held.record.name, held.record.manifest))
            .collect();
        let key = sha256(format!("mirror {VERSION} {manifests:?}").as_bytes());
        if let Some(held) = self
            .cache
            .held(&key)
            .filter(|held| self.cache.damage(held, self.options.full).is_none())
        {
            return Ok(held);
        }
        let temporary = self.cache.temporary()?;
        let out = temporary.path().join("out");
        std::fs::create_dir(&out).map_err(|error| Error::new("cannot write the cache").because(error))?;
        let record = image::mirror(images, &out)?;
        self.cache.store(&out, &record, &key, &[])
    }
}

/// The bundle's parts in the cache: node image, images, mirror. Makes what is missing.
pub fn parts(paths: &Paths, options: Options, sink: &Sink) -> Result<(Held, Vec<Held>, Held)> {
    let (recipes, lock) = (recipes(paths)?, lock(paths)?);
    let cache = Cache::open(&paths.cache)?;
    let build = Build {
        cache: &cache,
        recipes: &recipes,
        lock: &lock,
        options,
        sink,
    };
    let node = recipes
        .artifacts
        .iter()
        .find(|recipe| recipe.kind == Kind::Rootfs && !recipe.lean);
    let node = node.ok_or_else(|| Error::usage("no recipe for a node image"))?;
    let (node, images) = std::thread::scope(|scope| {
        let images = scope.spawn(|| build.images());
        (
            build.ensure(node, None),
            images
                .join()
                .unwrap_or_else(|_| Err(Error::new("the image builder stopped"))),
        )
    });
    let images = images?;
    let mirror = build.mirror(&images)?;
    Ok((node?, images, mirror))
}

/// What images are built on, as far as the cache has it.
pub fn bases(paths: &Paths) -> Result<Vec<Held>> {
    let (recipes, lock) = (recipes(paths)?, lock(paths)?);
    let cache = Cache::open(&paths.cache)?;
    let find = |recipe: &Recipe| {
        cache.find(&key(
            recipe,
            None,
            lock.artifacts.get(&lock_name(&recipe.name)),
            "lookup",
        ))
    };
    Ok(recipes
        .artifacts
        .iter()
        .filter(|recipe| recipe.lean)
        .filter_map(find)
        .collect())
}

/// The bundle, complete and verified. Quick when it is in the cache.
pub fn ensure(paths: &Paths, options: Options, sink: &Sink) -> Result<Bundle> {
    let (node, images, mirror) = parts(paths, options, sink)?;
    let all: Vec<&str> = images
        .iter()
        .chain([&node, &mirror])
        .map(|held| held.record.entry.sha256.as_str())
        .collect();
    let image = |held: &Held| Image {
        reference: held.record.name.clone(),
        layout: PathBuf::from(&held.directory),
        manifest: format!("sha256:{}", held.record.manifest.clone().unwrap_or_default()),
    };
    Ok(Bundle {
        digest: sha256(all.join("\n").as_bytes()),
        node_image: node.artifact("rootfs.tar.zst")?,
        images: images.iter().map(image).collect(),
        mirror: mirror.artifact(image::STORAGE)?,
    })
}

/// What a build will take; `None` if everything is in the cache.
pub fn estimate(paths: &Paths) -> Option<Estimate> {
    let options = Options {
        offline: true,
        ..Options::default()
    };
    let missing = Estimate {
        minutes: 2,
        download: 220 << 20,
        disk: 1500 << 20,
    };
    ensure(paths, options, &Sink::default())
        .is_err()
        .then_some(missing)
}
