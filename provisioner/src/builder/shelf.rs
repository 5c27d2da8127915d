//! Looks the bundle up in the cache, artifact by artifact. Makes nothing.

use super::cache::{Cache, Held};
use super::{architecture, lock_name, version};
use crate::bundle::layout::sha256;
use crate::bundle::lock::{Entry, Lock};
use crate::bundle::recipe::{Kind, Recipe, Recipes};
use crate::error::{Error, Result};

/// All parts of a bundle.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The node image.
    pub node: Held,
    /// What images are built on.
    pub bases: Vec<Held>,
    /// Images.
    pub images: Vec<Held>,
    /// The mirror's storage.
    pub mirror: Held,
}

impl Parts {
    /// Everything, bases before what is built on them.
    pub fn all(&self) -> impl Iterator<Item = &Held> {
        std::iter::once(&self.node)
            .chain(&self.bases)
            .chain(&self.images)
            .chain([&self.mirror])
    }

    /// What recipes made: everything but the mirror, which is put together from images.
    pub fn recipes(&self) -> impl Iterator<Item = &Held> {
        std::iter::once(&self.node).chain(&self.bases).chain(&self.images)
    }
}

/// An artifact as the cache has it.
pub enum Place {
    /// There, and as it was made.
    Held(Held),
    /// There, but not as it was made: what is wrong, and with which file.
    Damaged(Held, String),
    /// Not there.
    Missing,
}

/// An artifact the cache does not have as it should.
pub struct Lack {
    /// Its name.
    pub name: String,
    /// Which file of it is damaged, and how; `None`: not there at all.
    pub damage: Option<String>,
}

impl Lack {
    /// Its name, the file and what is wrong with it, if it is there.
    pub fn damaged(&self) -> Option<String> {
        let damage = self.damage.as_ref()?;
        Some(format!("{}: {damage}", self.name))
    }
}

/// What to look up, and where.
pub struct Shelf<'a> {
    /// The cache.
    pub cache: &'a Cache,
    /// What a bundle is made of.
    pub recipes: &'a Recipes,
    /// Versions wanted.
    pub lock: &'a Lock,
    /// Read every file, however recently it was verified.
    pub full: bool,
}

/// Names what a recipe gives on a base, with the versions of `entry`.
pub fn key(recipe: &Recipe, base: Option<&Held>, entry: Option<&Entry>, part: &str) -> String {
    let version = version(recipe.kind);
    let recipe = serde_json::to_string(recipe).unwrap_or_default();
    let base = base.map_or("", |base| &base.record.entry.sha256);
    let packages = entry
        .map(|entry| format!("{} {:?}", entry.source, entry.packages))
        .unwrap_or_default();
    sha256(
        [part, version, architecture(), &recipe, base, &packages]
            .join("\0")
            .as_bytes(),
    )
}

/// Changes when the same images would give another mirror.
const MIRROR: &str = "2";

/// Names the mirror of these images.
pub fn mirror_key(images: &[Held]) -> String {
    let manifests: Vec<String> = images
        .iter()
        .map(|held| format!("{} {:?}", held.record.name, held.record.manifest))
        .collect();
    sha256(format!("mirror {MIRROR} {manifests:?}").as_bytes())
}

impl Shelf<'_> {
    /// What the lock says of a recipe.
    pub fn locked(&self, recipe: &Recipe) -> Option<&Entry> {
        self.lock.artifacts.get(&lock_name(&recipe.name))
    }

    /// What a recipe made on a base.
    pub fn artifact(&self, recipe: &Recipe, base: Option<&Held>) -> Place {
        let lookup = key(recipe, base, self.locked(recipe), "lookup");
        let Some(held) = self.cache.find(&lookup) else {
            return Place::Missing;
        };
        if held.key != key(recipe, base, Some(&held.record.entry), "artifact") {
            return Place::Damaged(held, "artifact.json: not the record it was stored with".into());
        }
        self.judged(held)
    }

    /// The mirror's storage for these images.
    pub fn mirror(&self, images: &[Held]) -> Place {
        let held = self.cache.held(&mirror_key(images));
        held.map_or(Place::Missing, |held| self.judged(held))
    }

    fn judged(&self, held: Held) -> Place {
        match self.cache.damage(&held, self.full) {
            None => Place::Held(held),
            Some(damage) => Place::Damaged(held, damage),
        }
    }

    /// The recipe of the node image.
    pub fn node(&self) -> Result<&Recipe> {
        let mut all = self.recipes.artifacts.iter();
        all.find(|recipe| recipe.kind == Kind::Rootfs && !recipe.lean)
            .ok_or_else(|| Error::usage("no recipe for a node image"))
    }

    /// Recipes of bases and images, bases before what is built on them.
    pub fn layered(&self) -> impl Iterator<Item = &Recipe> {
        let all = self.recipes.artifacts.iter();
        all.filter(|recipe| recipe.lean || recipe.kind == Kind::OciImage)
    }

    /// Everything, or all that is lacking.
    pub fn all(&self) -> Result<std::result::Result<Parts, Vec<Lack>>> {
        let mut lacks = Vec::new();
        let node = note(self.artifact(self.node()?, None), &self.node()?.name, &mut lacks);
        let (mut bases, mut images): (Vec<Held>, Vec<Held>) = (vec![], vec![]);
        for recipe in self.layered() {
            let base = recipe
                .base
                .as_ref()
                .map(|name| bases.iter().chain(&images).find(|base| base.record.name == *name));
            let place = match base {
                Some(None) => Place::Missing,
                Some(base) => self.artifact(recipe, base),
                None => self.artifact(recipe, None),
            };
            let kind = if recipe.lean { &mut bases } else { &mut images };
            kind.extend(note(place, &recipe.name, &mut lacks));
        }
        let mirror = note(self.mirror(&images), "mirror", &mut lacks);
        Ok(match (node, mirror) {
            (Some(node), Some(mirror)) if lacks.is_empty() => Ok(Parts {
                node,
                bases,
                images,
                mirror,
            }),
            _ => Err(lacks),
        })
    }
}

/// What is there, damaged or not, so that everything built on it is looked at too; notes what is wrong with it.
fn note(place: Place, name: &str, lacks: &mut Vec<Lack>) -> Option<Held> {
    let (held, damage) = match place {
        Place::Held(held) => return Some(held),
        Place::Damaged(held, damage) => (Some(held), Some(damage)),
        Place::Missing => (None, None),
    };
    lacks.push(Lack {
        name: name.to_owned(),
        damage,
    });
    held
}
