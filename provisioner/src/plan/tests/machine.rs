//! Machines that were there before the lab: what makes one unfit, and what a bare one is brought.

use agent::wire::{Engine, UnitFact};

use super::world::*;
use crate::config::{Cluster, ProviderKind};
use crate::facts::Observed;
use crate::plan::{Action, Plan, Source, machine, mirror, node, plan};

pub fn machines() -> Cluster {
    let mut cluster = cluster();
    cluster.provider = ProviderKind::Inventory;
    cluster
}

/// Machines on which everything is as described.
fn fit(cluster: &Cluster) -> Observed {
    made_fit(cluster, settled(cluster).0)
}

/// The same, of what else is known of them.
pub fn made_fit(cluster: &Cluster, mut observed: Observed) -> Observed {
    for node in &cluster.nodes {
        let host = node.name == cluster.registry.host;
        let facts = &mut of(&mut observed, node.name.as_str()).facts;
        facts.os_id = "debian".into();
        facts.os_version = "13".into();
        facts.hostname = node.name.to_string();
        facts.machine_id = node.name.to_string();
        facts.clock_ms = u64::try_from(now().unix_timestamp()).unwrap() * 1000;
        facts.memory = 2 << 30;
        facts.disk = 20 << 30;
        facts.overlay = true;
        facts.addresses = vec![node.address.into()];
        for path in machine::files(host) {
            facts.files.entry(path).or_insert_with(|| file("f".into(), 0o644));
        }
    }
    observed
}

fn planned(breaking: impl Fn(&mut Observed)) -> Plan {
    let cluster = machines();
    let mut observed = fit(&cluster);
    // Made from the node image: the mirror's unit is not the lab's own file.
    of(&mut observed, "m-k8s")
        .facts
        .files
        .insert(machine::MIRROR_PROGRAM.into(), None);
    breaking(&mut observed);
    let plan = plan(&cluster, &observed).unwrap();
    ordered(&plan);
    plan
}

#[test]
fn fit_machines_with_all_there_need_nothing() {
    assert_eq!(planned(|_| {}).ids().join(" "), "");
}

#[test]
fn vagrants_machines_are_told_the_time_before_all_else() {
    let mut cluster = machines();
    cluster.provider = ProviderKind::Vagrant;
    let mut observed = fit(&cluster);
    let facts = &mut of(&mut observed, "w1-k8s").facts;
    facts.clock_ms -= 3_600_000;
    facts.files.insert(node::HOSTS.into(), None);
    let plan = plan(&cluster, &observed).unwrap();
    assert!(plan.problems.is_empty(), "{:?}", plan.problems);
    let clock = plan
        .changes
        .iter()
        .find(|change| change.id == "clock.w1-k8s")
        .unwrap();
    assert_eq!(clock.action, Action::SetClock);
    assert!(clock.after.is_empty() && clock.why.en.contains("60 minutes slow"));
    let hosts = plan
        .changes
        .iter()
        .find(|change| change.id == "hosts.w1-k8s")
        .unwrap();
    assert!(hosts.after.contains(&clock.id), "{hosts:?}");
}

#[test]
fn an_unfit_machine_is_told_with_what_to_do_and_nothing_is_touched() {
    let unfit = |breaking: &dyn Fn(&mut agent::wire::Facts), says: &str, hint: &str| {
        let plan = planned(|o| {
            breaking(&mut of(o, "w1-k8s").facts);
            of(o, "m-k8s").facts.files.remove(machine::RECORDED);
        });
        assert_eq!(plan.ids().join(" "), "", "something would be touched");
        assert_eq!(plan.problems.len(), 1, "{:?}", plan.problems);
        let problem = &plan.problems[0];
        assert_eq!(problem.node.as_ref().unwrap().as_str(), "w1-k8s");
        assert!(problem.text.en.contains(says), "{}", problem.text.en);
        assert!(problem.hint.en.contains(hint), "{}", problem.hint.en);
    };
    unfit(&|f| f.os_version = "11".into(), "debian 11", "Debian 12");
    unfit(&|f| f.clock_ms += 3_600_000, "60 minutes fast", "");
    unfit(&|f| f.addresses.clear(), "192.168.1.101", "vagrant reload w1-k8s");
    unfit(
        &|f| f.hostname = "debian".into(),
        "`debian`",
        "set-hostname w1-k8s",
    );
    unfit(&|f| f.memory = 256 << 20, "256 MiB", "512 MiB");
    unfit(&|f| f.overlay = false, "overlay", "kernel");
    let full = |f: &mut agent::wire::Facts| {
        f.files.remove(machine::RECORDED);
        f.disk_used = f.disk - (1 << 30);
    };
    unfit(&full, "1024 MiB", "2048 MiB");
}

