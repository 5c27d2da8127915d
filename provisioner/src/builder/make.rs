//! Makes what the cache lacks: the node image beside the images, then the mirror of those.

use std::path::Path;

use super::cache::{Cache, Held, Record};
use super::image::Ground;
use super::resolve::Resolver;
use super::shelf::{Parts, Place, Shelf, key, mirror_key};
use super::{Options, binary, image, lacking, mirror, open, origin};
use crate::bundle::recipe::{Kind, Recipe};
use crate::bundle::source::Debian;
use crate::error::{Error, Result};
use crate::event::{Sink, Work};
use crate::paths::Paths;
use crate::text;

/// What to build with.
pub struct Build<'a> {
    /// What is there.
    pub shelf: Shelf<'a>,
    /// How.
    pub options: &'a Options,
    /// Finds programs.
    pub resolver: Resolver<'a>,
    /// Who hears of it.
    pub sink: &'a Sink,
}

/// The node image alone, all that a bare machine is made of. Makes it if it is missing, unless offline.
pub fn node(paths: &Paths, options: &Options, sink: &Sink) -> Result<Held> {
    let opened = open(paths, &options.extent)?;
    let cache = Cache::open(&paths.cache)?;
    let build = Build {
        shelf: opened.shelf(&cache, false),
        options,
        resolver: Resolver::new(&paths.cache),
        sink,
    };
    let recipe = build.shelf.node()?;
    let there = matches!(build.shelf.artifact(recipe, &[]), Place::Held(_));
    if options.offline && !there {
        return Err(lacking(&recipe.name));
    }
    build.ensure(recipe, &Ground::default())
}

