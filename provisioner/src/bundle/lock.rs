//! The lock: which source and which versions each artifact was made of. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a bundle was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// By architecture and artifact: `amd64/nginx:stable`.
    pub artifacts: BTreeMap<String, Entry>,
}

/// What one artifact was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The source taken.
    pub source: String,
    /// Versions by package.
    pub packages: BTreeMap<String, String>,
    /// SHA-256 over its files, in hex.
    pub sha256: String,
    /// Bytes of its files.
    pub size: u64,
}

impl Entry {
    /// What differs between this entry and a newer one: one line each.
    pub fn changes(&self, new: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if self.source != new.source {
            changes.push(format!("source: {} -> {}", self.source, new.source));
        }
        let names: std::collections::BTreeSet<_> = self.packages.keys().chain(new.packages.keys()).collect();
        for name in names {
            let (old, new) = (self.packages.get(name), new.packages.get(name));
            if old != new {
                let version = |version: Option<&String>| version.map_or("(none)".to_owned(), Clone::clone);
                changes.push(format!("{name}: {} -> {}", version(old), version(new)));
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_named() {
        let entry = |packages: &[(&str, &str)]| Entry {
            source: "debian trixie".into(),
            packages: packages
                .iter()
                .map(|(name, version)| ((*name).into(), (*version).into()))
                .collect(),
            sha256: String::new(),
            size: 0,
        };
        let old = entry(&[("a", "1"), ("b", "1")]);
        assert!(old.changes(&old).is_empty());
        assert_eq!(
            old.changes(&entry(&[("a", "2"), ("c", "1")])),
            ["a: 1 -> 2", "b: 1 -> (none)", "c: (none) -> 1"]
        );
    }
}
