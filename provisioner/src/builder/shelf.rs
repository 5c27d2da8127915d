//! Looks the bundle up in the cache, artifact by artifact. Makes nothing.

use super::cache::{Cache, Held};
use super::extra::Extra;
use super::{architecture, lock_name, version};
use crate::bundle::Part;
use crate::bundle::layout::sha256;
use crate::bundle::lock::{Entry, Lock};
use crate::bundle::recipe::{Kind, Recipe, Recipes};
use crate::error::{Error, Result};
use crate::text;

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
    /// Kubernetes, if it was asked for.
    pub kubernetes: Option<Extra>,
    /// What the nodes' engines need beyond the node image.
    pub engines: Vec<Extra>,
}

impl Parts {
    /// Everything, bases before what is built on them.
    pub fn all(&self) -> impl Iterator<Item = &Held> {
        std::iter::once(&self.node)
            .chain(&self.bases)
            .chain(&self.images)
            .chain([&self.mirror])
            .chain(self.extras().flat_map(Extra::all))
    }

    /// What recipes made: everything but what is put together from it.
    pub fn recipes(&self) -> impl Iterator<Item = &Held> {
        std::iter::once(&self.node)
            .chain(&self.bases)
            .chain(&self.images)
            .chain(self.extras().flat_map(Extra::recipes))
    }

    fn extras(&self) -> impl Iterator<Item = &Extra> {
        self.engines.iter().chain(&self.kubernetes)
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
    /// Which node image; empty: the first.
    pub node_image: &'a str,
    /// Kubernetes, if it is wanted.
    pub kubernetes: Option<&'a Part>,
    /// What the nodes' engines need.
    pub engines: &'a [Part],
    /// Versions wanted.
    pub lock: &'a Lock,
    /// Read every file, however recently it was verified.
    pub full: bool,
}

/// Names what a recipe gives on those below it, with the versions of `entry`.
pub fn key(recipe: &Recipe, below: &[&Held], entry: Option<&Entry>, part: &str) -> String {
    let version = version(recipe);
    let recipe = serde_json::to_string(recipe).unwrap_or_default();
    let below: Vec<&str> = below
        .iter()
        .map(|held| held.record.entry.sha256.as_str())
        .collect();
    let packages = entry
        .map(|entry| format!("{} {:?}", entry.source, entry.packages))
        .unwrap_or_default();
    sha256(
        [
            part,
            version,
            architecture(),
            &recipe,
            &below.join("\n"),
            &packages,
        ]
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

    /// What a recipe made on those below it.
    pub fn artifact(&self, recipe: &Recipe, below: &[&Held]) -> Place {
        let lookup = key(recipe, below, self.locked(recipe), "lookup");
        let Some(held) = self.cache.find(&lookup) else {
            return Place::Missing;
        };
        if held.key != key(recipe, below, Some(&held.record.entry), "artifact") {
            return Place::Damaged(held, "artifact.json: not the record it was stored with".into());
        }
        self.judged(held)
    }

    /// The mirror's storage for these images.
    pub fn mirror(&self, images: &[Held]) -> Place {
        let held = self.cache.held(&mirror_key(images));
        held.map_or(Place::Missing, |held| self.judged(held))
    }

    pub(super) fn judged(&self, held: Held) -> Place {
        match self.cache.damage(&held, self.full) {
            None => Place::Held(held),
            Some(damage) => Place::Damaged(held, damage),
        }
    }

    /// The recipe of the node image that is wanted.
    pub fn node(&self) -> Result<&Recipe> {
        let wanted = self.node_image;
        let is_one = |recipe: &&Recipe| recipe.kind == Kind::Rootfs && !recipe.lean;
        let all = || self.recipes.artifacts.iter().filter(is_one);
        let found = all().find(|recipe| wanted.is_empty() || recipe.name == wanted);
        found.ok_or_else(|| {
            let names: Vec<&str> = all().map(|recipe| recipe.name.as_str()).collect();
            let names = names.join(", ");
            Error::usage(text!(
                "노드 이미지 `{wanted}`이(가) 없음",
                "there is no node image `{wanted}`"
            ))
            .hint(text!(
                "있는 것: {names} (cluster.yaml의 `image`)",
                "there are {names} (`image` in cluster.yaml)"
            ))
        })
    }

    /// Recipes of bases and images, bases before what is built on them.
    pub fn layered(&self) -> impl Iterator<Item = &Recipe> {
        let all = self.recipes.artifacts.iter();
        all.filter(|recipe| recipe.lean || recipe.kind == Kind::OciImage)
    }

    /// What a recipe made on those of `made` that it is built on.
    pub fn place(&self, recipe: &Recipe, made: &[&Held]) -> Place {
        below(recipe, made).map_or(Place::Missing, |below| self.artifact(recipe, &below))
    }

    /// Everything, or all that is lacking.
    pub fn all(&self) -> Result<std::result::Result<Parts, Vec<Lack>>> {
        let mut lacks = Vec::new();
        let node = note(self.artifact(self.node()?, &[]), &self.node()?.name, &mut lacks);
        let (mut bases, mut images): (Vec<Held>, Vec<Held>) = (vec![], vec![]);
        for recipe in self.layered() {
            let place = self.place(recipe, &bases.iter().chain(&images).collect::<Vec<_>>());
            let kind = if recipe.lean { &mut bases } else { &mut images };
            kind.extend(note(place, &recipe.name, &mut lacks));
        }
        let mirror = note(self.mirror(&images), "mirror", &mut lacks);
        let kubernetes = self
            .kubernetes
            .map(|wanted| self.extra(wanted, &bases, &mut lacks));
        let engines: Vec<Extra> = self
            .engines
            .iter()
            .filter_map(|wanted| self.extra(wanted, &bases, &mut lacks))
            .collect();
        Ok(match (node, mirror) {
            (Some(node), Some(mirror)) if lacks.is_empty() => Ok(Parts {
                node,
                bases,
                images,
                mirror,
                kubernetes: kubernetes.flatten(),
                engines,
            }),
            _ => Err(lacks),
        })
    }
}

/// Those of `made` that a recipe is built on, in its order; `None` if one is not among them.
pub fn below<'h>(recipe: &Recipe, made: &[&'h Held]) -> Option<Vec<&'h Held>> {
    let find = |name: &str| made.iter().find(|held| held.record.name == name).copied();
    recipe.below().map(find).collect()
}

/// What is there, damaged or not, so that everything built on it is looked at too; notes what is wrong with it.
pub fn note(place: Place, name: &str, lacks: &mut Vec<Lack>) -> Option<Held> {
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
