//! Makes what the cache lacks: the node image beside the images, then the mirror of those.

use super::cache::{Held, Record};
use super::shelf::{Parts, Place, Shelf, key, mirror_key};
use super::{Options, image};
use crate::bundle::recipe::{Kind, Recipe};
use crate::error::{Error, Result};
use crate::event::{Sink, Work};
use crate::text;

/// What to build with.
pub struct Build<'a> {
    /// What is there.
    pub shelf: Shelf<'a>,
    /// How.
    pub options: Options,
    /// Who hears of it.
    pub sink: &'a Sink,
}

impl Build<'_> {
    /// All parts, each found or made.
    pub fn parts(&self) -> Result<Parts> {
        let recipe = self.shelf.node()?;
        let (node, layered) = std::thread::scope(|scope| {
            let layered = scope.spawn(|| self.layered());
            let node = self.ensure(recipe, None);
            let stopped = |_| Err(Error::new("the image builder stopped"));
            (node, layered.join().unwrap_or_else(stopped))
        });
        let ((bases, images), node) = (layered?, node?);
        let mirror = self.mirror(&images)?;
        Ok(Parts {
            node,
            bases,
            images,
            mirror,
        })
    }

    /// Takes what is there and whole; names what is damaged.
    fn found(&self, place: Place, name: &str) -> Option<Held> {
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

    fn ensure(&self, recipe: &Recipe, base: Option<(&Held, &Recipe)>) -> Result<Held> {
        let below = base.map(|(held, _)| held);
        if let Some(held) = self.found(self.shelf.artifact(recipe, below), &recipe.name) {
            return self.permitted(recipe, &held.record).map(|()| held);
        }
        let work = self.sink.work(
            None,
            format!("bundle {}", recipe.name),
            text!("{} 만들기", "make {}", recipe.name),
        );
        let made = self.make(recipe, base, &work);
        work.finish(made)
    }

    fn make(&self, recipe: &Recipe, base: Option<(&Held, &Recipe)>, work: &Work) -> Result<Held> {
        let debian = recipe
            .debian()
            .ok_or_else(|| Error::usage(format!("{}: no source that can be reached", recipe.name)))?;
        let temporary = self.shelf.cache.temporary()?;
        let out = temporary.path().join("out");
        std::fs::create_dir(&out).map_err(|error| Error::new("cannot write the cache").because(error))?;
        let record = match base {
            None => image::rootfs(recipe, debian, temporary.path(), &out, work)?,
            Some((held, clean)) => image::image(recipe, debian, held, clean, temporary.path(), &out)?,
        };
        self.permitted(recipe, &record)?;
        let below = base.map(|(held, _)| held);
        let old = self.shelf.locked(recipe);
        let lookups = [old, None, Some(&record.entry)].map(|entry| key(recipe, below, entry, "lookup"));
        let key = key(recipe, below, Some(&record.entry), "artifact");
        self.shelf.cache.store(&out, &record, &key, &lookups)
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

    fn layered(&self) -> Result<(Vec<Held>, Vec<Held>)> {
        let mut bases: Vec<(Held, &Recipe)> = Vec::new();
        let mut images = Vec::new();
        for recipe in self.shelf.layered() {
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
        Ok((bases.into_iter().map(|(held, _)| held).collect(), images))
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
            let record = image::mirror(images, &out)?;
            self.shelf.cache.store(&out, &record, &mirror_key(images), &[])
        };
        work.finish(make())
    }
}
