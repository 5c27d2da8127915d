#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use agent::wire::{ContainerFact, Engine, EngineFact, FileFact, TrustFact, UnitFact};
use time::{Duration, OffsetDateTime};

use super::{Action, Mark, Plan, mirror, node, plan, registry, sha256, trust};
use crate::config::Cluster;
use crate::facts::{Known, LeafState, Observed, Pki, Seen};
use crate::pki::{Authority, inspect, issue_leaf};
use crate::render;

const CLUSTER: &str = include_str!("../../../cluster.yaml");

fn cluster() -> Cluster {
    Cluster::parse("cluster.yaml", CLUSTER).unwrap()
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap()
}

fn fresh(cluster: &Cluster) -> Observed {
    let nodes = cluster
        .nodes
        .iter()
        .map(|node| (node.name.clone(), Seen::default()));
    Observed {
        nodes: nodes.collect(),
        pki: Pki::default(),
        bundle: "b".into(),
        now: now(),
    }
}

fn file(sha256: String, mode: u32) -> Option<FileFact> {
    Some(FileFact {
        sha256,
        mode,
        size: 1,
    })
}

/// A cluster on which everything is as described, and the leaf's key.
fn settled(cluster: &Cluster) -> (Observed, String) {
    let names: Vec<String> = cluster.nodes.iter().map(|node| node.name.to_string()).collect();
    let authority = Authority::issue("chapter4", cluster.network, &names, now()).unwrap();
    let leaf = issue_leaf(
        &authority,
        &[cluster.master().address],
        &[names[0].clone()],
        now(),
    )
    .unwrap();
    let state = LeafState {
        certificate: inspect(&leaf.certificate_pem).unwrap(),
        certificate_sha256: sha256(&leaf.certificate_pem),
        key_sha256: sha256(leaf.key_pem.expose()),
    };
    let mut observed = fresh(cluster);
    observed.pki = Pki {
        authority: Some(inspect(&authority.certificate_pem).unwrap()),
        trusted: sha256(&authority.certificate_pem),
        leaf: Some(state.clone()),
    };
    for node in &cluster.nodes {
        let known = known(cluster, &observed.pki, &state, node.name == cluster.registry.host);
        observed.nodes.insert(
            node.name.clone(),
            Seen {
                up: true,
                known: Some(known),
            },
        );
    }
    (observed, leaf.key_pem.expose().to_owned())
}

fn known(cluster: &Cluster, pki: &Pki, leaf: &LeafState, host: bool) -> Known {
    let mut known = Known::default();
    let unit = UnitFact {
        load: "loaded".into(),
        active: "active".into(),
        enabled: "enabled".into(),
    };
    let facts = &mut known.facts;
    let mut put = |path: &str, sha256: String, mode| facts.files.insert(path.into(), file(sha256, mode));
    let hosts = format!("10.1.1.1 mine\n{}", render::hosts(cluster).unwrap());
    put(node::HOSTS, sha256(&hosts), 0o644);
    put(
        node::DAEMON,
        sha256(render::docker_daemon(mirror::name(cluster)).unwrap()),
        0o644,
    );
    let daemon = render::docker_daemon(mirror::name(cluster)).unwrap();
    let docker = Mark::of("docker.service", &daemon, false);
    put(&docker.path, sha256(docker.content("")), 0o644);
    put(
        registry::PROOF,
        sha256(registry::mark(cluster, &pki.trusted)),
        0o644,
    );
    if host {
        let mark = Mark::of(mirror::UNIT, &render::mirror_config().unwrap(), true);
        put(&mark.path, sha256(mark.content(&leaf.certificate_sha256)), 0o644);
        put(mirror::CONFIG, sha256(render::mirror_config().unwrap()), 0o644);
        put(crate::bundle::MIRROR_STORAGE, String::new(), 0o755);
        for (certificate, key) in [
            (mirror::CERTIFICATE, mirror::KEY),
            (registry::CERTIFICATE, registry::KEY),
        ] {
            put(certificate, leaf.certificate_sha256.clone(), 0o644);
            put(key, leaf.key_sha256.clone(), 0o600);
        }
        facts.units.insert(mirror::UNIT.into(), unit.clone());
        let label = registry::Definition::of(cluster).digest(&leaf.certificate_sha256);
        let container = ContainerFact {
            id: "1".into(),
            image: "registry:2".into(),
            image_id: "2".into(),
            state: "running".into(),
            restart: "always".into(),
            labels: BTreeMap::from([(registry::LABEL.into(), label)]),
        };
        facts
            .containers
            .insert(registry::CONTAINER.into(), Some(container));
    }
    facts.units.insert("docker.service".into(), unit);
    facts.engines = vec![EngineFact {
        engine: Engine::Docker,
        version: "26".into(),
        running: true,
    }];
    known.hosts = hosts;
    known.trust = trust::registries(cluster)
        .into_iter()
        .map(|registry| TrustFact {
            store: "docker".into(),
            registry,
            path: "/p".into(),
            sha256: Some(pki.trusted.clone()),
        })
        .collect();
    known
}

fn of<'a>(observed: &'a mut Observed, node: &str) -> &'a mut Known {
    observed
        .nodes
        .get_mut(&node.parse().unwrap())
        .unwrap()
        .known
        .as_mut()
        .unwrap()
}

/// The plan after `breaking` a settled cluster has exactly these changes, and an order.
fn check(breaking: impl Fn(&mut Observed), expected: &str) -> Plan {
    let cluster = cluster();
    let (mut observed, _) = settled(&cluster);
    breaking(&mut observed);
    let plan = plan(&cluster, &observed).unwrap();
    assert_eq!(plan.ids().join(" "), expected);
    ordered(&plan);
    plan
}

/// Every id is unique, and running whatever is ready runs everything.
fn ordered(plan: &Plan) {
    let all: BTreeSet<&str> = plan.ids().into_iter().collect();
    assert_eq!(all.len(), plan.changes.len(), "an id is there twice");
    let mut done: BTreeSet<&str> = BTreeSet::new();
    loop {
        let ready = |change: &&super::Change| {
            !done.contains(change.id.as_str()) && change.after.iter().all(|id| done.contains(id.as_str()))
        };
        let next: Vec<&str> = plan
            .changes
            .iter()
            .filter(ready)
            .map(|change| change.id.as_str())
            .collect();
        if next.is_empty() {
            break;
        }
        done.extend(next);
    }
    assert_eq!(done, all, "a cycle, or a change after one that is not there");
}

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
