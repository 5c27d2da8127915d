//! Recipes: what each artifact is made of, read from YAML. Pure; building them is the builder's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::source::{Debian, Source};
use crate::error::{Error, Result};
use crate::text;

/// The recipes this program was built with.
pub const EMBEDDED: &str = include_str!("../../../labs/bundle/bundle.yaml");

/// All recipes, bases before what is built on them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipes {
    /// One per artifact.
    pub artifacts: Vec<Recipe>,
}

/// How one artifact is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Its name; for an image, the reference exercises use.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Where it can come from; the first that can be reached is taken.
    pub sources: Vec<Source>,
    /// What an image is built on: a lean rootfs, or another image.
    #[serde(default)]
    pub base: Option<String>,
    /// Without documentation and translations, as the first layer of images.
    #[serde(default)]
    pub lean: bool,
    /// The package whose version is the artifact's.
    #[serde(default)]
    pub version_of: Option<String>,
    /// The artifact's version, where no package tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What a program says of itself, else it is not what its name says.
    #[serde(default, skip_serializing)]
    pub says: Option<Says>,
    /// Programs of an image: the recipe that makes each, by absolute path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub binaries: BTreeMap<String, String>,
    /// Files to write, by absolute path.
    #[serde(default)]
    pub files: BTreeMap<String, File>,
    /// Symbolic links, by absolute path.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Absolute paths to remove before files are written; the last part may hold `*`.
    #[serde(default)]
    pub remove: Vec<String>,
    /// How an image's container runs.
    #[serde(default)]
    pub run: Run,
}

/// Kinds of artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A root file system.
    Rootfs,
    /// An OCI image.
    OciImage,
    /// Debian packages for a distribution and architecture.
    DebSet,
    /// A program.
    Binary,
    /// A Maven repository.
    MavenRepo,
    /// A git repository.
    GitRepo,
}

/// What a program says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// Asked with these arguments.
    pub arguments: Vec<String>,
    /// Its output has this.
    pub text: String,
}

/// A file to write.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// All of it.
    pub content: String,
    /// Permission bits.
    #[serde(default = "plain")]
    pub mode: u32,
}

fn plain() -> u32 {
    0o644
}

/// How an image's container runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Entrypoint.
    #[serde(default)]
    pub entrypoint: Vec<String>,
    /// Command.
    #[serde(default)]
    pub command: Vec<String>,
    /// Exposed ports, `80/tcp`.
    #[serde(default)]
    pub ports: Vec<String>,
    /// Volumes.
    #[serde(default)]
    pub volumes: Vec<String>,
    /// Signal that stops it.
    #[serde(default)]
    pub stop_signal: Option<String>,
}

impl Recipes {
    /// Reads recipes; `file` names them in errors, which carry line and column.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let recipes: Self = serde_yaml::from_str(text).map_err(|error| {
            Error::usage(text!("{}: 레시피가 잘못됨", "{}: bad recipe", file)).cause(error.to_string())
        })?;
        recipes.check(file, &[])?;
        Ok(recipes)
    }

    /// Checks each recipe; those of `before` come before all of them.
    pub(super) fn check(&self, file: &str, before: &[&str]) -> Result<()> {
        let mut seen: Vec<&str> = before.to_vec();
        for recipe in &self.artifacts {
            recipe
                .check(&seen)
                .map_err(|why| Error::usage(format!("{file}: {}: {why}", recipe.name)))?;
            seen.push(&recipe.name);
        }
        Ok(())
    }

    /// What an image may not hold: what its recipe removes, and what those below it remove.
    pub fn removed(&self, recipe: &Recipe) -> Vec<String> {
        let base = |recipe: &&Recipe| self.find(recipe.base.as_ref()?).ok();
        let chain = std::iter::successors(Some(recipe), base);
        chain.flat_map(|recipe| recipe.remove.iter().cloned()).collect()
    }

    /// The recipe called `name`.
    pub fn find(&self, name: &str) -> Result<&Recipe> {
        self.artifacts
            .iter()
            .find(|recipe| recipe.name == name)
            .ok_or_else(|| Error::usage(text!("`{}` 레시피가 없음", "no recipe for `{}`", name)))
    }
}

