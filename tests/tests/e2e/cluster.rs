//! The cluster: up, no change, reached, repaired, saved and restored.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use super::{booting, shared};

const NODES: [&str; 4] = ["m-k8s", "w1-k8s", "w2-k8s", "w3-k8s"];

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting(
            "cluster::a_second_up_changes_nothing",
            a_second_up_changes_nothing,
        ),
        booting("cluster::patience_reaches_the_agents", patience),
        booting("cluster::status_names_every_node", status_names_every_node),
        booting(
            "cluster::nodes_reach_each_other_by_name_and_address",
            nodes_reach_each_other,
        ),
        booting(
            "cluster::exit_codes_and_output_pass_through_exec",
            exec_passes_through,
        ),
        booting(
            "cluster::docker_pull_is_a_real_pull_from_the_mirror",
            pull_is_real,
        ),
        booting("cluster::a_deleted_certificate_is_repaired", deleted_certificate),
        booting("cluster::a_removed_registry_is_repaired", removed_registry),
        booting(
            "cluster::a_silent_docker_is_named_and_its_registry_left_alone",
            silent_docker,
        ),
        booting("cluster::a_purged_docker_is_repaired", purged_docker),
        booting(
            "cluster::a_node_without_the_authority_is_refused",
            untrusting_node_is_refused,
        ),
        booting("cluster::forward_opens_a_port_of_a_node", forward),
        booting("cluster::a_snapshot_brings_files_and_containers_back", snapshot),
        booting("cluster::reset_goes_back_to_fresh", reset),
        booting(
            "cluster::a_stopped_node_comes_back_with_its_containers",
            stop_and_up,
        ),
    ]
}

fn a_second_up_changes_nothing() {
    let seat = shared();
    seat.lab(&["up"]).passes().says("nothing to change");
    let plan = seat.lab(&["plan", "--format", "json"]).passes();
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["changes"].as_array().map(Vec::len), Some(0), "{plan:#}");
}

fn status_names_every_node() {
    let seat = shared();
    let status = seat.lab(&["status"]).passes();
    for (name, address) in
        NODES
            .iter()
            .zip(["192.168.1.10", "192.168.1.101", "192.168.1.102", "192.168.1.103"])
    {
        let row = status
            .stdout
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        assert!(
            row.contains(address) && row.contains("up"),
            "{row:?} in\n{status}"
        );
    }
}

fn nodes_reach_each_other() {
    let seat = shared();
    for target in ["m-k8s", "w3-k8s", "192.168.1.102"] {
        seat.on("w1-k8s", &format!("ping -c1 -W2 {target}"))
            .passes()
            .prints("1 received");
    }
}

/// Agents have deadlines of their own, also those that an exercise's command runs: on a slow machine they must be as patient as `lab`.
fn patience() {
    let seat = shared();
    let parent = "tr '\\0' '\\n' </proc/$PPID/environ; echo here ${LAB_PATIENCE-1}";
    let mut exec = seat.command(&["exec", "m-k8s", "--", "bash", "-c", parent]);
    exec.env("LAB_PATIENCE", "7.5");
    seat.run(exec)
        .passes()
        .prints("LAB_PATIENCE=7.5")
        .prints("here 7.5");
}

fn exec_passes_through() {
    let seat = shared();
    seat.on("m-k8s", "echo out; echo err >&2; exit 7")
        .code(7)
        .prints("out")
        .says("err");
    let all = seat.lab(&["exec", "all", "--", "hostname"]).passes();
    for node in NODES {
        assert!(all.stdout.contains(node), "{all}");
    }
}

fn pull_is_real() {
    let seat = shared();
    seat.on("w2-k8s", "docker rmi nginx:stable")
        .code(1)
        .says("No such image");
    seat.on("w2-k8s", "docker pull nginx:stable")
        .passes()
        .prints("Pull complete")
        .prints("Digest: sha256:");
    seat.on("w2-k8s", "docker rmi nginx:stable").passes();
}

fn deleted_certificate() {
    let seat = shared();
    let file = "/etc/docker/certs.d/192.168.1.10:8443/ca.crt";
    let before = seat.on("w1-k8s", &format!("sha256sum {file}")).passes().stdout;
    seat.on("w1-k8s", &format!("rm {file}")).passes();
    seat.lab(&["plan"]).passes().prints("w1-k8s");
    seat.on("w1-k8s", &format!("test -e {file}")).code(1);
    seat.lab(&["up"]).passes();
    assert_eq!(
        seat.on("w1-k8s", &format!("sha256sum {file}")).passes().stdout,
        before
    );
}

fn removed_registry() {
    let seat = shared();
    seat.on("m-k8s", "docker rm -f registry").passes();
    seat.lab(&["up"]).passes();
    seat.on(
        "m-k8s",
        "docker inspect -f '{{.State.Running}} {{.HostConfig.RestartPolicy.Name}}' registry",
    )
    .passes()
    .prints("true always");
}