#[test]
fn another_engine_than_docker_is_refused_before_anything_is_touched() {
    let mut cluster = machines();
    let observed = fit(&cluster);
    cluster.nodes[1].engine = Engine::Containerd;
    let plan = plan(&cluster, &observed).unwrap();
    assert_eq!(plan.ids().join(" "), "", "something would be touched");
    assert_eq!(plan.problems.len(), 1, "{:?}", plan.problems);
    let problem = &plan.problems[0];
    assert_eq!(problem.node.as_ref(), Some(&cluster.nodes[1].name));
    assert!(problem.text.en.contains("containerd is asked for"), "{problem:?}");
    assert!(problem.hint.en.contains("lab up --engine docker"), "{problem:?}");
}

#[test]
fn a_full_disk_is_no_reason_to_refuse_what_was_provisioned() {
    let plan = planned(|o| of(o, "w1-k8s").facts.disk_used = 20 << 30);
    assert!(plan.is_empty());
}

#[test]
fn twins_are_both_named() {
    let plan = planned(|o| of(o, "w1-k8s").facts.machine_id = "w2-k8s".into());
    let names: Vec<_> = plan
        .problems
        .iter()
        .map(|one| one.node.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(names, ["w1-k8s", "w2-k8s"]);
}

#[test]
fn a_bare_machine_is_recorded_first_and_then_brought_all_it_lacks() {
    for (id, version, docker, from) in [
        (
            "debian",
            "13",
            "docker.io docker-cli docker-buildx",
            Source::Bundle,
        ),
        ("debian", "12", "docker.io", Source::Machine),
        ("ubuntu", "24.04", "docker.io docker-buildx", Source::Machine),
    ] {
        let plan = planned(|o| {
            let facts = &mut of(o, "m-k8s").facts;
            facts.os_id = id.into();
            facts.os_version = version.into();
            facts.engines.clear();
            for path in machine::files(true) {
                facts.files.remove(&path);
            }
            facts.units.insert(mirror::UNIT.into(), UnitFact::default());
        });
        let change = |id: &str| plan.changes.iter().find(|change| change.id == id).unwrap();
        assert!(change("record.m-k8s").after.is_empty());
        let Action::InstallPackages {
            packages,
            from: source,
        } = &change("install.m-k8s").action
        else {
            panic!("no packages");
        };
        assert_eq!(*source, from);
        assert!(packages.join(" ").ends_with(docker), "{packages:?}");
        assert!(packages.contains(&"curl".to_owned()));
        assert!(
            change("mirror.m-k8s")
                .after
                .contains(&"mirror-program.m-k8s".to_owned())
        );
        for one in plan
            .changes
            .iter()
            .filter(|one| one.node.as_ref().is_some_and(|node| node.as_str() == "m-k8s"))
        {
            let first = one.id == "record.m-k8s";
            assert!(
                first || one.after.contains(&"record.m-k8s".to_owned()),
                "{} may come first",
                one.id
            );
        }
    }
}

#[test]
fn an_engine_that_is_there_is_not_replaced() {
    let plan = planned(|o| {
        let facts = &mut of(o, "w1-k8s").facts;
        for package in ["docker.io", "docker-cli", "docker-buildx"] {
            facts
                .files
                .remove(&format!("/var/lib/dpkg/info/{package}.md5sums"));
        }
    });
    assert!(plan.is_empty(), "{:?}", plan.ids());
}
