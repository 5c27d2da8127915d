//! Kubernetes: from facts to a plan, what is broken and what repairs it.

use agent::wire::{Engine, KubernetesNode, UnitFact};

use super::super::kubernetes::{POD_NETWORK, POD_ROUTES, ROUTES_UNIT};
use super::super::member::{AUTHORITY, KUBELET, mark};
use super::super::{Action, Change, Mark, Plan, plan, sha256};
use super::world::{self, file, fresh, of, ordered};
use crate::config::{Cluster, Kubernetes};
use crate::facts::{Observed, Seen};
use crate::render::kubernetes as render;

pub fn cluster() -> Cluster {
    let mut cluster = world::cluster();
    cluster.kubernetes = Some(Kubernetes {
        version: "1.34.4".into(),
        pods: "10.244.0.0/16".parse().unwrap(),
        services: "10.96.0.0/16".parse().unwrap(),
    });
    cluster
}

pub fn settled(cluster: &Cluster) -> Observed {
    let (mut observed, _) = world::settled(cluster);
    let kubernetes = cluster.kubernetes.as_ref().unwrap();
    let unit = UnitFact {
        load: "loaded".into(),
        active: "active".into(),
        enabled: "enabled".into(),
    };
    let nodes = cluster.nodes.iter().map(|node| KubernetesNode {
        name: node.name.to_string(),
        ready: true,
        version: "v1.34.4".into(),
        runtime: "containerd://1.7.24".into(),
    });
    of(&mut observed, "m-k8s").facts.kubernetes = Some(nodes.collect());
    for node in &cluster.nodes {
        let facts = &mut of(&mut observed, node.name.as_str()).facts;
        let routes = render::pod_routes(cluster, kubernetes, node).unwrap();
        let network = render::pod_network(cluster, kubernetes, node).unwrap();
        let marks = [Mark::of(ROUTES_UNIT, &routes, false), mark(cluster, kubernetes)];
        for mark in marks {
            facts
                .files
                .insert(mark.path.clone(), file(sha256(mark.content("")), 0o644));
        }
        for (path, text) in [
            (POD_ROUTES, routes),
            (POD_NETWORK, network),
            (AUTHORITY, "authority".into()),
        ] {
            facts.files.insert(path.into(), file(sha256(text), 0o644));
        }
        for name in [ROUTES_UNIT, KUBELET] {
            facts.units.insert(name.into(), unit.clone());
        }
    }
    observed
}

#[track_caller]
pub fn check(breaking: impl Fn(&mut Observed), expected: &str) -> Plan {
    let cluster = cluster();
    let mut observed = settled(&cluster);
    breaking(&mut observed);
    let plan = plan(&cluster, &observed).unwrap();
    assert_eq!(plan.ids().join(" "), expected);
    ordered(&plan);
    plan
}

pub fn stop(observed: &mut Observed, node: &str, unit: &str) {
    of(observed, node).facts.units.get_mut(unit).unwrap().active = "inactive".into();
}

#[test]
fn a_settled_cluster_needs_nothing_and_what_was_broken_by_hand_is_repaired() {
    assert!(check(|_| {}, "").is_empty());
    check(
        |o| stop(o, "w1-k8s", KUBELET),
        "kubernetes-kubelet.w1-k8s kubernetes-ready",
    );
    check(|o| stop(o, "w1-k8s", "containerd.service"), "containerd.w1-k8s");
    check(
        |o| drop(of(o, "w2-k8s").facts.files.insert(POD_ROUTES.into(), None)),
        "pod-routes-unit.w2-k8s pod-routes.w2-k8s",
    );
    check(
        |o| of(o, "m-k8s").facts.kubernetes.as_mut().unwrap()[2].ready = false,
        "kubernetes-ready",
    );
    check(|o| of(o, "m-k8s").facts.kubernetes = None, "kubernetes-ready");
}

#[test]
fn a_worker_that_was_reset_forgotten_or_belonged_elsewhere_joins() {
    let join = "kubernetes.w3-k8s kubernetes-ready";
    let other = |o: &mut Observed| {
        drop(
            of(o, "w3-k8s")
                .facts
                .files
                .insert(AUTHORITY.into(), file(sha256("other"), 0o644)),
        )
    };
    let forgotten = |o: &mut Observed| drop(of(o, "m-k8s").facts.kubernetes.as_mut().unwrap().pop());
    let half = |o: &mut Observed| drop(of(o, "w3-k8s").facts.files.insert(Mark::path("kubernetes"), None));
    for plan in [check(other, join), check(forgotten, join), check(half, join)] {
        assert!(matches!(plan.changes[0].action, Action::KubernetesJoin { .. }));
        assert!(plan.changes[1].after.contains(&"kubernetes.w3-k8s".to_owned()));
    }
}

