//! What a report is told of the cluster: of all that is known, what a reader asks for.

use std::collections::BTreeMap;

use super::{Known, Observed};
use crate::config::{Cluster, Node};
use crate::engine;
use crate::event::{ClusterSeen, ExternalSeen, NodeSeen, RegistrySeen, TrustSeen};
use crate::node::NodeName;
use crate::registry_product::row;

/// The cluster as it was seen. `provider` and `online`: where its nodes come from, whether they reach the internet; `machine_id`:
/// that of the machine `lab` runs on.
pub fn told(
    cluster: &Cluster,
    observed: &Observed,
    (provider, online): (&str, bool),
    machine_id: &str,
) -> ClusterSeen {
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
        orchestrator: orchestrator(observed, machine_id),
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
        external: external(cluster, observed),
        nodes: nodes.collect(),
    }
}

/// The node that is the machine `lab` runs on.
fn orchestrator(observed: &Observed, machine_id: &str) -> Option<NodeName> {
    let is_it = |known: &Known| !machine_id.is_empty() && known.facts.machine_id == machine_id;
    let mut all = observed.nodes.iter();
    all.find(|(_, seen)| seen.known.as_ref().is_some_and(is_it))
        .map(|(name, _)| name.clone())
}

fn external(cluster: &Cluster, observed: &Observed) -> Option<ExternalSeen> {
    let standing = observed.external.asked.as_ref()?.as_ref().ok()?;
    Some(ExternalSeen {
        address: cluster.registry.external.as_ref()?.prefix(),
        product: row(standing.product).told(),
        user: standing.user.clone(),
    })
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use agent::wire::TrustFact;
    use time::OffsetDateTime;

    use super::*;
    use crate::facts::{Pki, Seen};

    #[test]
    fn a_store_trusts_only_if_it_does_so_under_every_name() {
        let cluster = Cluster::parse("cluster.yaml", include_str!("../../../cluster.yaml")).unwrap();
        let fact = |store: &str, registry: &str, sha256: Option<&str>| TrustFact {
            store: store.into(),
            registry: registry.into(),
            path: "ca.crt".into(),
            sha256: sha256.map(Into::into),
        };
        let mut known = Known::default();
        known.facts.machine_id = "one".into();
        known.facts.engines.push(agent::wire::EngineFact {
            engine: agent::wire::Engine::Docker,
            version: "26.1.5".into(),
            running: true,
        });
        known.trust = vec![
            fact("docker", "a:8443", Some("ours")),
            fact("docker", "b:8443", None),
            fact("podman", "a:8443", Some("another")),
            fact("system", "a:8443", Some("ours")),
            fact("system", "b:8443", Some("ours")),
        ];
        let seen = Seen {
            up: true,
            known: Some(known),
        };
        let observed = Observed {
            nodes: BTreeMap::from([("w1-k8s".parse().unwrap(), seen)]),
            pki: Pki {
                trusted: "ours".into(),
                ..Pki::default()
            },
            bundle: "digest".into(),
            way_out: None,
            external: Default::default(),
            now: OffsetDateTime::UNIX_EPOCH,
        };
        let on = |machine_id| told(&cluster, &observed, ("local", false), machine_id);
        assert_eq!(on("another").orchestrator, None);
        assert_eq!(on("one").orchestrator, Some("w1-k8s".parse().unwrap()));
        let told = on("");
        assert_eq!(told.orchestrator, None);
        let names: Vec<&str> = told.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["m-k8s", "w1-k8s", "w2-k8s", "w3-k8s"]);
        let trusting = told.nodes[1].trust.iter().filter(|store| store.trusted);
        let trusting: Vec<&str> = trusting.map(|store| store.store.as_str()).collect();
        assert_eq!(trusting, ["system"]);
        assert_eq!(told.nodes[1].engines, ["Docker 26.1.5"]);
        assert!(
            told.nodes[0].trust.is_empty(),
            "a node that was not asked trusts nothing"
        );
        assert_eq!(told.registry.address, "192.168.1.10:8443");
    }
}
