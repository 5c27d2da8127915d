//! cluster.yaml through one table: what is written, and every line that must be said about it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use super::{Cluster, Egress, ProviderKind};

const COMMITTED: &str = include_str!("../../../cluster.yaml");

#[test]
fn the_committed_cluster_is_the_one_of_the_notes() {
    let cluster = Cluster::parse("cluster.yaml", COMMITTED).unwrap();
    let nodes: Vec<_> = cluster
        .nodes
        .iter()
        .map(|node| format!("{} {}", node.name, node.address))
        .collect();
    assert_eq!(
        nodes,
        [
            "m-k8s 192.168.1.10",
            "w1-k8s 192.168.1.101",
            "w2-k8s 192.168.1.102",
            "w3-k8s 192.168.1.103"
        ]
    );
    assert_eq!(cluster.registry_names(), ["192.168.1.10:8443", "m-k8s:8443"]);
    assert_eq!(
        (cluster.provider, cluster.egress),
        (ProviderKind::Auto, Egress::Auto)
    );
    assert_eq!(cluster.master().memory, 2 << 30);
}
