//! From facts to a plan, as tables: what is broken, and exactly what repairs it.

#![expect(clippy::unwrap_used, reason = "tests")]

use time::Duration;

use super::{Action, mirror, node, plan, registry};
use crate::facts::{Observed, Seen};

mod certificates;
mod engine;
mod external;
mod kubernetes;
mod machine;
mod machine_kubernetes;
mod obstacle;
mod world;

use world::*;

#[test]
fn a_settled_cluster_needs_nothing() {
    assert!(check(|_| {}, "").is_empty());
}

#[test]
fn what_was_broken_by_hand_is_repaired_and_nothing_else() {
    check(
        |o| of(o, "w2-k8s").trust[0].sha256 = None,
        "trust.w2-k8s prove-push.m-k8s prove-pull.w2-k8s",
    );
    let prove = "prove-push.m-k8s prove-pull.m-k8s prove-pull.w1-k8s prove-pull.w2-k8s prove-pull.w3-k8s";
    check(
        |o| {
            drop(
                of(o, "m-k8s")
                    .facts
                    .containers
                    .insert(registry::CONTAINER.into(), None),
            )
        },
        &format!("registry.m-k8s {prove}"),
    );
    check(
        |o| drop(of(o, "m-k8s").facts.files.insert(registry::KEY.into(), None)),
        &format!("registry-key.m-k8s registry.m-k8s {prove}"),
    );
    check(
        |o| of(o, "m-k8s").facts.units.get_mut(mirror::UNIT).unwrap().active = "inactive".into(),
        "mirror.m-k8s",
    );
    check(
        |o| {
            of(o, "w1-k8s")
                .facts
                .units
                .get_mut("docker.service")
                .unwrap()
                .active = "failed".into()
        },
        "engine.w1-k8s",
    );
    check(
        |o| of(o, "w3-k8s").hosts = "10.1.1.1 mine\n".into(),
        "hosts.w3-k8s",
    );
    check(
        |o| {
            drop(
                of(o, "w1-k8s")
                    .facts
                    .files
                    .insert(node::DAEMON.into(), file("other".into(), 0o644)),
            )
        },
        "daemon.w1-k8s engine.w1-k8s",
    );
}

#[test]
fn a_key_that_others_may_read_is_written_again() {
    let plan = check(
        |o| {
            of(o, "m-k8s")
                .facts
                .files
                .get_mut(mirror::KEY)
                .unwrap()
                .as_mut()
                .unwrap()
                .mode = 0o644
        },
        "mirror-key.m-k8s mirror.m-k8s",
    );
    assert!(matches!(
        &plan.changes[0].action,
        Action::PutFile { mode: 0o600, .. }
    ));
}

#[test]
fn a_leaf_with_29_days_left_is_renewed_and_one_with_31_is_not() {
    check(|o| o.now += Duration::days(59), "");
    check(
        |o| o.now += Duration::days(61),
        "leaf mirror-certificate.m-k8s mirror-key.m-k8s mirror.m-k8s registry-certificate.m-k8s registry-key.m-k8s \
         registry.m-k8s prove-push.m-k8s prove-pull.m-k8s prove-pull.w1-k8s prove-pull.w2-k8s prove-pull.w3-k8s",
    );
}

#[test]
fn a_node_that_does_not_answer_is_left_alone_and_the_others_are_repaired() {
    let silence = |o: &mut Observed, node: &str| {
        o.nodes.get_mut(&node.parse().unwrap()).unwrap().known = None;
    };
    let break_trust = |o: &mut Observed, node: &str| of(o, node).trust[0].sha256 = None;
    check(
        |o| {
            silence(o, "w1-k8s");
            break_trust(o, "w2-k8s");
        },
        "trust.w2-k8s prove-push.m-k8s prove-pull.w2-k8s",
    );
    check(
        |o| {
            silence(o, "m-k8s");
            break_trust(o, "w2-k8s");
        },
        "trust.w2-k8s",
    );
}

