//! The cluster as a drawing: nodes one below the other, the registry beside them, a line for who trusts it.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::event::{ClusterSeen, NodeSeen};
use crate::render::page::{Drawing, NodeBox};

/// Height of a node's box, and from one to the next.
const BOX: u32 = 98;
const STEP: u32 = 112;

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
        registry_host: fit(cluster.registry.host.as_str(), 20),
        registry: fit(&cluster.registry.address, 22),
        image: fit(&cluster.registry.image, 18),
        until: cluster.registry.until.clone().unwrap_or_default(),
        network: cluster.network.clone(),
    }
}

fn one(node: &NodeSeen, y: u32, target: u32) -> NodeBox {
    let trusted = !node.trust.is_empty() && node.trust.iter().all(|store| store.trusted);
    let shown = node.trust.iter().filter(|store| store.trusted == trusted);
    let stores: Vec<&str> = shown.map(|store| store.store.as_str()).collect();
    NodeBox {
        name: fit(node.name.as_str(), 18),
        address: node.address.clone(),
        engine: fit(node.engines.first().map_or("", String::as_str), 22),
        y,
        middle: y + BOX / 2,
        target,
        trusted,
        stores: fit(&stores.join(" "), 25),
    }
}

/// As much of a text as `columns` hold: a drawing has no lines to break.
fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let (mut kept, mut width) = (String::new(), 1);
    for one in text.chars() {
        width += one.width().unwrap_or(0);
        if width > columns {
            break;
        }
        kept.push(one);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn what_is_too_long_is_cut() {
        for (text, expected) in [
            ("Docker", "Docker"),
            ("Docker 26.1", "Docke…"),
            ("도커엔진", "도커…"),
        ] {
            assert_eq!(fit(text, 6), expected);
        }
    }
}
