//! The `kubernetes:` section of cluster.yaml: a version the lab has, and networks that keep out of each other's way.

use std::net::Ipv4Addr;

use super::check::Checker;
use super::raw;
use super::scalar::Wrong;
use super::{Kubernetes, Network};
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
        let lab = text!("노드의 네트워크", "the nodes' network");
        let neighbours = [(network, lab), (Some(pods), text!("pods", "pods"))];
        for (word, own, others) in [(&raw.pods, pods, 1), (&raw.services, services, 2)] {
            for (other, name) in &neighbours[..others] {
                if let Some(other) = other.filter(|other| other.overlaps(own)) {
                    let message = text!(
                        "{own}이(가) {}({other})와 겹침",
                        "{own} overlaps {} ({other})",
                        name
                    );
                    let hint = text!("예: 10.244.0.0/16", "for example 10.244.0.0/16");
                    self.report_at(&word.clone().or(raw.version.clone()), (message, Some(hint)));
                }
            }
        }
        let most = Kubernetes::most_nodes(pods);
        if most < nodes {
            let message = text!(
                "{pods}는 노드 {nodes}개에 모자람: 노드마다 /24",
                "{pods} is too small for {nodes} nodes: each has a /24"
            );
            self.report_at(&raw.pods, (message, None));
        }
        Some(Kubernetes {
            version: version?,
            pods,
            services,
        })
    }
}

/// A version in full, or the lab's of a minor.
fn version(word: &str) -> Result<String, Wrong> {
    let minor = format!("{word}.");
    let offered = versions("kubernetes.yaml", EMBEDDED).unwrap_or_default();
    let found = offered
        .iter()
        .find(|offered| *offered == word || offered.starts_with(&minor));
    found.cloned().ok_or_else(|| {
        let offered = offered.join(", ");
        let message = text!(
            "Kubernetes {word}은(는) 번들에 없음",
            "the bundle has no Kubernetes {word}"
        );
        (message, Some(text!("있는 것: {offered}", "it has {offered}")))
    })
}
