//! Clusters in every state, made up of facts, and the questions asked of their plans.

use std::collections::{BTreeMap, BTreeSet};

use agent::wire::{ContainerFact, Engine, EngineFact, FileFact, TrustFact, UnitFact};
use time::OffsetDateTime;

use super::super::{Mark, Plan, egress, engine, mirror, node, plan, registry, sha256, trust};
use crate::config::{Cluster, Node};
use crate::engine as table;
use crate::facts::{Known, LeafState, Observed, Pki, Seen};
use crate::pki::{Authority, inspect, issue_leaf};
use crate::render;

const CLUSTER: &str = include_str!("../../../../cluster.yaml");

pub fn cluster() -> Cluster {
    let mut cluster = Cluster::parse("cluster.yaml", CLUSTER).unwrap();
    cluster.kubernetes = None;
    cluster
}

pub fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap()
}

pub fn fresh(cluster: &Cluster) -> Observed {
    let nodes = cluster
        .nodes
        .iter()
        .map(|node| (node.name.clone(), Seen::default()));
    Observed {
        nodes: nodes.collect(),
        pki: Pki::default(),
        way_out: None,
        external: Default::default(),
        bundle: "b".into(),
        now: now(),
    }
}

pub fn file(sha256: String, mode: u32) -> Option<FileFact> {
    Some(FileFact {
        sha256,
        mode,
        size: 1,
    })
}

/// A cluster on which everything is as described, and the leaf's key.
pub fn settled(cluster: &Cluster) -> (Observed, String) {
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
        let known = known(cluster, &observed.pki, &state, node);
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

pub fn known(cluster: &Cluster, pki: &Pki, leaf: &LeafState, at: &Node) -> Known {
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
        egress::RESOLV_CONF,
        sha256(render::resolv_conf(at, None).unwrap()),
        0o644,
    );
    for piece in engine::pieces(cluster, at).unwrap() {
        put(piece.path, sha256(&piece.content), 0o644);
    }
    for program in crate::bundle::engines::programs(table::word(at.engine)).unwrap() {
        put(&program, "program".into(), 0o755);
    }
    let marks = engine::marks(cluster, at).unwrap();
    for mark in &marks {
        put(&mark.path, sha256(mark.content("")), 0o644);
    }
    put(
        registry::PROOF,
        sha256(registry::mark(cluster, at, &pki.trusted)),
        0o644,
    );
    if at.name == cluster.registry.host {
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
        if at.engine == Engine::Docker {
            facts
                .containers
                .insert(registry::CONTAINER.into(), Some(container));
        } else {
            facts.containers.insert(registry::CONTAINER.into(), None);
            let config =
                render::registry_config("/registry-image", cluster.registry.port, "/etc/docker/certs")
                    .unwrap();
            let mark = Mark::of(registry::service::UNIT, &config, true);
            let mut put =
                |path: &str, text: String| facts.files.insert(path.into(), file(sha256(text), 0o644));
            put(&mark.path, mark.content(&leaf.certificate_sha256));
            put(registry::service::CONFIG, config);
            facts.units.insert(registry::service::UNIT.into(), unit.clone());
        }
    }
    for mark in marks {
        let name = mark.path.rsplit('/').next().unwrap();
        facts.units.insert(name.into(), unit.clone());
    }
    facts.engines = vec![EngineFact {
        engine: at.engine,
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

pub fn of<'a>(observed: &'a mut Observed, node: &str) -> &'a mut Known {
    observed
        .nodes
        .get_mut(&node.parse().unwrap())
        .unwrap()
        .known
        .as_mut()
        .unwrap()
}

/// The plan after `breaking` a settled cluster has exactly these changes, and an order.
pub fn check(breaking: impl Fn(&mut Observed), expected: &str) -> Plan {
    let cluster = cluster();
    let (mut observed, _) = settled(&cluster);
    breaking(&mut observed);
    let plan = plan(&cluster, &observed).unwrap();
    assert_eq!(plan.ids().join(" "), expected);
    ordered(&plan);
    plan
}

/// Every id is unique, and running whatever is ready runs everything.
pub fn ordered(plan: &Plan) {
    let all: BTreeSet<&str> = plan.ids().into_iter().collect();
    assert_eq!(all.len(), plan.changes.len(), "an id is there twice");
    let mut done: BTreeSet<&str> = BTreeSet::new();
    loop {
        let ready = |change: &&super::super::Change| {
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
