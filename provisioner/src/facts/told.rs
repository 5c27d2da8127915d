//! What a report is told of the cluster: of all that is known, what a reader asks for.

use std::collections::BTreeMap;

use super::{Known, Observed};
use crate::config::{Cluster, Node};
use crate::engine;
use crate::event::{ClusterSeen, NodeSeen, RegistrySeen, TrustSeen};

/// The cluster as it was seen. `provider` and `online`: where its nodes come from, whether they reach the internet.
pub fn told(cluster: &Cluster, observed: &Observed, provider: &str, online: bool) -> ClusterSeen {
    let registry = &cluster.registry;
    let nodes = cluster.nodes.iter().map(|node| {
        let known = observed
            .nodes
            .get(&node.name)
            .and_then(|seen| seen.known.as_ref());
        one(node, known.unwrap_or(&Known::default()), &observed.pki.trusted)
    });
    ClusterSeen {
        lab: env!("CARGO_PKG_VERSION").into(),
        bundle: observed.bundle.clone(),
        provider: provider.into(),
        online,
        network: cluster.network.to_string(),
        registry: RegistrySeen {
            host: registry.host.clone(),
            address: cluster.registry_names().into_iter().next().unwrap_or_default(),
            image: registry.image.clone(),
            until: observed
                .pki
                .leaf
                .as_ref()
                .map(|leaf| leaf.certificate.not_after.date().to_string()),
        },
        nodes: nodes.collect(),
    }
}

fn one(node: &Node, known: &Known, trusted: &str) -> NodeSeen {
    let facts = &known.facts;
    let mut stores: BTreeMap<&str, bool> = BTreeMap::new();
    for fact in &known.trust {
        let holds = fact.sha256.as_deref() == Some(trusted);
        *stores.entry(&fact.store).or_insert(true) &= holds;
    }
    let store = |(store, trusted): (&str, bool)| TrustSeen {
        store: store.to_owned(),
        trusted,
    };
    let engines = facts
        .engines
        .iter()
        .map(|found| format!("{} {}", engine::name(found.engine), found.version));
    NodeSeen {
        name: node.name.clone(),
        role: node.role,
        address: node.address.to_string(),
        system: format!("{} {}", facts.os_id, facts.os_version).trim().to_owned(),
        kernel: facts.kernel.clone(),
        architecture: facts.architecture.clone(),
        cgroup: facts.cgroup,
        cpus: node.cpus,
        memory: node.memory,
        agent: facts.agent.clone(),
        engines: engines.collect(),
        trust: stores.into_iter().map(store).collect(),
    }
}
