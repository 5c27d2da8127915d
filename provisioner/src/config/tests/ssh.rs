//! How machines are reached: what a node says, what holds for all, and what is wrong.

use std::path::Path;

use super::{Cluster, check, with};

const MACHINES: &str = "\
cluster: mine
network: 192.168.1.0/24
provider: inventory
ssh: {user: debian, key: ~/.ssh/lab}
nodes:
  - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB, ssh: {address: 10.0.0.5, port: 2222}}
  - {name: w1-k8s, role: worker, address: 192.168.1.11, cpus: 1, memory: 1GiB, ssh: {user: ubuntu, password-file: secret}}
registry: {host: m-k8s, port: 8443, image: registry:2}
";

#[test]
fn a_node_says_what_differs_from_all() {
    let cluster = Cluster::parse("cluster.yaml", MACHINES).unwrap();
    let (master, worker) = (&cluster.nodes[0].ssh, &cluster.nodes[1].ssh);
    assert_eq!(master.address.as_deref(), Some("10.0.0.5"));
    assert_eq!(
        (master.port, master.user.as_deref()),
        (Some(2222), Some("debian"))
    );
    assert_eq!(master.key.as_deref(), Some(Path::new("~/.ssh/lab")));
    assert_eq!((worker.port, worker.user.as_deref()), (None, Some("ubuntu")));
    assert_eq!(worker.password_file.as_deref(), Some(Path::new("secret")));
    assert_eq!(worker.key, None, "a way of its own replaces the common one");
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    let wrong = |from: &str, to: &str, expected: &[&str]| check(&MACHINES.replace(from, to), expected);
    wrong(
        "ssh: {user: debian,",
        "ssh: {address: 10.0.0.1, user: debian,",
        &[
            "4:16: not every machine can be at one address → write it at its node: {name: m-k8s, …, ssh: {address: 10.0.0.5}}",
        ],
    );
    wrong(
        "address: 10.0.0.5",
        "address: '10.0.0.5:22'",
        &[
            "6:94: `10.0.0.5:22` is neither an address nor a host name → a port goes into `port:`: {address: 10.0.0.5, port: 2222}",
        ],
    );
    wrong(
        "port: 2222",
        "port: 0",
        &["6:110: `0` is not a number from 1 to 65535"],
    );
    wrong(
        "user: ubuntu",
        "user: 'a b', agent: maybe",
        &[
            "7:92: `a b` is not a user's name → for example debian",
            "7:106: `maybe` is neither true nor false → for example agent: true",
        ],
    );
    wrong(
        "password-file: secret",
        "password: secret",
        &["7:100: unknown key `password` → known here: address, agent, key, password-file, port"],
    );
    wrong(
        "ssh: {user: ubuntu,",
        "ssh: {address: 10.0.0.5, port: 2222, user: ubuntu,",
        &[
            "7:95: two nodes are reached at the same place: 10.0.0.5 port 2222 → the first is the node on line 6",
        ],
    );
}

#[test]
fn other_providers_do_not_mind() {
    let text = with("provider: auto", "provider: auto\nssh: {user: debian}");
    assert!(Cluster::parse("cluster.yaml", &text).is_ok());
}
