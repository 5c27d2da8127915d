//! cluster.yaml through one table: what is written, and every line that must be said about it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod kubernetes;
mod ssh;
mod text;

use super::{Cluster, Egress, ProviderKind};
use crate::text::Lang;

const COMMITTED: &str = include_str!("../../../cluster.yaml");

/// Parses `yaml` and compares every problem with `expected`, each `line:column: message → hint`, in English.
#[track_caller]
fn check(yaml: &str, expected: &[&str]) {
    let problems = Cluster::parse("cluster.yaml", yaml).err().unwrap_or_default();
    for problem in &problems {
        assert!(!problem.message.get(Lang::Ko).is_empty());
        assert_eq!(problem.file, "cluster.yaml");
    }
    let lines = problems.iter().map(|problem| {
        let hint = problem
            .hint
            .as_ref()
            .map(|hint| format!(" → {hint}"))
            .unwrap_or_default();
        format!("{}:{}: {}{hint}", problem.line, problem.column, problem.message)
    });
    assert_eq!(lines.collect::<Vec<_>>(), expected, "\n{yaml}");
}

/// The committed cluster with one thing changed.
#[track_caller]
fn with(from: &str, to: &str) -> String {
    assert!(COMMITTED.contains(from), "{from}");
    COMMITTED.replacen(from, to, 1)
}

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
    assert_eq!(cluster.network.to_string(), "192.168.1.0/24");
}

#[test]
fn a_network_may_say_more() {
    for (word, egress) in [("off", Egress::Off), ("on", Egress::On), ("auto", Egress::Auto)] {
        let yaml = with(
            "network: 192.168.1.0/24",
            &format!("network: {{address: 192.168.1.0/24, egress: {word}}}"),
        );
        assert_eq!(
            Cluster::parse("cluster.yaml", &yaml).unwrap().egress,
            egress,
            "{word}"
        );
    }
}

#[test]
fn a_node_overrides_the_defaults() {
    let yaml = with("memory: 1GiB}", "memory: 512M, image: debian-12, engine: cri-o}");
    let cluster = Cluster::parse("cluster.yaml", &yaml).unwrap();
    let (first, second) = (&cluster.nodes[1], &cluster.nodes[2]);
    assert_eq!((first.memory, first.image.as_str()), (512 << 20, "debian-12"));
    assert_eq!(
        (first.engine, second.engine),
        (agent::wire::Engine::CriO, agent::wire::Engine::Docker)
    );
    assert_eq!(second.image, "debian-13");
}

#[test]
fn every_problem_is_reported_at_once_in_the_order_of_the_file() {
    let yaml = "\
cluster: Chapter4
netwrok: 192.168.1.0/24
provider: lokal
nodes:
  - {name: m-k8s,  role: master, address: 192.168.1.10, cpus: 0, memory: 2GB, colour: blue}
  - {name: m-k8s,  role: wroker, address: 192.168.1.10, cpus: 1}
registry: {host: m-k9s, port: 5000, image: Registry:2}
extra: 1
";
    check(
        yaml,
        &[
            "1:1: the key `network` is missing → network: The lab network: a private IPv4 network, e.g. 192.168.1.0/24.",
            "1:10: `Chapter4` cannot be a name → lower-case letters, digits and dashes, at most 63: m-k8s",
            "2:1: unknown key `netwrok` → did you mean `network`?",
            "3:11: `lokal` is not one of auto | local | vagrant | inventory → did you mean `local`?",
            "5:63: `0` is not a number from 1 to 256",
            "5:74: `2GB` is not an amount of memory → for example 2GiB or 512MiB",
            "5:79: unknown key `colour` → known here: engine, image, ssh",
            "6:5: the key `memory` is missing → memory: Memory, e.g. 2GiB or 512MiB.",
            "6:12: the node name `m-k8s` appears twice → first on line 5",
            "6:26: `wroker` is not one of master | worker → did you mean `worker`?",
            "6:43: the address 192.168.1.10 appears twice → first on line 5",
            "7:18: there is no node `m-k9s` → did you mean `m-k8s`?",
            "7:31: port 5000 is taken by the mirror → the notes use 8443",
            "7:44: `Registry:2` is not an image name → for example registry:2 (lower case)",
            "8:1: unknown key `extra` → known here: engine, image, kubernetes, network, ssh",
        ],
    );
}

