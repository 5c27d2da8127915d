//! The local provider against a real runtime: nodes boot, answer, are saved and restored, and leave nothing behind.
//! Needs root, crun or runc, btrfs-progs, and a node image: `LAB_TEST_NODE_IMAGE=FILE.tar cargo test --test local -- --ignored`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests"
)]

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lab::bundle::{Artifact, Bundle};
use lab::config::Cluster;
use lab::paths::Paths;
use lab::provider::local::{Local, namespace};
use lab::provider::{NodeState, Provider};

const CLUSTER: &str = include_str!("../../cluster.yaml");

fn local(directory: &Path) -> (Local, Cluster) {
    let image = std::env::var("LAB_TEST_NODE_IMAGE").expect("LAB_TEST_NODE_IMAGE names a node image tar");
    let artifact = |path: &str| Artifact {
        path: path.into(),
        sha256: String::new(),
        size: 0,
    };
    let mirror = directory.join("mirror.tar");
    std::fs::write(&mirror, [0; 1024]).unwrap();
    let bundle = Bundle {
        digest: "0123456789abcdef".into(),
        node_image: artifact(&image),
        images: vec![],
        mirror: artifact(&mirror.display().to_string()),
    };
    let cluster = Cluster::parse("cluster.yaml", CLUSTER).unwrap();
    let paths = Paths {
        project: directory.into(),
        state: directory.join("state"),
        cache: directory.join("cache"),
        reports: directory.join("reports"),
    };
    (
        Local::new(&paths, &cluster, Some(bundle)).with_program(Path::new(env!("CARGO_BIN_EXE_lab"))),
        cluster,
    )
}

/// What a lab could leave on the host.
fn host() -> Vec<String> {
    let script = "awk '{print $5,$9}' /proc/self/mountinfo; ip -o link | awk -F': ' '{print $2}'; losetup -a; \
        find /sys/fs/cgroup -maxdepth 2 -type d -name 'lab-*'; ls /run | grep lab; cat /proc/sys/fs/inotify/max_user_instances; \
        sysctl -a 2>/dev/null | grep -E '^(kernel.(panic|keys|sysrq|core_pattern|pid_max)|vm.(over|panic|max_map))'";
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Runs a script on a node over SSH with its host key pinned; waits for sshd.
fn ssh(local: &Local, node: &lab::node::NodeName, directory: &Path, script: &str) -> String {
    let endpoint = local.endpoint(node).unwrap();
    let network = endpoint.network.clone().unwrap();
    let address = SocketAddr::new(endpoint.address, endpoint.port);
    let waited = network.clone();
    std::thread::spawn(move || {
        namespace::enter_network(&waited).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            assert!(Instant::now() < deadline, "sshd does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    })
    .join()
    .unwrap();
    let lab::transport::HostKeys::Pinned(keys) = &endpoint.host_keys else {
        panic!("not pinned")
    };
    let lab::transport::Login::Key(key) = &endpoint.logins[0] else {
        panic!("no key")
    };
    let known = directory.join(format!("known-{node}"));
    std::fs::write(&known, format!("{} {}\n", endpoint.address, keys[0])).unwrap();
    let output = Command::new("nsenter")
        .arg(format!("--net={}", network.display()))
        .args([
            "ssh",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=yes",
            "-i",
        ])
        .arg(key)
        .arg("-o")
        .arg(format!("UserKnownHostsFile={}", known.display()))
        .args([&format!("root@{}", endpoint.address), script])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
#[ignore = "needs root, a container runtime and LAB_TEST_NODE_IMAGE"]
fn nodes_live_and_leave_no_trace() {
    let before = host();
    let directory = tempfile::tempdir().unwrap();
    let (local, cluster) = local(directory.path());
    let names: Vec<_> = cluster.nodes.iter().map(|node| node.name.clone()).collect();
    let first = &names[0];
    let since = Instant::now();
    local.prepare().unwrap();
    eprintln!("prepare {:?}", since.elapsed());
    let since = Instant::now();
    names.iter().for_each(|name| local.boot(name).unwrap());
    eprintln!("boot {:?}", since.elapsed());
    for name in &names {
        assert_eq!(ssh(&local, name, directory.path(), "hostname"), name.as_str());
    }
    eprintln!("boot to ssh {:?}", since.elapsed());
    eprintln!(
        "systemd: {}",
        ssh(
            &local,
            first,
            directory.path(),
            "systemctl is-system-running --wait || systemctl --failed"
        )
    );
    ssh(&local, first, directory.path(), "echo saved > /root/mark; sync");
    let since = Instant::now();
    local.save("fresh", false).unwrap();
    eprintln!("save {:?}", since.elapsed());
    assert!(local.save("fresh", false).is_err());
    ssh(&local, first, directory.path(), "echo changed > /root/mark; sync");
    local.stop(first).unwrap();
    local.boot(first).unwrap();
    assert_eq!(ssh(&local, first, directory.path(), "cat /root/mark"), "changed");
    let since = Instant::now();
    local.restore("fresh", &[]).unwrap();
    eprintln!("restore {:?}", since.elapsed());
    assert_eq!(ssh(&local, first, directory.path(), "cat /root/mark"), "saved");
    // The keeper is killed as by a reboot: the same nodes come back.
    let pid = std::fs::read_to_string(directory.path().join("state/keeper.pid")).unwrap();
    let killed = Command::new("kill")
        .args(["-9", pid.split(' ').next().unwrap()])
        .status()
        .unwrap();
    assert!(killed.success());
    local.boot(first).unwrap();
    assert_eq!(ssh(&local, first, directory.path(), "cat /root/mark"), "saved");
    assert_eq!(local.states().unwrap()[0].1, NodeState::Up);
    names.iter().for_each(|name| local.destroy(name).unwrap());
    local.dismantle().unwrap();
    assert_eq!(host(), before);
}
