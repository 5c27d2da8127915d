//! Kubernetes' recipes: one set for all versions offered, with holes that a row of the version table fills. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Part;
use super::recipe::{Recipe, Recipes};
use crate::error::{Error, Result};
use crate::text;

/// The recipes this program was built with.
pub const EMBEDDED: &str = include_str!("../../../labs/bundle/kubernetes.yaml");

/// A row of the version table: what fills the holes. `version` is always there.
type Row = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    versions: Vec<Row>,
    #[serde(rename = "programs")]
    _programs: IgnoredAny,
    #[serde(rename = "artifacts")]
    _artifacts: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filled {
    #[serde(rename = "versions")]
    _versions: IgnoredAny,
    programs: BTreeMap<String, String>,
    artifacts: Vec<Recipe>,
}

pub(super) fn bad(file: &str, why: impl Into<String>) -> Error {
    Error::usage(text!("{}: 레시피가 잘못됨", "{}: bad recipe", file)).cause(why)
}

/// Versions that `text` has recipes for; the first is the one taken if nobody says which.
pub fn versions(file: &str, text: &str) -> Result<Vec<String>> {
    Ok(rows(file, text)?
        .iter()
        .filter_map(|row| row.get("version").cloned())
        .collect())
}

fn rows(file: &str, text: &str) -> Result<Vec<Row>> {
    let table: Table = serde_yaml::from_str(text).map_err(|error| bad(file, error.to_string()))?;
    let plain = |value: &str| {
        !value.is_empty()
            && value
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || ".-_".contains(one))
    };
    for row in &table.versions {
        let version = row
            .get("version")
            .ok_or_else(|| bad(file, "a row without a version"))?;
        if version.split('.').count() != 3 {
            return Err(bad(file, format!("`{version}` is not a version like 1.34.4")));
        }
        if let Some((hole, value)) = row.iter().find(|(_, value)| !plain(value)) {
            return Err(bad(file, format!("{version}: {hole}: `{value}`")));
        }
    }
    if table.versions.is_empty() {
        return Err(bad(file, "no versions"));
    }
    Ok(table.versions)
}

/// The sandbox image of a version, as its kubeadm names it.
pub fn pause(version: &str) -> Result<String> {
    let rows = rows("kubernetes.yaml", EMBEDDED)?;
    let row = rows
        .iter()
        .find(|row| row.get("version").is_some_and(|one| one == version));
    row.and_then(|row| row.get("pause"))
        .map(|tag| format!("registry.k8s.io/pause:{tag}"))
        .ok_or_else(|| Error::usage(format!("no sandbox image for Kubernetes {version}")))
}

/// Recipes of `version`, for `architecture` (Debian's name); `base` has the recipes their images are built on.
pub fn parse(file: &str, text: &str, version: &str, architecture: &str, base: &Recipes) -> Result<Part> {
    let rows = rows(file, text)?;
    let row = rows
        .iter()
        .find(|row| row.get("version").is_some_and(|one| one == version));
    let Some(row) = row else {
        let offered: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.get("version"))
            .map(String::as_str)
            .collect();
        return Err(Error::usage(text!(
            "쿠버네티스 {version}의 레시피가 없음",
            "no recipes for Kubernetes {version}"
        ))
        .hint(text!("있는 판: {}", "versions there are: {}", offered.join(", "))));
    };
    let filled = fill(text, row, architecture);
    let filled: Filled = serde_yaml::from_str(&filled).map_err(|error| bad(file, error.to_string()))?;
    let recipes = Recipes {
        artifacts: filled.artifacts,
    };
    if let Some(hole) = hole(&recipes) {
        return Err(bad(file, format!("{version}: nothing fills `{hole}`")));
    }
    let before: Vec<&str> = base.artifacts.iter().map(|recipe| recipe.name.as_str()).collect();
    recipes.check(file, &before)?;
    for recipe in filled.programs.values() {
        recipes.find(recipe)?;
    }
    Ok(Part {
        name: format!("kubernetes-{version}"),
        version: version.to_owned(),
        engine: String::new(),
        recipes,
        programs: filled.programs,
    })
}

