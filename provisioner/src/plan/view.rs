//! One node, and what is known of it, as the parts of a plan look at it.

use agent::wire::{Facts, FileFact, UnitFact};

use super::{Mark, sha256};
use crate::config::Node;
use crate::facts::{Observed, Pki, Seen};

/// One node, as the parts of a plan look at it.
pub(super) struct View<'a> {
    pub(super) node: &'a Node,
    pub(super) seen: Option<&'a Seen>,
    pub(super) pki: &'a Pki,
}

impl<'a> View<'a> {
    pub(super) fn new(node: &'a Node, observed: &'a Observed) -> Self {
        Self {
            node,
            seen: observed.nodes.get(&node.name),
            pki: &observed.pki,
        }
    }

    /// Runs and does not answer: nothing can be done there, and nothing is known of it.
    pub(super) fn silent(&self) -> bool {
        self.seen.is_some_and(Seen::silent)
    }

    pub(super) fn facts(&self) -> Option<&'a Facts> {
        Some(&self.seen?.known.as_ref()?.facts)
    }

    pub(super) fn file(&self, path: &str) -> Option<&FileFact> {
        self.seen?.known.as_ref()?.facts.files.get(path)?.as_ref()
    }

    pub(super) fn unit(&self, unit: &str) -> UnitFact {
        let known = self.seen.and_then(|seen| seen.known.as_ref());
        known
            .and_then(|known| known.facts.units.get(unit))
            .cloned()
            .unwrap_or_default()
    }

    /// Whether the file is there with this digest and mode.
    pub(super) fn holds(&self, path: &str, sha256: &str, mode: u32) -> bool {
        self.file(path)
            .is_some_and(|file| file.sha256 == sha256 && file.mode & 0o7777 == mode)
    }

    /// Whether the unit of this mark runs with what the mark says.
    pub(super) fn marked(&self, mark: &Mark) -> bool {
        let leaf = self.pki.leaf.as_ref().map_or("", |leaf| &leaf.certificate_sha256);
        self.holds(&mark.path, &sha256(mark.content(leaf)), 0o644)
    }
}
