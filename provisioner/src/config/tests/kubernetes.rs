//! The `kubernetes:` section.

use super::{COMMITTED, check};
use crate::config::Cluster;

fn with(section: &str) -> String {
    let kept = COMMITTED.lines().filter(|line| !line.starts_with("kubernetes"));
    kept.chain([section]).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn a_minor_means_the_version_the_lab_has_and_every_node_has_a_network_of_its_own() {
    let cluster = Cluster::parse("cluster.yaml", &with("kubernetes: {version: \"1.34\"}")).unwrap();
    let kubernetes = cluster.kubernetes.unwrap();
    assert_eq!(kubernetes.version, "1.34.4");
    assert_eq!(kubernetes.services.to_string(), "10.96.0.0/16");
    let of = |place| kubernetes.pods_of(place).to_string();
    assert_eq!([of(0), of(3)], ["10.244.0.0/24", "10.244.3.0/24"]);
}

#[test]
fn versions_nobody_offers_and_networks_in_each_others_way() {
    check(
        &with("kubernetes: {version: \"1.3\"}"),
        &["19:23: the bundle has no Kubernetes 1.3 → it has 1.34.4, 1.36.3"],
    );
    check(
        &with("kubernetes: {}"),
        &[
            "19:13: the key `version` is missing → version: Its version: 1.34 (what the lab has of that minor) or 1.34.4.",
        ],
    );
    check(
        &with("kubernetes: {version: 1.34.4, pods: 192.168.0.0/16}"),
        &["19:37: 192.168.0.0/16 overlaps the nodes' network (192.168.1.0/24) → for example 10.244.0.0/16"],
    );
    check(
        &with("kubernetes: {version: 1.34.4, services: 10.244.7.0/24}"),
        &["19:41: 10.244.7.0/24 overlaps pods (10.244.0.0/16) → for example 10.244.0.0/16"],
    );
    check(
        &with("kubernetes: {version: 1.34.4, pods: 10.9.0.0/23}"),
        &["19:37: 10.9.0.0/23 is too small for 4 nodes: each has a /24"],
    );
}
