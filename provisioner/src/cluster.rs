//! The cluster as plain data: what cluster.yaml says once it is checked. Reading and checking it is `config`'s.

mod egress;
mod external;
mod kubernetes;
mod network;
mod ssh;

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::node::{NodeName, Role};

pub use egress::{Egress, Lack, Standing, WayOut};
pub use external::{External, Login, Product};
pub use kubernetes::Kubernetes;
pub use network::Network;
pub use ssh::Ssh;

/// The cluster as the user describes it, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// Its name; never used to name anything on the host.
    pub name: String,
    /// The lab network.
    pub network: Network,
    /// Which provider brings the nodes up.
    pub provider: ProviderKind,
    /// Nodes in the order of the file; exactly one master.
    pub nodes: Vec<Node>,
    /// The private registry.
    pub registry: Registry,
    /// Whether nodes get a way out to the internet.
    pub egress: Egress,
    /// Kubernetes, if it is wanted.
    pub kubernetes: Option<Kubernetes>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name, unique.
    pub name: NodeName,
    /// What it is for.
    pub role: Role,
    /// Its address in the lab network, unique.
    pub address: Ipv4Addr,
    /// Processors.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Node image, e.g. `debian-13`.
    pub image: String,
    /// Container engine.
    pub engine: agent::wire::Engine,
    /// How it is reached, where it is somebody's machine.
    pub ssh: Ssh,
}

/// The private registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Registry {
    /// The node it runs on.
    pub host: NodeName,
    /// Its port there.
    pub port: u16,
    /// Its image, e.g. `registry:2`.
    pub image: String,
    /// A registry of somebody else beside it, if one is named.
    pub external: Option<External>,
}

/// Where nodes come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Vagrant if its machines are up, else local.
    #[default]
    Auto,
    /// Containers on this Linux machine.
    Local,
    /// Virtual machines by Vagrant.
    Vagrant,
    /// Any machines with SSH.
    Inventory,
}

impl ProviderKind {
    /// Whether the lab makes the nodes, with everything in them; else they are machines that were there before.
    pub fn makes_nodes(self) -> bool {
        matches!(self, Self::Auto | Self::Local)
    }
}

impl Cluster {
    /// The master.
    pub fn master(&self) -> &Node {
        self.nodes
            .iter()
            .find(|node| node.role == Role::Master)
            .unwrap_or(&self.nodes[0])
    }

    /// The workers, in the order of the file.
    pub fn workers(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.role == Role::Worker)
    }

    /// The node of this name.
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == *name)
    }

    /// The node the registry and the mirror are on.
    pub fn registry_host(&self) -> &Node {
        self.node(&self.registry.host).unwrap_or(self.master())
    }

    /// `address:port` and `name:port` of the registry, the address first (the notes use it).
    pub fn registry_names(&self) -> Vec<String> {
        let Registry { host, port, .. } = &self.registry;
        let address = self.registry_host().address;
        vec![format!("{address}:{port}"), format!("{host}:{port}")]
    }
}
