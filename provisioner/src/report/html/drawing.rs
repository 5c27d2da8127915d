//! The cluster as a drawing: nodes one below the other, the registry beside them, a line for who trusts it.

use crate::event::{ClusterSeen, NodeSeen};
use crate::render::page::{Drawing, NodeBox};

/// Height of a node's box, and from one to the next.
const BOX: u32 = 62;
const STEP: u32 = 78;

/// Where the first begins.
const TOP: u32 = 26;

/// Height of the registry's box.
const REGISTRY: u32 = 106;

pub(super) fn drawing(cluster: &ClusterSeen) -> Drawing {
    let count = u32::try_from(cluster.nodes.len()).unwrap_or(1).max(1);
    let nodes = TOP + count * STEP;
    let height = nodes.max(TOP + REGISTRY + 16);
    let registry_y = TOP + (height - TOP - 16).saturating_sub(REGISTRY) / 2;
    let boxes = cluster.nodes.iter().zip(0..).map(|(node, at)| {
        // The lines meet the registry one below the other.
        let target = registry_y + REGISTRY * (at + 1) / (count + 1);
        one(node, TOP + at * STEP, target)
    });
    Drawing {
        height,
        nodes: boxes.collect(),
        registry_y,
        registry_host: cluster.registry.host.to_string(),
        registry: cluster.registry.address.clone(),
        image: cluster.registry.image.clone(),
        until: cluster
            .registry
            .until
            .as_ref()
            .map(|until| format!("… {until}"))
            .unwrap_or_default(),
        network: cluster.network.clone(),
    }
}

fn one(node: &NodeSeen, y: u32, target: u32) -> NodeBox {
    let trusted = !node.trust.is_empty() && node.trust.iter().all(|store| store.trusted);
    let shown = node.trust.iter().filter(|store| store.trusted == trusted);
    NodeBox {
        name: node.name.to_string(),
        address: node.address.clone(),
        engine: node.engines.join(", "),
        y,
        middle: y + BOX / 2,
        target,
        trusted,
        stores: shown
            .map(|store| store.store.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    }
}
