//! Recipes of the programs container engines need beyond Debian's packages. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Part;
use super::kubernetes::{bad, hole};
use super::recipe::{Recipe, Recipes};
use crate::error::Result;

/// The recipes this program was built with.
pub const EMBEDDED: &str = include_str!("../../../labs/bundle/engines.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    engines: BTreeMap<String, BTreeMap<String, String>>,
    artifacts: Vec<Recipe>,
}

/// What `engine` needs, for `architecture` (Debian's name); nothing if Debian's packages are all.
pub fn parse(file: &str, text: &str, engine: &str, architecture: &str) -> Result<Option<Part>> {
    let filled = text.replace("${architecture}", architecture);
    let mut read: File = serde_yaml::from_str(&filled).map_err(|error| bad(file, error.to_string()))?;
    let Some(programs) = read.engines.remove(engine) else {
        return Ok(None);
    };
    let wanted = |recipe: &Recipe| programs.values().any(|name| *name == recipe.name);
    read.artifacts.retain(wanted);
    let recipes = Recipes {
        artifacts: read.artifacts,
    };
    if let Some(hole) = hole(&recipes) {
        return Err(bad(file, format!("{engine}: nothing fills `{hole}`")));
    }
    recipes.check(file, &[])?;
    for recipe in programs.values() {
        recipes.find(recipe)?;
    }
    Ok(Some(Part {
        name: format!("engine-{engine}"),
        version: String::new(),
        engine: engine.to_owned(),
        recipes,
        programs,
    }))
}

/// The programs a node with `engine` has of the bundle, by absolute path.
pub fn programs(engine: &str) -> Result<Vec<String>> {
    let part = parse("engines.yaml", EMBEDDED, engine, "amd64")?;
    Ok(part
        .map(|part| part.programs.into_keys().collect())
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_engines_that_debian_lacks_something_of_need_the_bundle() {
        for (engine, wanted) in [
            ("docker", ""),
            ("podman", ""),
            ("containerd", "/usr/local/bin/crictl /usr/local/bin/nerdctl"),
            (
                "cri-o",
                "/usr/local/bin/crictl /usr/local/bin/crio /usr/local/bin/pinns",
            ),
        ] {
            assert_eq!(programs(engine).unwrap().join(" "), wanted, "{engine}");
        }
    }

    #[test]
    fn a_program_without_a_recipe_and_a_hole_are_refused() {
        let refused = |text: &str, why: &str| {
            let error = parse("e.yaml", text, "x", "amd64").unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        };
        refused("engines: {x: {/bin/a: a}}\nartifacts: []\n", "`a`");
        refused(
            "engines: {x: {/bin/a: 'a'}}\nartifacts: [{name: a, kind: binary, sources: [{go: {module: m, version: '${v}', package: p}}]}]\n",
            "${v}",
        );
    }
}
