//! cluster.yaml as it is written: every scalar a text with its place, nothing checked yet. Everything may be absent and
//! unknown keys pass, so that one slip does not hide the other problems: [`super::shape`] reports both, from the JSON
//! Schema derived here.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_yaml::Spanned;

use super::{Egress, ProviderKind};
use crate::node::{NodeName, Role};

/// A scalar and its place.
pub type Word = Spanned<String>;

/// The cluster of the lab.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "cluster.yaml", deny_unknown_fields)]
pub struct Cluster {
    /// The cluster's name: letters, digits and dashes.
    #[schemars(required, with = "NodeName")]
    pub cluster: Option<Word>,
    /// The lab network: a private IPv4 network, e.g. 192.168.1.0/24.
    #[schemars(required, with = "Network")]
    pub network: Option<Spanned<Network>>,
    /// Where nodes come from.
    #[schemars(with = "Option<ProviderKind>")]
    pub provider: Option<Word>,
    /// Every node's image, unless a node names its own.
    #[schemars(with = "Option<String>")]
    pub image: Option<Word>,
    /// Every node's container engine, unless a node names its own.
    #[schemars(with = "Option<Engine>")]
    pub engine: Option<Word>,
    /// How every machine is reached by SSH (provider inventory), unless a node says otherwise.
    #[schemars(with = "Option<Ssh>")]
    pub ssh: Option<Spanned<Ssh>>,
    /// The nodes: exactly one master.
    #[schemars(required, with = "Vec<Node>", length(min = 1, max = 32))]
    pub nodes: Option<Spanned<Vec<Spanned<Node>>>>,
    /// The private registry.
    #[schemars(required, with = "Registry")]
    pub registry: Option<Spanned<Registry>>,
    /// Kubernetes on all nodes; without this key there is none.
    #[schemars(with = "Option<Kubernetes>")]
    pub kubernetes: Option<Spanned<Kubernetes>>,
}

/// Kubernetes, set up by kubeadm.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Kubernetes {
    /// Its version: 1.34 (what the lab has of that minor) or 1.34.4.
    #[schemars(required, with = "String", regex(pattern = r"^1\.[0-9]+(\.[0-9]+)?$"))]
    pub version: Option<Word>,
    /// Network of the pods, a /24 of it per node (default 10.244.0.0/16).
    #[schemars(with = "Option<String>")]
    pub pods: Option<Word>,
    /// Network of the services (default 10.96.0.0/16).
    #[schemars(with = "Option<String>")]
    pub services: Option<Word>,
}

/// The lab network: its CIDR, or a mapping that says more.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Network {
    /// CIDR, e.g. 192.168.1.0/24.
    Address(String),
    /// CIDR and more.
    More(NetworkMore),
}

/// The lab network and whether nodes get a way out.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NetworkMore {
    /// CIDR, e.g. 192.168.1.0/24.
    #[schemars(required, with = "String")]
    pub address: Option<Word>,
    /// Whether nodes get a way out to the internet, by pasta: auto (where the host has a default route and pasta, and not with
    /// --offline), on (required) or off.
    #[schemars(with = "Option<Egress>")]
    pub egress: Option<Word>,
}

/// A node.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Node {
    /// Its name, unique, e.g. w1-k8s.
    #[schemars(required, with = "NodeName")]
    pub name: Option<Word>,
    /// What it is for.
    #[schemars(required, with = "Role")]
    pub role: Option<Word>,
    /// Its IPv4 address in the lab network, unique.
    #[schemars(required, with = "String", extend("format" = "ipv4"))]
    pub address: Option<Word>,
    /// Processors, 1 to 256.
    #[schemars(required, with = "u32", range(min = 1, max = 256))]
    pub cpus: Option<Word>,
    /// Memory, e.g. 2GiB or 512MiB.
    #[schemars(required, with = "String", regex(pattern = r"^[0-9]+ ?(GiB|Gi|G|MiB|Mi|M)$"))]
    pub memory: Option<Word>,
    /// Its image, if not the cluster's.
    #[schemars(with = "Option<String>")]
    pub image: Option<Word>,
    /// Its container engine, if not the cluster's.
    #[schemars(with = "Option<Engine>")]
    pub engine: Option<Word>,
    /// How it is reached by SSH (provider inventory).
    #[schemars(with = "Option<Ssh>")]
    pub ssh: Option<Spanned<Ssh>>,
}

/// SSH to a machine that was there before the lab.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Ssh {
    /// Address or name it is reached at (default: the node's address).
    #[schemars(with = "Option<String>")]
    pub address: Option<Word>,
    /// Port (default 22).
    #[schemars(with = "Option<u16>", range(min = 1))]
    pub port: Option<Word>,
    /// Who logs in: root, or somebody who may use sudo without a password (default: who runs lab).
    #[schemars(with = "Option<String>")]
    pub user: Option<Word>,
    /// A private key file without a passphrase: absolute, ~/…, or relative to the project.
    #[schemars(with = "Option<String>")]
    pub key: Option<Word>,
    /// Whether the keys of the SSH agent are tried (default: if no key and no password is named).
    #[schemars(with = "Option<bool>")]
    pub agent: Option<Word>,
    /// A file with the password, readable by its owner only.
    #[serde(rename = "password-file")]
    #[schemars(with = "Option<String>")]
    pub password_file: Option<Word>,
}

/// The private registry.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Registry {
    /// The node it runs on.
    #[schemars(required, with = "NodeName")]
    pub host: Option<Word>,
    /// Its port there; not 22 (ssh) or 5000 (the mirror).
    #[schemars(required, with = "u16", range(min = 1))]
    pub port: Option<Word>,
    /// Its image, e.g. registry:2.
    #[schemars(required, with = "String")]
    pub image: Option<Word>,
}

// The schema of the agent's own `wire::Engine`, which knows no schemas.
/// A container engine.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only its schema is used")]
pub enum Engine {
    /// Docker Engine.
    Docker,
    /// containerd.
    Containerd,
    /// CRI-O.
    CriO,
    /// Podman.
    Podman,
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NetworkVisitor)
    }
}

struct NetworkVisitor;

impl<'de> Visitor<'de> for NetworkVisitor {
    type Value = Network;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a network such as 192.168.1.0/24, or {address: …, egress: …}")
    }

    fn visit_str<E: serde::de::Error>(self, address: &str) -> Result<Network, E> {
        Ok(Network::Address(address.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Network, A::Error> {
        NetworkMore::deserialize(MapAccessDeserializer::new(map)).map(Network::More)
    }
}
