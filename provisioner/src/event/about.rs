//! What a run is about and where it takes place, told before it begins: so that its events alone say everything a report shows.

use serde::{Deserialize, Serialize};

use crate::claim::Claim;
use crate::node::{NodeName, Role};
use crate::text::Text;

/// A lab: its exercises and its ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The lab's title.
    pub title: Text,
    /// Every exercise in the order of the notes, also those that will not run.
    pub exercises: Vec<Heading>,
    /// The ledger.
    pub claims: Vec<Claim>,
}

/// An exercise, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Its id.
    pub id: String,
    /// The heading of the notes it belongs to.
    pub section: String,
    /// Its title.
    pub title: Text,
}

/// The cluster a run begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSeen {
    /// Version of `lab`.
    pub lab: String,
    /// Digest of the bundle the nodes are made from.
    pub bundle: String,
    /// Where the nodes come from.
    pub provider: String,
    /// The node `lab` itself ran on, which holds the authority's key; `None`: it was another machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orchestrator: Option<NodeName>,
    /// Whether the nodes reach the internet.
    pub online: bool,
    /// The lab network.
    pub network: String,
    /// The private registry.
    pub registry: RegistrySeen,
    /// The external registry, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalSeen>,
    /// The nodes, in the order of cluster.yaml.
    pub nodes: Vec<NodeSeen>,
}

/// The private registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrySeen {
    /// The node it runs on.
    pub host: NodeName,
    /// `address:port`.
    pub address: String,
    /// Its image.
    pub image: String,
    /// Until when its certificate is valid, as a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A registry beside the lab's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalSeen {
    /// What images' names begin with there.
    pub address: String,
    /// What it is; `(unproved)` behind it where only its documentation is known.
    pub product: String,
    /// Who is logged in.
    pub user: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSeen {
    /// Its name.
    pub name: NodeName,
    /// What it is for.
    pub role: Role,
    /// Its address.
    pub address: String,
    /// Its operating system, e.g. `debian 13`.
    pub system: String,
    /// `uname -r`.
    pub kernel: String,
    /// `uname -m`.
    pub architecture: String,
    /// 1 or 2.
    pub cgroup: u8,
    /// Processors.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Version of its agent.
    pub agent: String,
    /// Its engines with their versions, e.g. `Docker 26.1.5`.
    pub engines: Vec<String>,
    /// Whether each of its trust stores trusts the registry.
    pub trust: Vec<TrustSeen>,
}

/// A trust store of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustSeen {
    /// The engine it belongs to, or `system`.
    pub store: String,
    /// Whether it holds the lab's authority, under each name of the registry.
    pub trusted: bool,
}

/// Something that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Of what.
    pub name: String,
    /// How much, or which.
    pub value: Value,
}

/// What measuring found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// In the unit's whole parts: bytes, milliseconds, or a plain number.
    Number(u64),
    /// A word: a property that is no number.
    Word(String),
}

impl Value {
    /// Its number; 0 of a word.
    pub fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Word(_) => 0,
        }
    }
}

/// What a value is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Seconds, kept as milliseconds.
    Seconds,
    /// A plain number.
    Count,
    /// A word.
    Word,
}

impl Unit {
    /// Each by the word a lab uses.
    pub const WORDS: [(&str, Self); 4] = [
        ("bytes", Self::Bytes),
        ("seconds", Self::Seconds),
        ("count", Self::Count),
        ("word", Self::Word),
    ];

    /// The word a lab uses.
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, unit)| *unit == self);
        found.map_or("", |(word, _)| word)
    }
}

impl ClusterSeen {
    /// What ran on a node, in a line.
    pub fn versions(&self, node: &NodeName) -> Option<String> {
        let node = self.nodes.iter().find(|seen| seen.name == *node)?;
        let mut words = node.engines.clone();
        words.extend([node.system.clone(), format!("Linux {}", node.kernel)]);
        Some(words.join(", "))
    }
}
