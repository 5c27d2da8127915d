//! Kubernetes as cluster.yaml asks for it, and how its networks are shared out among nodes.

use std::net::Ipv4Addr;

use serde::Serialize;

use super::Network;

/// Kubernetes, by kubeadm, on all nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kubernetes {
    /// Version without `v`, e.g. `1.34.4`.
    pub version: String,
    /// Addresses of pods: one /24 per node.
    pub pods: Network,
    /// Addresses of services.
    pub services: Network,
}

/// Bits of the prefix of one node's pods.
pub const PODS_PREFIX: u8 = 24;

impl Kubernetes {
    /// The port of its API on the master.
    pub const PORT: u16 = 6443;

    /// How many nodes have a network for their pods.
    pub fn most_nodes(pods: Network) -> usize {
        1 << PODS_PREFIX.saturating_sub(pods.prefix)
    }

    /// The pods' network of the node at this place in cluster.yaml.
    pub fn pods_of(&self, place: usize) -> Network {
        let place = u32::try_from(place).unwrap_or_default();
        Network {
            base: Ipv4Addr::from_bits(self.pods.base.to_bits() + (place << (32 - PODS_PREFIX))),
            prefix: PODS_PREFIX,
        }
    }
}