#[test]
fn networks() {
    let check = |network: &str, line: &str| {
        let yaml = with("network: 192.168.1.0/24", &format!("network: {network}"));
        let problems = Cluster::parse("cluster.yaml", &yaml).unwrap_err();
        let first = &problems[0];
        let hint = first
            .hint
            .as_ref()
            .map(|hint| format!(" → {hint}"))
            .unwrap_or_default();
        assert_eq!(
            format!("{}:{}: {}{hint}", first.line, first.column, first.message),
            line
        );
    };
    check(
        "192.168.1.0",
        "3:10: `192.168.1.0` is not an IPv4 network → for example 192.168.1.0/24",
    );
    check(
        "192.168.1.7/24",
        "3:10: `192.168.1.7/24` does not begin at the network's first address → did you mean 192.168.1.0/24?",
    );
    check(
        "8.8.8.0/24",
        "3:10: `8.8.8.0/24` is not a private network → choose one within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16",
    );
    check(
        "192.168.0.0/15",
        "3:10: `192.168.0.0/15` is not a private network → choose one within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16",
    );
    check(
        "192.168.1.0/31",
        "3:10: a /31 network cannot be used → use /8 to /29",
    );
    check(
        "192.168.1.0/99",
        "3:10: `192.168.1.0/99` is not an IPv4 network → for example 192.168.1.0/24",
    );
    check(
        "{adress: 192.168.1.0/24}",
        "3:10: the key `address` is missing → address: CIDR, e.g. 192.168.1.0/24.",
    );
    check(
        "[192.168.1.0/24]",
        "3:10: a list where a value should be → The lab network: a private IPv4 network, e.g. 192.168.1.0/24.",
    );
}

#[test]
fn addresses_must_be_ones_a_node_can_have() {
    let hint = "choose one from 192.168.1.1 to 192.168.1.254";
    let check_address = |address: &str, message: &str| {
        check(
            &with("address: 192.168.1.102", &format!("address: {address}")),
            &[&format!("11:43: {message}")],
        );
    };
    check_address(
        "192.168.2.5",
        &format!("the address 192.168.2.5 is outside the network 192.168.1.0/24 → {hint}"),
    );
    check_address(
        "192.168.1.0",
        &format!("192.168.1.0 is the address of the network itself → {hint}"),
    );
    check_address(
        "192.168.1.255",
        &format!("192.168.1.255 is the network's broadcast address → {hint}"),
    );
    check_address(
        "192.168.1",
        "`192.168.1` is not an IPv4 address → for example 192.168.1.10",
    );
}

#[test]
fn exactly_one_master() {
    check(
        &with("role: master", "role: worker"),
        &["9:3: no node has the role master → give one node `role: master`"],
    );
    check(
        &with("role: worker", "role: master"),
        &["10:26: a second master → make it `role: worker`"],
    );
}

#[test]
fn no_nodes_and_too_many() {
    let start = COMMITTED.find("nodes:").unwrap();
    let end = COMMITTED.find("registry:").unwrap();
    let mut yaml = COMMITTED.to_owned();
    yaml.replace_range(start..end, "nodes: []\n");
    let problems = Cluster::parse("cluster.yaml", &yaml).unwrap_err();
    assert_eq!(problems[0].message.en, "there are no nodes");
    let mut nodes = "nodes:\n".to_owned();
    for index in 0..40 {
        let role = if index == 0 { "master" } else { "worker" };
        let name = if index == 0 {
            "m-k8s".to_owned()
        } else {
            format!("w{index}")
        };
        nodes += &format!(
            "  - {{name: {name}, role: {role}, address: 192.168.1.{}, cpus: 1, memory: 1GiB}}\n",
            10 + index
        );
    }
    let mut yaml = COMMITTED.to_owned();
    yaml.replace_range(start..end, &nodes);
    check(&yaml, &["41:5: too many nodes: 40, at most 32"]);
}

#[test]
fn engines_registries_and_ports() {
    check(
        &with("engine: docker", "engine: dokcer"),
        &["6:9: `dokcer` is not one of docker | containerd | cri-o | podman → did you mean `docker`?"],
    );
    check(
        &with("port: 8443", "port: 22"),
        &["16:9: port 22 is taken by ssh → the notes use 8443"],
    );
    check(
        &with("port: 8443", "port: 70000"),
        &["16:9: `70000` is not a number from 1 to 65535"],
    );
    check(
        &with("port: 8443", "port: [8443]"),
        &["16:9: a list where a number should be → Its port there; not 22 (ssh) or 5000 (the mirror)."],
    );
    check(
        &with("host: m-k8s", "host:"),
        &["15:7: nothing where a value should be → The node it runs on."],
    );
}
