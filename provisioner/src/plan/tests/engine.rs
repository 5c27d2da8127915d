//! Engines: a settled cluster of each needs nothing, and what a change from one to another takes.

use agent::wire::{Engine, UnitFact};

use super::super::{Action, plan, query};
use super::world::{fresh, of, ordered, settled};
use crate::config::Cluster;
use crate::engine;

const CLUSTER: &str = include_str!("../../../../cluster.yaml");

fn cluster(engine: Engine) -> Cluster {
    let mut cluster = Cluster::parse_with("cluster.yaml", CLUSTER, Some(engine)).unwrap();
    cluster.kubernetes = None;
    cluster
}

fn active() -> UnitFact {
    UnitFact {
        load: "loaded".into(),
        active: "active".into(),
        enabled: "enabled".into(),
    }
}

#[test]
fn a_settled_cluster_of_any_engine_needs_nothing_and_is_asked_for_all_it_is_judged_by() {
    for row in engine::all() {
        let cluster = cluster(row.engine);
        let (observed, _) = settled(&cluster);
        assert_eq!(
            plan(&cluster, &observed).unwrap().ids().join(" "),
            "",
            "{}",
            row.word
        );
        for node in &cluster.nodes {
            let asked = query(&cluster, node).unwrap();
            let facts = &observed.nodes[&node.name].known.as_ref().unwrap().facts;
            let missing: Vec<&String> = facts
                .files
                .keys()
                .filter(|path| !asked.files.contains(path))
                .collect();
            assert!(missing.is_empty(), "{}: {missing:?}", row.word);
            let missing: Vec<&String> = facts
                .units
                .keys()
                .filter(|unit| !asked.units.contains(unit))
                .collect();
            assert!(missing.is_empty(), "{}: {missing:?}", row.word);
        }
    }
}

#[test]
fn from_docker_to_each_other_engine_on_a_worker() {
    for (engine, expected) in [
        (
            Engine::Podman,
            "install.w1-k8s retire-docker.w1-k8s registries.w1-k8s",
        ),
        (
            Engine::Containerd,
            "programs.w1-k8s install.w1-k8s retire-docker.w1-k8s nerdctl.w1-k8s crictl.w1-k8s containerd-config.w1-k8s \
             docker-io.w1-k8s engine.w1-k8s",
        ),
        (
            Engine::CriO,
            "programs.w1-k8s retire-docker.w1-k8s crio-config.w1-k8s registries.w1-k8s crictl.w1-k8s engine.w1-k8s",
        ),
    ] {
        let mut changed = cluster(Engine::Docker);
        let (observed, _) = settled(&changed);
        changed.nodes[1].engine = engine;
        let plan = plan(&changed, &observed).unwrap();
        ordered(&plan);
        let ids = plan.ids();
        let ids: Vec<&str> = ids
            .into_iter()
            .filter(|id| !id.starts_with("trust") && !id.starts_with("prove"))
            .collect();
        assert_eq!(ids.join(" "), expected);
        assert!(
            plan.has("prove-push.m-k8s") && plan.has("prove-pull.w1-k8s") && !plan.has("prove-pull.w2-k8s")
        );
    }
}

#[test]
fn the_registry_goes_from_a_container_to_a_service_and_back() {
    let docker = cluster(Engine::Docker);
    let mut podman = docker.clone();
    podman.nodes[0].engine = Engine::Podman;
    let (observed, _) = settled(&docker);
    let there = plan(&podman, &observed).unwrap();
    ordered(&there);
    let registry = there
        .changes
        .iter()
        .find(|change| change.id == "registry.m-k8s")
        .unwrap();
    assert!(matches!(&registry.action, Action::Unit { unit, .. } if unit == "lab-registry.service"));
    assert!(registry.after.contains(&"retire-docker.m-k8s".to_owned()));

    let (mut observed, _) = settled(&podman);
    of(&mut observed, "m-k8s").facts.engines[0].engine = Engine::Docker;
    let back = plan(&docker, &observed).unwrap();
    ordered(&back);
    let retired = back
        .changes
        .iter()
        .find(|change| change.id == "retire-registry.m-k8s")
        .unwrap();
    assert_eq!(
        retired.action,
        Action::Retire {
            units: vec!["lab-registry.service".into()]
        }
    );
    for what in ["registry.m-k8s", "engine.m-k8s"] {
        let change = back.changes.iter().find(|change| change.id == what).unwrap();
        assert!(
            change.after.contains(&"retire-registry.m-k8s".to_owned()),
            "{what}"
        );
    }
}

#[test]
fn docker_that_was_started_by_hand_beside_another_engine_is_stopped_again() {
    let cluster = cluster(Engine::Podman);
    let (mut observed, _) = settled(&cluster);
    of(&mut observed, "w2-k8s")
        .facts
        .units
        .insert("docker.socket".into(), active());
    assert_eq!(plan(&cluster, &observed).unwrap().ids(), ["retire-docker.w2-k8s"]);
}

#[test]
fn a_fresh_cluster_of_any_engine_has_an_order() {
    for row in engine::all() {
        let cluster = cluster(row.engine);
        let plan = plan(&cluster, &fresh(&cluster)).unwrap();
        ordered(&plan);
        assert!(
            plan.has("registry.m-k8s") && plan.has("prove-pull.w3-k8s"),
            "{}",
            row.word
        );
        assert_eq!(plan.has("retire-docker.m-k8s"), row.engine != Engine::Docker);
    }
}

#[test]
fn kubernetes_waits_for_the_runtime_that_kubelet_talks_to() {
    for (engine, runtime) in [
        (Engine::Docker, "containerd"),
        (Engine::Podman, "containerd"),
        (Engine::Containerd, "engine"),
        (Engine::CriO, "engine"),
    ] {
        let cluster = Cluster::parse_with("cluster.yaml", CLUSTER, Some(engine)).unwrap();
        let plan = plan(&cluster, &fresh(&cluster)).unwrap();
        ordered(&plan);
        let of = |id: &str| plan.changes.iter().find(|change| change.id == id).unwrap();
        let first = of(&format!("{runtime}.w1-k8s"));
        assert!(of("kubernetes.w1-k8s").after.contains(&first.id), "{engine:?}");
        let expected = match engine {
            Engine::CriO => "crio.service",
            _ => "containerd.service",
        };
        assert!(matches!(&first.action, Action::Unit { unit, .. } if unit == expected));
    }
}
