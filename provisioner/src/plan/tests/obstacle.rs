//! What stands in the way and no change removes: taken ports, nodes without programs, wrong clocks.

use agent::wire::Listener;
use time::Duration;

use super::super::{Action, Mark, registry};
use super::kubernetes::check;
use super::world::{self, of};
use crate::facts::Observed;
use crate::plan::member::AUTHORITY;

#[test]
fn a_taken_port_is_named_with_who_has_it_and_nothing_joins_what_cannot_be() {
    let taken = |program: &str| Listener {
        program: program.into(),
        pid: 77,
    };
    let unmade =
        |o: &mut Observed, node: &str| drop(of(o, node).facts.files.insert(Mark::path("kubernetes"), None));
    let plan = check(
        |o| {
            unmade(o, "m-k8s");
            of(o, "m-k8s").facts.listeners.insert(6443, taken("nc"));
        },
        "",
    );
    let problem = &plan.problems[0];
    assert!(problem.text.en.contains("6443") && problem.text.en.contains("nc (pid 77)"));
    assert!(
        problem.hint.en.contains("lab exec m-k8s -- ps -fp 77"),
        "{problem:?}"
    );
    let plan = check(
        |o| {
            unmade(o, "w1-k8s");
            of(o, "w1-k8s").facts.listeners.insert(10250, taken(""));
            of(o, "m-k8s").facts.kubernetes.as_mut().unwrap()[2].ready = false;
        },
        "kubernetes-ready",
    );
    assert!(plan.problems[0].text.en.contains("10250"));
    let Action::KubernetesReady { nodes } = &plan.changes[0].action else {
        panic!("{plan:?}")
    };
    assert!(!nodes.iter().any(|node| node.as_str() == "w1-k8s"));
    // What a cut short attempt left running goes by itself; what belongs already has its port.
    let plan = check(
        |o| {
            unmade(o, "w1-k8s");
            for node in ["w1-k8s", "w2-k8s"] {
                of(o, node).facts.listeners.insert(10250, taken("kubelet"));
            }
        },
        "kubernetes.w1-k8s kubernetes-ready",
    );
    assert!(plan.problems.is_empty());
}

#[test]
fn a_docker_that_says_nothing_is_named_and_its_registry_is_not_made_again() {
    let plan = check(
        |o| drop(of(o, "m-k8s").facts.containers.remove(registry::CONTAINER)),
        "",
    );
    assert_eq!(plan.problems[0].text.en, "Docker runs and does not answer");
    assert_eq!(plan.problems.len(), 1, "{plan:?}");
}

#[test]
fn nodes_made_without_kubernetes_are_not_given_to_kubeadm() {
    let without = |o: &mut Observed| {
        for node in ["m-k8s", "w1-k8s", "w2-k8s", "w3-k8s"] {
            let facts = &mut of(o, node).facts;
            for path in [Mark::path("kubernetes"), AUTHORITY.into()] {
                facts.files.insert(path, None);
            }
            facts.programs.insert("kubeadm".into(), false);
        }
    };
    let plan = check(without, "");
    assert_eq!(plan.problems.len(), 1);
    let hint = &plan.problems[0].hint.en;
    assert!(
        hint.contains("lab up --kubernetes") && hint.contains("--no-kubernetes"),
        "{hint}"
    );
}

#[test]
fn a_clock_that_is_wrong_is_a_problem_whoever_has_it() {
    let at = |o: &mut Observed, seconds: i64| {
        let time = world::now() + Duration::seconds(seconds);
        of(o, "w1-k8s").facts.clock_ms = u64::try_from(time.unix_timestamp()).unwrap() * 1000;
    };
    for fine in [0, 299, -299] {
        assert!(check(|o| at(o, fine), "").is_empty());
    }
    for (drift, said) in [(3600, "60 minutes fast"), (-86_400, "1440 minutes slow")] {
        let plan = check(
            |o| {
                at(o, drift);
                drop(of(o, "w1-k8s").facts.files.insert(Mark::path("kubernetes"), None));
            },
            "",
        );
        let problem = &plan.problems[0];
        assert!(problem.text.en.contains(said), "{problem:?}");
        assert!(problem.hint.en.contains("timedatectl"));
    }
}
