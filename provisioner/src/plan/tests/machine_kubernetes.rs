//! Kubernetes on machines that were there before the lab: what is brought, in which order, and what is refused.

use agent::wire::UnitFact;

use super::kubernetes;
use super::machine::{machines, made_fit};
use super::world::{file, of, ordered};
use crate::config::Cluster;
use crate::facts::Observed;
use crate::plan::machine::{self, kernel, kubernetes as brought};
use crate::plan::member::{AUTHORITY, KUBELET};
use crate::plan::{Action, Mark, Plan, Source, plan, query, sha256};

const CONTAINER: &str = "/run/systemd/container";

fn cluster() -> Cluster {
    Cluster {
        kubernetes: kubernetes::cluster().kubernetes,
        ..machines()
    }
}

/// Machines whose Kubernetes is as described; containers, or with a kernel of their own.
fn settled(cluster: &Cluster, containers: bool) -> Observed {
    let mut observed = made_fit(cluster, kubernetes::settled(cluster));
    let plan = |observed: &Observed| plan(cluster, observed).unwrap();
    let mirror = of(&mut observed, "m-k8s");
    mirror.facts.files.insert(machine::MIRROR_PROGRAM.into(), None);
    for node in &cluster.nodes {
        let facts = &mut of(&mut observed, node.name.as_str()).facts;
        let there = |path: &str| file(path.into(), 0o644);
        facts.files.insert(brought::RECORDED.into(), there("r"));
        facts
            .files
            .insert(CONTAINER.into(), there("c").filter(|_| containers));
        for name in crate::plan::member::PROGRAMS {
            facts.programs.insert(name.into(), true);
        }
        let unit = UnitFact {
            load: "loaded".into(),
            active: "active".into(),
            enabled: "enabled".into(),
        };
        for name in kernel::UNITS {
            facts.units.insert(name.into(), unit.clone());
        }
    }
    // What is still to be done is what such machines have: as their own changes leave it.
    for change in plan(&observed).changes {
        let node = change.node.unwrap();
        let files = &mut of(&mut observed, node.as_str()).facts.files;
        let mut marked = |mark: Mark| {
            let content = sha256(mark.content(""));
            files.insert(mark.path, file(content, 0o644));
        };
        match change.action {
            Action::KubernetesPrograms { mark } | Action::KubernetesImages { mark } => marked(mark),
            Action::Unit { mark, .. } => marked(mark),
            Action::PutFile {
                path,
                content: crate::plan::Content::Text(text),
                ..
            } => drop(files.insert(path, file(sha256(text), 0o644))),
            Action::KubernetesReady { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    observed
}

fn planned(containers: bool, breaking: impl Fn(&mut Observed)) -> Plan {
    let cluster = cluster();
    let mut observed = settled(&cluster, containers);
    breaking(&mut observed);
    let plan = plan(&cluster, &observed).unwrap();
    ordered(&plan);
    plan
}

/// As a machine is that has the lab's Docker and nothing of Kubernetes.
fn without(observed: &mut Observed) {
    for node in cluster().nodes {
        let facts = &mut of(observed, node.name.as_str()).facts;
        facts.kubernetes = None;
        facts.programs.values_mut().for_each(|there| *there = false);
        facts.units.insert(KUBELET.into(), UnitFact::default());
        facts
            .files
            .retain(|path, _| !path.contains("kube") || path.contains("/dpkg/"));
    }
}

#[test]
fn machines_with_all_of_it_need_nothing() {
    for containers in [true, false] {
        assert_eq!(planned(containers, |_| {}).ids().join(" "), "");
    }
}

#[test]
fn everything_is_brought_after_the_record_and_before_kubeadm() {
    let plan = planned(true, without);
    let after = |id: &str| {
        let change = plan.changes.iter().find(|change| change.id == id);
        change.map_or_else(|| panic!("no {id}: {:?}", plan.ids()), |change| &change.after)
    };
    for id in ["programs", "images", "unit", "enable", "guard"] {
        let id = format!("kubernetes-{id}.w1-k8s");
        assert!(after(&id).contains(&"kubernetes-record.w1-k8s".into()), "{id}");
        assert!(after("kubernetes.w1-k8s").contains(&id), "{id}");
    }
    let mine = after("kubernetes.m-k8s");
    assert!(mine.iter().all(|id| !id.ends_with(".w1-k8s")), "{mine:?}");
    assert!(after("kubernetes.w1-k8s").contains(&"kubernetes.m-k8s".into()));
}

#[test]
fn its_packages_come_from_where_the_distribution_has_them() {
    for (id, version, wanted) in [
        ("debian", "13", Source::Bundle),
        ("debian", "12", Source::Machine),
        ("ubuntu", "24.04", Source::Machine),
    ] {
        let plan = planned(false, |o| {
            without(o);
            let facts = &mut of(o, "w1-k8s").facts;
            facts.os_id = id.into();
            facts.os_version = version.into();
            for package in brought::PACKAGES {
                let sums = format!("/var/lib/dpkg/info/{package}.md5sums");
                facts.files.remove(&sums);
            }
        });
        let install = plan
            .changes
            .iter()
            .find(|one| one.id == "install.w1-k8s")
            .unwrap();
        let Action::InstallPackages { packages, from } = &install.action else {
            panic!("{install:?}");
        };
        assert_eq!(*from, wanted, "{id} {version}");
        assert_eq!(*packages, brought::PACKAGES, "{id} {version}");
        assert!(plan.problems.is_empty(), "{:?}", plan.problems);
    }
}

#[test]
fn a_container_gets_settings_of_its_own_and_another_machine_modules() {
    let of_kernel = |containers| {
        let plan = planned(containers, |o| {
            without(o);
            for unit in kernel::UNITS {
                of(o, "w1-k8s")
                    .facts
                    .units
                    .insert(unit.into(), UnitFact::default());
            }
        });
        let here = |what: &str| plan.has(&format!("kubernetes-{what}.w1-k8s"));
        (here("settings") && here("guard"), here("modules"))
    };
    assert_eq!(of_kernel(true), (true, false));
    assert_eq!(of_kernel(false), (false, true));
}

#[test]
fn what_was_taken_away_by_hand_is_brought_again() {
    let plan = planned(true, |o| {
        *of(o, "w1-k8s").facts.programs.get_mut("kubelet").unwrap() = false
    });
    assert_eq!(
        plan.ids().join(" "),
        "kubernetes-programs.w1-k8s kubernetes-ready"
    );
    let plan = planned(true, |o| {
        let unit = of(o, "w1-k8s").facts.units.get_mut("lab-kernel-settings.service");
        unit.unwrap().active = "inactive".into();
    });
    assert_eq!(
        plan.ids().join(" "),
        "kubernetes-settings.w1-k8s kubernetes-ready"
    );
    let plan = planned(true, |o| {
        let files = &mut of(o, "w1-k8s").facts.files;
        files.retain(|path, _| !path.ends_with("kubelet.service.d/lab-resolver.conf"));
    });
    let enabled = "kubernetes-resolver.w1-k8s kubernetes-enable.w1-k8s kubernetes-ready";
    assert_eq!(plan.ids().join(" "), enabled);
}

#[test]
fn a_kubernetes_that_is_not_the_labs_is_refused_before_anything_is_touched() {
    type Breaking = fn(&mut agent::wire::Facts);
    let found: [(Breaking, &str); 4] = [
        (
            |f| drop(f.files.insert(AUTHORITY.into(), file("x".into(), 0o644))),
            "not the lab's: /etc/kubernetes/pki/ca.crt",
        ),
        (
            |f| *f.programs.get_mut("kubelet").unwrap() = true,
            "not the lab's: kubelet",
        ),
        (|f| f.memory = 600 << 20, "only 600 MiB of memory"),
        (|f| f.disk_used = f.disk - (1 << 30), "only 1024 MiB of its disk"),
    ];
    for (breaking, says) in found {
        let plan = planned(true, |o| {
            without(o);
            breaking(&mut of(o, "w1-k8s").facts);
        });
        assert_eq!(plan.ids().join(" "), "", "something would be touched");
        let [problem] = &plan.problems[..] else {
            panic!("{:?}", plan.problems)
        };
        assert!(problem.text.en.contains(says), "{}", problem.text.en);
        assert!(problem.hint.en.len() > 20);
    }
    let plan = planned(true, |o| {
        without(o);
        of(o, "w1-k8s").facts.programs.insert("kubectl".into(), true);
    });
    assert!(plan.problems.is_empty(), "kubectl is many a person's");
}

#[test]
fn a_small_machine_is_a_worker_and_no_control_plane() {
    let plan = planned(true, |o| {
        for name in ["m-k8s", "w1-k8s"] {
            of(o, name).facts.memory = 960 << 20;
        }
    });
    let named: Vec<_> = plan.problems.iter().flat_map(|one| &one.node).collect();
    assert_eq!(named, [&cluster().master().name]);
}

#[test]
fn all_that_is_looked_at_is_asked_for() {
    let cluster = cluster();
    let asked = query(&cluster, cluster.master()).unwrap();
    for path in [
        CONTAINER,
        brought::RECORDED,
        "/etc/resolv.conf",
        "/var/lib/lab/applied/kubernetes-images",
    ] {
        assert!(asked.files.contains(&path.to_owned()), "{path}");
    }
    for unit in kernel::UNITS {
        assert!(asked.units.contains(&unit.to_owned()), "{unit}");
    }
}