#[test]
fn a_purged_engine_is_installed_before_anything_that_needs_it() {
    let plan = check(
        |o| {
            of(o, "w1-k8s").facts.engines.clear();
            of(o, "w1-k8s").facts.files.insert(node::DAEMON.into(), None);
        },
        "install.w1-k8s trust.w1-k8s daemon.w1-k8s engine.w1-k8s prove-push.m-k8s prove-pull.w1-k8s",
    );
    for change in &plan.changes[1..4] {
        assert!(
            change.after.contains(&"install.w1-k8s".to_owned()),
            "{}",
            change.id
        );
    }
    assert!(matches!(
        plan.changes[3].action,
        Action::Unit {
            step: super::UnitStep::Restart,
            ..
        }
    ));
}

#[test]
fn a_fresh_cluster_gets_everything_and_a_worker_waits_only_for_itself() {
    let cluster = cluster();
    let plan = plan(&cluster, &fresh(&cluster)).unwrap();
    ordered(&plan);
    for node in &cluster.nodes {
        for what in ["boot", "hosts", "trust", "daemon", "engine", "prove-pull"] {
            assert!(plan.has(&format!("{what}.{}", node.name)), "{what}.{}", node.name);
        }
    }
    let engine = plan
        .changes
        .iter()
        .find(|change| change.id == "engine.w1-k8s")
        .unwrap();
    assert_eq!(engine.after, ["boot.w1-k8s", "daemon.w1-k8s", "trust.w1-k8s"]);
}

#[test]
fn a_worker_that_is_gone_is_all_that_is_set_up() {
    let cluster = cluster();
    let (mut observed, _) = settled(&cluster);
    observed.nodes.insert("w3-k8s".parse().unwrap(), Seen::default());
    let ids = plan(&cluster, &observed).unwrap();
    assert_eq!(
        ids.ids().join(" "),
        "boot.w3-k8s hosts.w3-k8s trust.w3-k8s daemon.w3-k8s engine.w3-k8s prove-push.m-k8s prove-pull.w3-k8s"
    );
}

#[test]
fn the_way_out_follows_the_setting_and_what_the_host_has() {
    use crate::cluster::{Egress, Lack, Standing, WayOut};
    let resolvers = "resolver.m-k8s resolver.w1-k8s resolver.w2-k8s resolver.w3-k8s";
    let open = format!("egress {resolvers}");
    for (egress, standing, lack, expected, problem) in [
        (Egress::Auto, Standing::Closed, None, open.as_str(), ""),
        (Egress::Auto, Standing::Open, None, resolvers, ""),
        (Egress::Auto, Standing::Outdated, None, &open, ""),
        (Egress::Auto, Standing::Closed, Some(Lack::Program), "", ""),
        (Egress::Auto, Standing::Open, Some(Lack::Offline), "egress", ""),
        (Egress::Off, Standing::Closed, None, "", ""),
        (Egress::Off, Standing::Open, None, "egress", ""),
        (Egress::On, Standing::Closed, None, &open, ""),
        (
            Egress::On,
            Standing::Closed,
            Some(Lack::Route),
            "",
            "no default route",
        ),
        (
            Egress::On,
            Standing::Closed,
            Some(Lack::Program),
            "",
            "pasta is not installed",
        ),
        (Egress::On, Standing::Closed, Some(Lack::Offline), "", ""),
    ] {
        let mut cluster = cluster();
        cluster.egress = egress;
        let (mut observed, _) = settled(&cluster);
        observed.way_out = Some(WayOut {
            standing,
            lack,
            resolver: [198, 19, 255, 251].into(),
        });
        let plan = plan(&cluster, &observed).unwrap();
        assert_eq!(plan.ids().join(" "), expected, "{egress:?} {standing:?} {lack:?}");
        let said: String = plan
            .problems
            .iter()
            .map(|problem| problem.text.en.as_str())
            .collect();
        assert!(
            said.contains(problem) && said.is_empty() == problem.is_empty(),
            "{said:?}"
        );
        ordered(&plan);
    }
}

#[test]
fn no_key_is_in_a_plan() {
    let cluster = cluster();
    let (mut observed, key) = settled(&cluster);
    observed.now += Duration::days(61);
    let plan = plan(&cluster, &observed).unwrap();
    let said = format!("{plan:?}{observed:?}{}", serde_json::to_string(&plan).unwrap());
    assert!(!said.contains("PRIVATE KEY"));
    for line in key.lines().filter(|line| !line.starts_with("-----")) {
        assert!(!said.contains(line));
    }
}