/// A stopped process accepts connections and says nothing, like one that has no time.
fn silent_docker() {
    let seat = shared();
    let registry = "docker inspect -f {{.Id}} registry";
    let before = seat.on("m-k8s", registry).passes().stdout;
    let signal = |name| seat.on("m-k8s", &format!("kill -{name} $(cat /run/docker.pid)"));
    signal("STOP").passes();
    let up = seat.lab(&["up"]);
    signal("CONT").passes();
    up.code(3)
        .says("Docker runs and does not answer")
        .says("lab logs m-k8s docker");
    seat.lab(&["up"]).passes().says("nothing to change");
    assert_eq!(seat.on("m-k8s", registry).passes().stdout, before);
}

fn purged_docker() {
    let seat = shared();
    seat.on(
        "w1-k8s",
        "touch /root/mine; DEBIAN_FRONTEND=noninteractive apt-get purge -y docker.io",
    )
    .passes();
    seat.on("w1-k8s", "command -v dockerd").code(1);
    seat.lab(&["status"]).passes().prints("missing");
    seat.lab(&["plan"]).passes().prints("install Docker");
    seat.lab(&["up"]).passes();
    seat.on(
        "w1-k8s",
        "test -e /root/mine && docker pull nginx:stable && docker rmi nginx:stable && dpkg --audit",
    )
    .passes();
    seat.lab(&["up"]).passes().says("nothing to change");
}

/// Docker trusts what its own directory holds and, from its start on, what the system does: both are taken away.
fn untrusting_node_is_refused() {
    let seat = shared();
    let distrust = "rm -r /etc/docker/certs.d /usr/local/share/ca-certificates/lab-authority.crt
update-ca-certificates >/dev/null 2>&1; systemctl restart docker";
    seat.on("w3-k8s", distrust).passes();
    let pull = "docker pull 192.168.1.10:8443/lab/none:1";
    seat.on("w3-k8s", pull).code(1).says("x509");
    seat.lab(&["up"]).passes();
    seat.on("w3-k8s", pull).code(1).says("manifest unknown");
}

fn forward() {
    let seat = shared();
    seat.on("m-k8s", "docker run -d --rm --name forwarded -p 8088:80 nginx")
        .passes();
    let mut lab = seat.spawn(&["forward", "m-k8s:8088", "--port", "18088"]).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let page = loop {
        let page = fetch("127.0.0.1:18088");
        if page.contains("200 OK") || Instant::now() > deadline {
            break page;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    lab.kill().unwrap();
    lab.wait().unwrap();
    seat.on("m-k8s", "docker rm -f forwarded").passes();
    assert!(page.contains("200 OK"), "{page:?}");
}

fn fetch(address: &str) -> String {
    let mut page = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let _ = stream.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");
        let _ = stream.read_to_string(&mut page);
    }
    page
}

fn snapshot() {
    let seat = shared();
    seat.on(
        "w1-k8s",
        "echo kept > /root/file; docker run -d --restart always --name kept nginx",
    )
    .passes();
    seat.lab(&["snapshot", "save", "before"]).passes();
    seat.lab(&["snapshot", "list"])
        .passes()
        .prints("before")
        .prints("fresh");
    seat.on("w1-k8s", "rm /root/file; docker rm -f kept").passes();
    seat.lab(&["snapshot", "restore", "before"]).passes();
    seat.on("w1-k8s", "cat /root/file").passes().prints("kept");
    seat.on("w1-k8s", "timeout 30 bash -c 'until docker inspect -f {{.State.Running}} kept | grep -q true; do sleep 0.2; done'")
        .passes();
    seat.on("w1-k8s", "rm /root/file; docker rm -f kept").passes();
    seat.lab(&["snapshot", "delete", "before"]).passes();
    seat.lab(&["snapshot", "list"]).passes().without("before");
}

fn reset() {
    let seat = shared();
    seat.on("w2-k8s", "touch /root/mine").passes();
    seat.lab(&["reset", "w2-k8s", "--yes"]).passes();
    seat.on("w2-k8s", "test -e /root/mine").code(1);
    seat.lab(&["up"]).passes();
}

fn stop_and_up() {
    let seat = shared();
    seat.on("w3-k8s", "docker run -d --restart always --name survivor nginx")
        .passes();
    seat.lab(&["stop", "w3-k8s"]).passes();
    seat.lab(&["status"]).prints("stopped");
    seat.lab(&["up"]).passes();
    seat.on("w3-k8s", "timeout 30 bash -c 'until docker inspect -f {{.State.Running}} survivor | grep -q true; do sleep 0.2; done'")
        .passes();
    seat.on("w3-k8s", "docker rm -f survivor").passes();
}
