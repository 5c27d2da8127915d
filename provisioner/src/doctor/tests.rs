//! Hosts that lack one thing each, and what is said of them.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::judge::judge;
use super::*;
use crate::config::{Egress, Network, Node, ProviderKind, Registry};
use crate::node::Role;
use crate::provider::local::host::Disk;

fn cluster() -> Cluster {
    let node = Node {
        name: "m-k8s".parse().unwrap(),
        role: Role::Master,
        address: Ipv4Addr::new(192, 168, 1, 10),
        cpus: 2,
        memory: 2 << 30,
        image: "debian-13".into(),
        engine: agent::wire::Engine::Docker,
        ssh: crate::config::Ssh::default(),
    };
    Cluster {
        name: "one".into(),
        network: Network {
            base: Ipv4Addr::new(192, 168, 1, 0),
            prefix: 24,
        },
        provider: ProviderKind::Local,
        registry: Registry {
            host: node.name.clone(),
            port: 8443,
            image: "registry:2".into(),
            external: None,
        },
        nodes: vec![node],
        egress: Egress::Auto,
        kubernetes: None,
    }
}

/// A directory with all programs in it, and a host that finds them there.
fn good_host() -> (tempfile::TempDir, Host) {
    let directory = tempfile::tempdir().unwrap();
    for program in tools::TOOLS
        .iter()
        .map(|tool| tool.program)
        .chain(["crun", "runc", "sudo"])
    {
        std::fs::write(directory.path().join(program), "").unwrap();
    }
    let disk = |name: &str| Disk {
        path: PathBuf::from(name),
        available: 9 << 30,
        kind: "ext4".into(),
    };
    let host = Host {
        system: "linux".into(),
        architecture: "x86_64".into(),
        kernel: "6.12.48-1-cloud-amd64".into(),
        root: true,
        file_systems: ["btrfs", "overlay"].map(str::to_owned).into(),
        loop_control: true,
        cgroup: 2,
        controllers: ["cpu", "memory", "pids"].map(str::to_owned).into(),
        inotify_instances: 8192,
        memory_available: 8 << 30,
        sys_resource: true,
        disks: vec![disk("/state"), disk("/cache"), disk("/mnt/c/lab")],
        search: vec![directory.path().to_owned()],
        keyring: true,
        networks: vec![("eth0".into(), Ipv4Addr::new(10, 0, 0, 0), 8)],
        default_route: Some("eth0".into()),
        clock: 1_795_000_000,
        ..Host::default()
    };
    (directory, host)
}

fn found(host: &Host, name: &str) -> Finding {
    let cluster = cluster();
    let findings = judge(
        host,
        Needs {
            cluster: Some(&cluster),
            building: true,
            disks: false,
            room: 0,
        },
    );
    findings
        .into_iter()
        .find(|finding| finding.name == name)
        .unwrap_or_else(|| panic!("no finding {name}"))
}

#[test]
fn a_good_host_has_nothing_to_do() {
    let (_directory, host) = good_host();
    let cluster = cluster();
    for finding in judge(
        &host,
        Needs {
            cluster: Some(&cluster),
            building: true,
            disks: false,
            room: 0,
        },
    ) {
        assert_eq!(finding.outcome, Standing::Ok, "{finding:?}");
        assert_eq!(finding.advice, None, "{finding:?}");
    }
}

#[test]
fn each_lack_is_found_and_says_what_to_do() {
    type Spoil = fn(&mut Host);
    let cases: [(&str, Standing, Spoil); 16] = [
        ("system", Standing::Missing, |host| host.system = "macos".into()),
        ("kernel", Standing::Warn, |host| {
            host.kernel = "4.18.0-553.el8".into()
        }),
        ("namespaces", Standing::Missing, |host| {
            host.namespaces = Some("Operation not permitted".into())
        }),
        ("btrfs", Standing::Missing, |host| host.file_systems.clear()),
        ("overlay", Standing::Missing, |host| host.file_systems.clear()),
        ("loop", Standing::Missing, |host| host.loop_control = false),
        ("cgroup", Standing::Missing, |host| host.cgroup = 0),
        ("cgroup", Standing::Warn, |host| host.controllers.clear()),
        ("inotify", Standing::Warn, |host| host.inotify_instances = 128),
        ("memory", Standing::Warn, |host| host.memory_available = 1 << 30),
        ("cache disk", Standing::Missing, |host| {
            host.disks[1].available = 1 << 30
        }),
        ("state file system", Standing::Missing, |host| {
            host.disks[0].kind = "nfs4".into()
        }),
        ("project", Standing::Warn, |host| host.disks[2].kind = "9p".into()),
        ("clock", Standing::Missing, |host| host.clock = 1000),
        ("runtime", Standing::Missing, |host| host.search.clear()),
        ("keyring", Standing::Missing, |host| host.keyring = false),
    ];
    for (name, outcome, spoil) in cases {
        let (_directory, mut host) = good_host();
        spoil(&mut host);
        let finding = found(&host, name);
        assert_eq!(finding.outcome, outcome, "{finding:?}");
        assert!(finding.advice.is_some(), "{finding:?}");
    }
}

