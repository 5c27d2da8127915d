//! The `kubernetes:` section of cluster.yaml: a version the lab has, and networks that keep out of each other's way.

use std::net::Ipv4Addr;

use super::check::Checker;
use super::raw;
use super::scalar::Wrong;
use super::{Cluster, Kubernetes, Network};
use crate::bundle::kubernetes::{EMBEDDED, versions};
use crate::text;

const PODS: Network = Network {
    base: Ipv4Addr::new(10, 244, 0, 0),
    prefix: 16,
};
const SERVICES: Network = Network {
    base: Ipv4Addr::new(10, 96, 0, 0),
    prefix: 16,
};

impl Checker<'_> {
    /// What is asked for, if it is right. `nodes`: how many there are.
    pub(super) fn kubernetes(
        &mut self,
        raw: &raw::Kubernetes,
        network: Option<Network>,
        nodes: usize,
    ) -> Option<Kubernetes> {
        let version = self.read(&raw.version, version);
        let pods = self.read(&raw.pods, str::parse).unwrap_or(PODS);
        let services = self.read(&raw.services, str::parse).unwrap_or(SERVICES);
        for (which, wrong) in clashes(network, pods, services, nodes) {
            let word = match which {
                Which::Pods => &raw.pods,
                Which::Services => &raw.services,
            };
            self.report_at(&word.clone().or(raw.version.clone()), wrong);
        }
        Some(Kubernetes {
            version: version?,
            pods,
            services,
        })
    }
}

impl Kubernetes {
    /// Kubernetes asked for elsewhere than in cluster.yaml: this version (the lab's own, if empty) in the usual networks.
    pub fn asked(version: &str, cluster: &Cluster) -> Result<Self, Wrong> {
        let version = self::version(version)?;
        match clashes(Some(cluster.network), PODS, SERVICES, cluster.nodes.len()).pop() {
            None => Ok(Self {
                version,
                pods: PODS,
                services: SERVICES,
            }),
            Some((_, (what, _))) => {
                let hint = text!(
                    "cluster.yaml에 다른 네트워크를 적으세요: `kubernetes: {{version: \"{version}\", pods: …, services: …}}`",
                    "give it other networks in cluster.yaml: `kubernetes: {{version: \"{version}\", pods: …, services: …}}`"
                );
                Err((what, Some(hint)))
            }
        }
    }
}

/// A network of Kubernetes'.
enum Which {
    Pods,
    Services,
}

/// What is wrong with the networks, each with whose it is. `network`: the nodes' own, where it is known.
fn clashes(network: Option<Network>, pods: Network, services: Network, nodes: usize) -> Vec<(Which, Wrong)> {
    let lab = text!("노드의 네트워크", "the nodes' network");
    let neighbours = [(network, lab), (Some(pods), text!("pods", "pods"))];
    let mut wrong = vec![];
    for (which, own, others) in [(Which::Pods, pods, 1), (Which::Services, services, 2)] {
        let clashing = neighbours[..others]
            .iter()
            .find_map(|(other, name)| Some((other.filter(|other| other.overlaps(own))?, name)));
        if let Some((other, name)) = clashing {
            let message = text!(
                "{own}이(가) {}({other})와 겹침",
                "{own} overlaps {} ({other})",
                name
            );
            let hint = text!("예: 10.244.0.0/16", "for example 10.244.0.0/16");
            wrong.push((which, (message, Some(hint))));
        }
    }
    if Kubernetes::most_nodes(pods) < nodes {
        let message = text!(
            "{pods}는 노드 {nodes}개에 모자람: 노드마다 /24",
            "{pods} is too small for {nodes} nodes: each has a /24"
        );
        wrong.push((Which::Pods, (message, None)));
    }
    wrong
}

/// A version in full, or the lab's of a minor; the lab's own if empty.
fn version(word: &str) -> Result<String, Wrong> {
    let minor = format!("{word}.");
    let offered = versions("kubernetes.yaml", EMBEDDED).unwrap_or_default();
    let found = offered
        .iter()
        .find(|offered| word.is_empty() || *offered == word || offered.starts_with(&minor));
    found.cloned().ok_or_else(|| {
        let offered = offered.join(", ");
        let message = text!(
            "Kubernetes {word}은(는) 번들에 없음",
            "the bundle has no Kubernetes {word}"
        );
        (message, Some(text!("있는 것: {offered}", "it has {offered}")))
    })
}