/// `text` with every `${…}` that is known replaced.
fn fill(text: &str, row: &Row, architecture: &str) -> String {
    let version = row.get("version").map_or("", String::as_str);
    let mut parts = version.splitn(3, '.');
    let mut part = |name: &str| (name.to_owned(), parts.next().unwrap_or_default().to_owned());
    let mut values = vec![part("major"), part("minor"), part("patch")];
    values.push(("architecture".into(), architecture.into()));
    values.extend(row.iter().map(|(name, value)| (name.clone(), value.clone())));
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value)
    })
}

/// A hole nothing filled.
pub(super) fn hole(recipes: &Recipes) -> Option<String> {
    let text = serde_json::to_string(recipes).ok()?;
    let (_, rest) = text.split_once("${")?;
    Some(format!(
        "${{{}",
        rest.chars().take_while(|one| *one != '"').collect::<String>()
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::bundle::recipe::{self, Kind, Source};

    fn base() -> Recipes {
        Recipes::parse("bundle.yaml", recipe::EMBEDDED).unwrap()
    }

    #[test]
    fn every_version_offered_has_sound_recipes() {
        let versions = versions("kubernetes.yaml", EMBEDDED).unwrap();
        assert_eq!(versions[0], "1.34.4");
        for version in versions {
            let kubernetes = parse("kubernetes.yaml", EMBEDDED, &version, "amd64", &base()).unwrap();
            let image = format!("registry.k8s.io/kube-apiserver:v{version}");
            assert_eq!(kubernetes.recipes.find(&image).unwrap().kind, Kind::OciImage);
            assert!(kubernetes.programs.contains_key("/usr/local/bin/kubeadm"));
        }
    }

    #[test]
    fn holes_are_filled_by_the_row_and_the_architecture() {
        let kubernetes = parse("kubernetes.yaml", EMBEDDED, "1.34.4", "arm64", &base()).unwrap();
        let kubeadm = kubernetes.recipes.find("kubeadm-1.34.4").unwrap();
        let Source::Download(download) = &kubeadm.sources[0] else {
            panic!("{:?}", kubeadm.sources)
        };
        assert_eq!(
            download.url,
            "https://dl.k8s.io/release/v1.34.4/bin/linux/arm64/kubeadm"
        );
        let Source::Go(go) = &kubeadm.sources[1] else {
            panic!("{:?}", kubeadm.sources)
        };
        assert_eq!(go.staging.as_ref().unwrap().version, "v0.34.4");
    }

    #[test]
    fn a_version_nobody_offers_names_those_there_are() {
        let error = parse("kubernetes.yaml", EMBEDDED, "1.9.0", "amd64", &base()).unwrap_err();
        assert!(error.to_string().contains("1.9.0"), "{error}");
        assert!(error.advice().unwrap().en.contains("1.34.4"));
    }

    fn refused(artifacts: &str, why: &str) {
        let text = format!("versions: [{{version: 1.2.3}}]\nprograms: {{}}\nartifacts: [{artifacts}]\n");
        let error = parse("k.yaml", &text, "1.2.3", "amd64", &base()).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }

    #[test]
    fn bad_recipes_are_refused_with_the_reason() {
        let c = "{c: {from: {module: {module: m, version: v1, file: f.c}}}}";
        refused(
            &format!("{{name: 'x-${{nothing}}', kind: binary, sources: [{c}]}}"),
            "${nothing}",
        );
        refused(
            "{name: x, kind: binary, sources: []}",
            "no source that can be tried",
        );
        refused(
            &format!("{{name: x, kind: rootfs, sources: [{c}]}}"),
            "cannot be made of",
        );
        refused(
            "{name: x, kind: binary, sources: [{debian: {suite: s, packages: [p]}}]}",
            "cannot be made of",
        );
        refused(
            "{name: 'a/x:1', kind: oci-image, sources: [], binaries: {/x: x}}",
            "does not come before",
        );
        refused(
            "{name: 'a/x:1', kind: oci-image, sources: []}",
            "needs a base or binaries",
        );
        refused(
            "{name: x, kind: binary, sources: [{go: {module: m, version: v1, package: p, lfags: []}}]}",
            "lfags",
        );
    }
}