#[test]
fn a_control_plane_that_was_cut_short_is_made_again_and_all_join_it() {
    let plan = check(
        |o| drop(of(o, "m-k8s").facts.files.insert(Mark::path("kubernetes"), None)),
        "kubernetes.m-k8s kubernetes.w1-k8s kubernetes.w2-k8s kubernetes.w3-k8s kubernetes-ready",
    );
    assert!(matches!(plan.changes[0].action, Action::KubernetesInit { .. }));
    assert!(plan.changes[1].after.contains(&"kubernetes.m-k8s".to_owned()));
}

#[test]
fn of_a_stopped_cluster_nothing_is_changed_before_the_master_was_asked() {
    let mut cluster = cluster();
    for node in &mut cluster.nodes {
        node.engine = Engine::CriO;
    }
    let mut stopped = settled(&cluster);
    stopped.nodes.clear();
    let plan = plan(&cluster, &stopped).unwrap();
    let mut changes = plan.changes.iter().filter(|change| change.action != Action::Boot);
    assert!(changes.clone().any(|change| change.id == "engine.w1-k8s"));
    let waits = |change: &Change| change.node.is_none() || change.after.contains(&"boot.m-k8s".to_owned());
    assert!(changes.all(waits), "{:?}", plan.ids());
    ordered(&plan);
}

#[test]
fn another_version_or_engine_is_a_problem_and_nothing_is_touched() {
    let refused = |changing: &dyn Fn(&mut Cluster), says: &str, hint: &str| {
        let mut cluster = cluster();
        let observed = settled(&cluster);
        changing(&mut cluster);
        let plan = plan(&cluster, &observed).unwrap();
        assert_eq!(plan.ids(), Vec::<&str>::new());
        assert_eq!(plan.problems.len(), 1, "{:?}", plan.problems);
        let problem = &plan.problems[0];
        assert!(
            problem.text.en.contains(says) && problem.hint.en.contains(hint),
            "{problem:?}"
        );
    };
    let version = |cluster: &mut Cluster| cluster.kubernetes.as_mut().unwrap().version = "1.36.3".into();
    refused(&version, "another version", "lab down");
    let engine = |cluster: &mut Cluster| {
        for node in &mut cluster.nodes {
            node.engine = Engine::CriO;
        }
    };
    refused(&engine, "another engine, containerd", "--engine cri-o");
    let worker = |cluster: &mut Cluster| cluster.nodes[1].engine = Engine::CriO;
    refused(&worker, "another engine, containerd", "lab down");
    // A worker that has just registered has not said by what it runs containers.
    let mut cluster = cluster();
    let mut observed = settled(&cluster);
    worker(&mut cluster);
    for one in of(&mut observed, "m-k8s").facts.kubernetes.iter_mut().flatten() {
        one.runtime.clear();
    }
    assert!(plan(&cluster, &observed).unwrap().problems.is_empty());
}

#[test]
fn a_new_cluster_gets_its_control_plane_before_workers_join_and_a_new_worker_only_joins() {
    let cluster = cluster();
    let all = plan(&cluster, &fresh(&cluster)).unwrap();
    ordered(&all);
    let after = |id: &str| &all.changes.iter().find(|change| change.id == id).unwrap().after;
    assert!(after("kubernetes.w1-k8s").contains(&"kubernetes.m-k8s".to_owned()));
    assert!(!after("kubernetes.m-k8s").iter().any(|id| id.ends_with("w1-k8s")));
    assert!(after("engine.w1-k8s").contains(&"containerd.w1-k8s".to_owned()));
    assert_eq!(
        after("kubernetes-ready")
            .iter()
            .filter(|id| id.starts_with("kubernetes."))
            .count(),
        4
    );
    let mut observed = settled(&cluster);
    observed.nodes.insert("w3-k8s".parse().unwrap(), Seen::default());
    let one = plan(&cluster, &observed).unwrap();
    assert!(one.has("kubernetes.w3-k8s") && !one.has("kubernetes.w2-k8s") && !one.has("kubernetes.m-k8s"));
}
