//! What is known of the world when a plan is made. Data only: what to ask for is `plan::query`'s, asking `gather`'s.

pub mod external;
mod told;

use std::collections::BTreeMap;

use agent::wire::{Facts, TrustFact};
use time::OffsetDateTime;

use crate::cluster::WayOut;
use crate::node::NodeName;
use crate::pki::Inspected;
pub use told::told;

/// Everything a plan is made from.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Every node of the cluster.
    pub nodes: BTreeMap<NodeName, Seen>,
    /// What has been issued.
    pub pki: Pki,
    /// The nodes' way out; `None` where it is not the lab's to open.
    pub way_out: Option<WayOut>,
    /// The external registry.
    pub external: external::Sight,
    /// Digest of the bundle nodes are made from.
    pub bundle: String,
    /// The clock.
    pub now: OffsetDateTime,
}

/// One node.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Whether it runs.
    pub up: bool,
    /// What its agent says; `None` where it was not asked (it does not run) or does not answer (it runs).
    pub known: Option<Known>,
}

impl Seen {
    /// Whether it runs and does not answer.
    pub fn silent(&self) -> bool {
        self.up && self.known.is_none()
    }
}

/// What a node's agent says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Its state.
    pub facts: Facts,
    /// What its engines trust.
    pub trust: Vec<TrustFact>,
    /// Its /etc/hosts, whole: the lab owns only a part of it.
    pub hosts: String,
    /// Its dealings with an external registry.
    pub external: external::Dealings,
}

/// Authority and leaf, by digest: no key is ever here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pki {
    /// The authority that signs.
    pub authority: Option<Inspected>,
    /// SHA-256 of all trusted certificates one after the other, PEM, hex.
    pub trusted: String,
    /// The leaf of the registry's host.
    pub leaf: Option<LeafState>,
}

/// A stored leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafState {
    /// The certificate.
    pub certificate: Inspected,
    /// SHA-256 of the chain as written to nodes, hex.
    pub certificate_sha256: String,
    /// SHA-256 of the key file, hex.
    pub key_sha256: String,
}
