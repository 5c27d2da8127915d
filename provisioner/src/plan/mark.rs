//! What was applied, as a node remembers it.

use serde::Serialize;

use super::sha256;

/// What a unit runs with, remembered on the node: a unit whose configuration was written but not read (a killed `lab up`)
/// has no mark of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// File on the node.
    pub path: String,
    /// Whether the leaf is a part of it.
    pub leaf: bool,
    /// Digest of the configuration.
    pub configuration: String,
}

impl Mark {
    /// What `unit` runs with.
    pub fn of(unit: &str, configuration: &str, leaf: bool) -> Self {
        Self {
            path: Self::path(unit),
            leaf,
            configuration: sha256(configuration),
        }
    }

    /// Where the mark of `unit` is.
    pub fn path(unit: &str) -> String {
        format!("/var/lib/lab/applied/{unit}")
    }

    /// What the file holds, for a leaf whose certificate has this digest.
    pub fn content(&self, certificate_sha256: &str) -> String {
        let leaf = if self.leaf { certificate_sha256 } else { "" };
        format!("{} {leaf}\n", self.configuration)
    }
}
