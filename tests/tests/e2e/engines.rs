//! Container engines: each as a node's engine, and one put in the place of another.

use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{booting, program};

/// One node: what is tried is the engine.
const CLUSTER: &str = "cluster: engines\nnetwork: 192.168.1.0/24\nprovider: local\nnodes:\n- {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB}\nregistry: {host: m-k8s, port: 8443, image: registry:2}\n";

/// A worker more, for what is pulled elsewhere than it was pushed.
const WITH_KUBERNETES: &str = "cluster: engines\nnetwork: 192.168.1.0/24\nprovider: local\nnodes:\n- {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB}\n- {name: w1-k8s, role: worker, address: 192.168.1.101, cpus: 1, memory: 1GiB}\nregistry: {host: m-k8s, port: 8443, image: registry:2}\nkubernetes: {version: \"1.34\"}\n";
const RUNTIMES: &str = r#"jsonpath={range .items[*]}{.status.nodeInfo.containerRuntimeVersion}{"\n"}{end}"#;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting("engines::each_in_the_place_of_another", each),
        booting("engines::containerd_from_nothing", || from_nothing("containerd")),
        booting("engines::cri_o_from_nothing", || from_nothing("cri-o")),
    ]
}

/// Docker, then each other engine on the same node by plan, and Docker again: what is pushed to the registry stays, a second
/// `lab up` changes nothing, and the registry exercise passes in that engine's words.
fn each() {
    let seat = Seat::new(program(), CLUSTER).unwrap();
    seat.lab(&["up", "--yes"]).passes();
    seat.lab(&["exec", "m-k8s", "--", "sh", "-c", "docker pull -q nginx && docker tag nginx 192.168.1.10:8443/kept:1 && docker push -q 192.168.1.10:8443/kept:1"]).passes();
    let shown = seat.lab(&["plan", "--engine", "podman"]).passes();
    assert!(shown.stdout.contains("stop Docker"), "{shown}");
    assert!(seat.lab(&["plan"]).passes().stderr.contains("nothing to change"));
    for (engine, active) in [
        ("podman", "inactive"),
        ("containerd", "inactive"),
        ("cri-o", "inactive"),
        ("docker", "active"),
    ] {
        seat.lab(&["up", "--engine", engine, "--yes"]).passes();
        settled(&seat, engine);
        let docker = seat.lab(&[
            "exec",
            "m-k8s",
            "--",
            "systemctl",
            "is-active",
            "docker.socket",
            "docker.service",
        ]);
        assert_eq!(docker.stdout.trim(), format!("{active}\n{active}"), "{engine}");
        let kept = seat
            .lab(&[
                "exec",
                "m-k8s",
                "--",
                "curl",
                "-sS",
                "https://192.168.1.10:8443/v2/_catalog",
            ])
            .passes();
        assert!(kept.stdout.contains("\"kept\""), "{engine}: {kept}");
        exercise(&seat);
    }
    seat.down();
}

/// With Kubernetes on it, which comes up on the runtime of that engine.
fn from_nothing(engine: &str) {
    let seat = Seat::new(program(), WITH_KUBERNETES).unwrap();
    // An exercise in Docker's words alone is skipped, and says why; that is no fault.
    let run = seat
        .lab(&[
            "run",
            "chapter4",
            "--only",
            "registry,registry-engine,engine-comparison,kubernetes-pods,kubernetes-registry",
            "--engine",
            engine,
            "--yes",
        ])
        .passes();
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(
        said.contains("it is for Docker, and the node's engine is"),
        "{run}"
    );
    settled(&seat, engine);
    let nodes = seat.lab(&["kubectl", "get", "nodes", "-o", RUNTIMES]).passes();
    let runtimes: Vec<_> = nodes.stdout.lines().collect();
    assert_eq!(runtimes.len(), 2, "{nodes}");
    let below = |line: &&str| line.starts_with(&format!("{engine}://"));
    assert!(runtimes.iter().all(below), "{nodes}");
    seat.down();
}

fn settled(seat: &Seat, engine: &str) {
    let again = seat.lab(&["up"]).passes();
    assert!(again.stderr.contains("nothing to change"), "{engine}: {again}");
    let status = seat.lab(&["status"]).passes();
    assert!(
        status.stdout.contains(&format!("  {engine} ")) && !status.stdout.contains('→'),
        "{engine}: {status}"
    );
    let agent = seat.lab(&["exec", "m-k8s", "--", "lab-agent", "engine"]).passes();
    let line = agent.stdout.lines().find(|line| line.starts_with(engine));
    assert!(
        line.is_some_and(|line| line.ends_with("running")),
        "{engine}: {agent}"
    );
}

/// In the engine's own words, twice, as nothing may be left; and what can be measured of it.
fn exercise(seat: &Seat) {
    seat.lab(&["run", "chapter4", "--only", "registry-engine,engine-comparison"])
        .passes();
    seat.lab(&["run", "chapter4/registry-engine"]).passes();
}