impl Build<'_> {
    /// All parts, each found or made.
    pub fn parts(&self) -> Result<Parts> {
        let recipe = self.shelf.node()?;
        let (node, layered) = std::thread::scope(|scope| {
            let layered = scope.spawn(|| self.layered());
            let node = self.ensure(recipe, &Ground::default());
            (node, joined(layered))
        });
        let ((bases, images), node) = (layered?, node?);
        let mirror = self.mirror(&images)?;
        // Last, as they take longest: what else can fail has not failed.
        let engines = self.shelf.engines.iter();
        let engines = engines
            .map(|wanted| self.extra(wanted, &bases))
            .collect::<Result<Vec<_>>>()?;
        let kubernetes = self.shelf.kubernetes.map(|wanted| self.extra(wanted, &bases));
        Ok(Parts {
            node,
            bases,
            images,
            mirror,
            kubernetes: kubernetes.transpose()?,
            engines,
        })
    }

    /// Takes what is there and whole; names what is damaged.
    pub(super) fn found(&self, place: Place, name: &str) -> Option<Held> {
        match place {
            Place::Held(held) => return Some(held),
            Place::Damaged(_, damage) => self.sink.warn(text!(
                "{}: 캐시에서 손상되어 다시 만듦: {}",
                "{}: damaged in the cache, made again: {}",
                name,
                damage
            )),
            Place::Missing => {}
        }
        None
    }

    /// What the recipe gives on `ground`: found or made.
    pub(super) fn ensure(&self, recipe: &Recipe, ground: &Ground<'_>) -> Result<Held> {
        if let Some(held) = self.found(self.shelf.artifact(recipe, &ground.all()), &recipe.name) {
            return self.permitted(recipe, &held.record).map(|()| held);
        }
        let work = self.sink.work(
            None,
            format!("bundle {}", recipe.name),
            text!("{} 만들기", "make {}", recipe.name),
        );
        let made = self.make(recipe, ground, &work);
        work.finish(made)
    }

    fn make(&self, recipe: &Recipe, ground: &Ground<'_>, work: &Work) -> Result<Held> {
        let temporary = self.shelf.cache.temporary()?;
        let out = temporary.path().join("out");
        std::fs::create_dir(&out).map_err(|error| Error::new("cannot write the cache").because(error))?;
        let (path, watch) = (temporary.path(), (self.sink, work));
        let record = match recipe.kind {
            Kind::Binary => binary::binary(recipe, &self.resolver, path, &out, watch)?,
            Kind::OciImage => {
                let debian = match ground.base {
                    Some(_) => Some(self.source(recipe, path)?),
                    None => None,
                };
                let remove = self.shelf.recipes.removed(recipe);
                image::image(recipe, debian, ground, &remove, path, &out, watch)?
            }
            _ => image::rootfs(recipe, self.source(recipe, path)?, path, &out, watch)?,
        };
        self.permitted(recipe, &record)?;
        let below = ground.all();
        let old = self.shelf.locked(recipe);
        let lookups = [old, None, Some(&record.entry)].map(|entry| key(recipe, &below, entry, "lookup"));
        let key = key(recipe, &below, Some(&record.entry), "artifact");
        self.shelf.cache.store(&out, &record, &key, &lookups)
    }

    /// The first source that can be reached. Names those that cannot.
    fn source<'r>(&self, recipe: &'r Recipe, temporary: &Path) -> Result<&'r Debian> {
        let mut last = None;
        for debian in recipe.debian() {
            if let Some((source, _)) = &last {
                self.sink.warn(text!(
                    "{}: {}에 닿을 수 없어 {}을(를) 씀",
                    "{}: {} cannot be reached; trying {}",
                    recipe.name,
                    source,
                    origin::name(debian)
                ));
            }
            match origin::reach(debian, temporary) {
                Ok(()) => return Ok(debian),
                Err(error) => last = Some((origin::name(debian), error)),
            }
        }
        Err(last.map_or_else(
            || Error::usage(format!("{}: no source that can be tried", recipe.name)),
            |(_, error)| error,
        ))
    }

    /// Refuses drift from the lock if asked to; else names each change.
    fn permitted(&self, recipe: &Recipe, new: &Record) -> Result<()> {
        let old = self.shelf.locked(recipe);
        let changes = old.map(|old| old.changes(&new.entry)).unwrap_or_default();
        if self.options.locked && old.is_none() {
            return Err(Error::new(text!(
                "{}: bundle.lock에 없음",
                "{}: not in bundle.lock",
                recipe.name
            ))
            .hint(text!("`lab bundle lock`으로 기록", "write it: `lab bundle lock`")));
        }
        if self.options.locked && !changes.is_empty() {
            return Err(Error::new(text!(
                "{}: bundle.lock과 다름",
                "{}: not what bundle.lock says",
                recipe.name
            ))
            .output(changes.join("\n"))
            .hint(text!(
                "새 판을 받아들이려면 `lab bundle build`, `lab bundle lock`",
                "to accept the new versions: `lab bundle build`, `lab bundle lock`"
            )));
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

    /// Bases one after the other; then all images on these at once, then those on the former, and so on.
    fn layered(&self) -> Result<(Vec<Held>, Vec<Held>)> {
        let (bottom, mut rest): (Vec<&Recipe>, Vec<&Recipe>) = self
            .shelf
            .layered()
            .partition(|recipe| recipe.kind != Kind::OciImage);
        let mut bases: Vec<Held> = Vec::new();
        for recipe in bottom {
            bases.push(self.ensure(recipe, &Ground::default())?);
        }
        let mut images: Vec<Held> = Vec::new();
        while !rest.is_empty() {
            let made: Vec<&Held> = bases.iter().chain(&images).collect();
            let base = |recipe: &Recipe| {
                let mut made = made.iter();
                made.find(|held| Some(&held.record.name) == recipe.base.as_ref())
                    .copied()
            };
            let (now, later): (Vec<&Recipe>, Vec<&Recipe>) =
                rest.into_iter().partition(|recipe| base(recipe).is_some());
            if now.is_empty() {
                return Err(Error::usage(
                    "an image's base is neither a lean rootfs nor an image",
                ));
            }
            let all: Result<Vec<Held>> = std::thread::scope(|scope| {
                let pairs = now.into_iter().map(|recipe| {
                    let ground = Ground {
                        base: base(recipe),
                        ..Ground::default()
                    };
                    (recipe, ground)
                });
                let made: Vec<_> = pairs
                    .map(|(recipe, ground)| scope.spawn(move || self.ensure(recipe, &ground)))
                    .collect();
                made.into_iter().map(joined).collect()
            });
            images.extend(all?);
            rest = later;
        }
        // In the order of the recipes: the mirror's name depends on it.
        let place = |held: &Held| {
            self.shelf
                .layered()
                .position(|recipe| recipe.name == held.record.name)
        };
        images.sort_by_key(place);
        Ok((bases, images))
    }

    fn mirror(&self, images: &[Held]) -> Result<Held> {
        if let Some(held) = self.found(self.shelf.mirror(images), "mirror") {
            return Ok(held);
        }
        let work = self.sink.work(
            None,
            "bundle mirror",
            text!("미러 저장소 만들기", "make the mirror's storage"),
        );
        let make = || {
            let temporary = self.shelf.cache.temporary()?;
            let out = temporary.path().join("out");
            std::fs::create_dir(&out).map_err(|error| Error::new("cannot write the cache").because(error))?;
            let record = mirror::mirror(images, &out)?;
            self.shelf.cache.store(&out, &record, &mirror_key(images), &[])
        };
        work.finish(make())
    }
}

pub(super) fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(Error::new("a builder stopped")))
}