#[test]
fn without_root_sudo_is_enough() {
    let (directory, mut host) = good_host();
    host.root = false;
    assert_eq!(found(&host, "root").outcome, Standing::Ok);
    std::fs::remove_file(directory.path().join("sudo")).unwrap();
    assert_eq!(found(&host, "root").outcome, Standing::Missing);
}

#[test]
fn the_hosts_own_network_may_have_the_same_addresses() {
    let (_directory, mut host) = good_host();
    host.networks = vec![("wlan0".into(), Ipv4Addr::new(192, 168, 0, 0), 16)];
    let finding = found(&host, "addresses");
    assert_eq!(finding.outcome, Standing::Ok);
    assert!(
        finding.detail.en.contains("wlan0") && finding.detail.en.contains("fine"),
        "{finding:?}"
    );
}

#[test]
fn crun_alone_will_not_do_on_cgroup_v1() {
    let (directory, mut host) = good_host();
    std::fs::remove_file(directory.path().join("runc")).unwrap();
    assert_eq!(found(&host, "runtime").outcome, Standing::Ok);
    host.cgroup = 1;
    assert_eq!(found(&host, "runtime").fix, Some(Fix::Install(vec!["runc"])));
}

#[test]
fn an_imported_bundle_needs_no_builder() {
    let (directory, host) = good_host();
    std::fs::remove_file(directory.path().join("mmdebstrap")).unwrap();
    assert_eq!(found(&host, "mmdebstrap").outcome, Standing::Missing);
    let names: Vec<&str> = judge(&host, Needs::default())
        .iter()
        .map(|finding| finding.name)
        .collect();
    assert!(!names.contains(&"mmdebstrap"), "{names:?}");
}

#[test]
fn what_is_to_be_built_needs_room_in_the_cache() {
    let (_directory, mut host) = good_host();
    for disk in &mut host.disks {
        disk.available = 5 << 30;
    }
    let lacking = |room: u64| -> Vec<&str> {
        let needs = Needs {
            building: true,
            disks: false,
            room,
            ..Needs::default()
        };
        let found = judge(&host, needs).into_iter();
        found
            .filter(|finding| finding.name.ends_with(" disk") && finding.outcome == Standing::Missing)
            .map(|finding| finding.name)
            .collect()
    };
    assert_eq!(lacking(0), [""; 0]);
    assert_eq!(lacking(6 << 30), ["cache disk"]);
}

#[test]
fn what_a_way_out_needs_is_required_only_where_cluster_yaml_says_so() {
    let (directory, host) = good_host();
    let pasta = |host: &Host, egress: Egress| {
        let cluster = Cluster { egress, ..cluster() };
        let needs = Needs {
            cluster: Some(&cluster),
            ..Needs::default()
        };
        let found = judge(host, needs)
            .into_iter()
            .find(|finding| finding.name == "pasta");
        found.map(|finding| (finding.outcome, finding.detail.en, finding.fix))
    };
    let (outcome, detail, _) = pasta(&host, Egress::On).unwrap();
    assert!(
        outcome == Standing::Ok && detail.contains("over eth0"),
        "{detail}"
    );
    let unplugged = Host {
        default_route: None,
        ..host.clone()
    };
    std::fs::remove_file(directory.path().join("pasta")).unwrap();
    for (egress, expected) in [(Egress::Auto, Standing::Warn), (Egress::On, Standing::Missing)] {
        let (outcome, _, fix) = pasta(&host, egress).unwrap();
        assert_eq!((outcome, fix), (expected, Some(Fix::Install(vec!["passt"]))));
    }
    std::fs::write(directory.path().join("pasta"), "").unwrap();
    for (egress, expected) in [(Egress::Auto, Standing::Warn), (Egress::On, Standing::Missing)] {
        let (outcome, detail, fix) = pasta(&unplugged, egress).unwrap();
        assert_eq!((outcome, fix), (expected, None));
        assert!(detail.contains("no default route"), "{detail}");
    }
    assert_eq!(pasta(&host, Egress::Off), None);
}

#[test]
fn packages_are_named_once() {
    let (directory, host) = good_host();
    for program in ["btrfs", "mkfs.btrfs", "pasta"] {
        std::fs::remove_file(directory.path().join(program)).unwrap();
    }
    assert_eq!(
        packages(&judge(&host, Needs::default())),
        ["btrfs-progs", "passt"]
    );
}

#[test]
fn lines_align_and_end_with_advice() {
    let finding = |name, outcome, advice| Finding {
        name,
        outcome,
        detail: text!("없음", "none"),
        advice,
        fix: None,
    };
    let findings = [
        finding("btrfs", Standing::Ok, None),
        finding("ip", Standing::Missing, Some(text!("설치하세요", "install it"))),
    ];
    assert_eq!(
        lines(&findings, Lang::Ko),
        ["✓  btrfs  없음", "✗  ip     없음  → 설치하세요"]
    );
}

#[test]
fn what_is_lacking_ends_with_the_exit_code_for_hosts() {
    let (_directory, mut host) = good_host();
    host.loop_control = false;
    let error = lacking(&[&found(&host, "loop")]);
    assert_eq!(error.exit_code(), exit::HOST);
    assert!(error.advice().unwrap().en.contains("modprobe loop"));
}