impl Recipe {
    fn check(&self, seen: &[&str]) -> std::result::Result<(), String> {
        if seen.contains(&self.name.as_str()) {
            return Err("named twice".into());
        }
        if !matches!(self.kind, Kind::Rootfs | Kind::OciImage | Kind::Binary) {
            return Err(format!("kind {:?} cannot be built yet", self.kind));
        }
        if self.kind == Kind::OciImage && self.base.is_none() && self.binaries.is_empty() {
            return Err("an oci-image needs a base or binaries".into());
        }
        if let Some(below) = self.below().find(|below| !seen.contains(below)) {
            return Err(format!("`{below}` does not come before it"));
        }
        if self.kind == Kind::OciImage && self.reference().is_none() {
            return Err("an image's name is name:tag".into());
        }
        let bad = |path: &&String| !path.starts_with('/') || path.split('/').any(|part| part == "..");
        match self
            .files
            .keys()
            .chain(self.links.keys())
            .chain(self.binaries.keys())
            .chain(&self.remove)
            .find(bad)
        {
            Some(path) => Err(format!("not an absolute path: {path}")),
            None => self.check_sources(),
        }
    }

    fn check_sources(&self) -> std::result::Result<(), String> {
        let usable = |source: &Source| match (self.kind, source) {
            (_, Source::Upstream(_)) => true,
            (Kind::Binary, Source::Debian(debian)) => debian.file.is_some() && debian.derived.is_none(),
            (Kind::Binary, _) => true,
            (Kind::Rootfs, Source::Debian(debian)) => debian.file.is_none() && debian.is_coherent(),
            (_, Source::Debian(debian)) => debian.file.is_none() && debian.derived.is_none(),
            _ => false,
        };
        if let Some(source) = self.sources.iter().find(|source| !usable(source)) {
            return Err(format!("{:?} cannot be made of {source:?}", self.kind));
        }
        let tried = match self.kind {
            Kind::Binary => self.tried().count(),
            Kind::OciImage if self.base.is_none() => return Ok(()),
            _ => self.debian().count(),
        };
        if tried == 0 {
            return Err("no source that can be tried".into());
        }
        Ok(())
    }

    /// Names of what it is made of: the base, then the programs.
    pub fn below(&self) -> impl Iterator<Item = &str> {
        self.base.iter().chain(self.binaries.values()).map(String::as_str)
    }

    /// An image's repository and tag. The repository may begin with the registry's name.
    pub fn reference(&self) -> Option<(&str, &str)> {
        let (name, tag) = self.name.split_once(':')?;
        let plain = |part: &str| {
            let mut characters = part.chars();
            characters
                .next()
                .is_some_and(|first| first.is_ascii_alphanumeric())
                && characters.all(|each| each.is_ascii_alphanumeric() || "._-".contains(each))
        };
        (name.split('/').all(plain) && plain(tag)).then_some((name, tag))
    }

    /// Sources that can be tried, in order.
    pub fn tried(&self) -> impl Iterator<Item = &Source> {
        let tried = |source: &&Source| !matches!(source, Source::Upstream(_));
        self.sources.iter().filter(tried)
    }

    /// Debian's packages among them.
    pub fn debian(&self) -> impl Iterator<Item = &Debian> {
        self.sources.iter().filter_map(|source| match source {
            Source::Debian(debian) => Some(debian),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_embedded_recipes_are_sound() {
        let recipes = Recipes::parse("bundle.yaml", EMBEDDED).unwrap();
        assert_eq!(
            recipes.find("nginx:stable").unwrap().reference(),
            Some(("nginx", "stable"))
        );
        assert_eq!(
            recipes.find("nginx:stable").unwrap().files["/docker-entrypoint.sh"].mode,
            0o755
        );
    }

    #[test]
    fn an_image_lacks_what_any_recipe_below_it_removes() {
        let source = "sources: [{debian: {suite: trixie, packages: []}}]";
        let text = format!(
            "artifacts:\n- {{name: a, kind: rootfs, lean: true, remove: [/a], {source}}}\n- {{name: 'b:1', kind: oci-image, base: a, remove: [/b], {source}}}\n- {{name: 'c:1', kind: oci-image, base: 'b:1', remove: [/c], {source}}}\n"
        );
        let recipes = Recipes::parse("b.yaml", &text).unwrap();
        assert_eq!(recipes.removed(recipes.find("c:1").unwrap()), ["/c", "/b", "/a"]);
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_place() {
        let error = Recipes::parse("b.yaml", "artifacts:\n  - name: x\n    kinds: rootfs\n").unwrap_err();
        assert!(
            error.to_string().contains("kinds") && error.to_string().contains("line 3"),
            "{error}"
        );
    }

    #[test]
    fn paths_do_not_leave_the_root() {
        let text = "artifacts: [{name: x, kind: rootfs, remove: [/../etc], sources: [{debian: {suite: trixie, packages: []}}]}]";
        assert!(
            Recipes::parse("b.yaml", text)
                .unwrap_err()
                .to_string()
                .contains("absolute")
        );
    }
}
