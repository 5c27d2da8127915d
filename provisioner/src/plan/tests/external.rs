//! An external registry: from facts to a plan.

use agent::wire::{Engine, TrustFact};

use super::super::{Plan, plan};
use super::world::{self, fresh, of, ordered};
use crate::cluster::{Egress, External, Lack, Product, Standing as Way, WayOut};
use crate::config::Cluster;
use crate::facts::Observed;
use crate::facts::external::{Sight, Standing, Trouble};

fn cluster() -> Cluster {
    let mut cluster = world::cluster();
    cluster.registry.external = Some(External {
        host: "registry.example.com".into(),
        port: 443,
        namespace: Some("team".into()),
        product: None,
        login: None,
        ca_file: Some("ca.pem".into()),
    });
    cluster
}

fn standing(project: Option<bool>) -> Sight {
    Sight {
        asked: Some(Ok(Standing {
            product: Product::Harbor,
            user: "student".into(),
            open: false,
            project,
            repositories: Some(0),
        })),
        authority: Some("theirs".into()),
    }
}

fn settled(cluster: &Cluster) -> Observed {
    let (mut observed, _) = world::settled(cluster);
    observed.external = standing(Some(true));
    for node in &cluster.nodes {
        let dealings = &mut of(&mut observed, node.name.as_str()).external;
        dealings.ready_for = vec!["registry.example.com".into()];
        dealings.logged_in = true;
        dealings.trust = vec![TrustFact {
            store: "docker".into(),
            registry: "registry.example.com".into(),
            path: "/p".into(),
            sha256: Some("theirs".into()),
        }];
    }
    observed
}

fn check(breaking: impl Fn(&mut Cluster, &mut Observed), expected: &str) -> Plan {
    let mut cluster = cluster();
    let mut observed = settled(&cluster);
    breaking(&mut cluster, &mut observed);
    let plan = plan(&cluster, &observed).unwrap();
    assert_eq!(plan.ids().join(" "), expected);
    ordered(&plan);
    plan
}

#[test]
fn a_node_without_docker_is_not_logged_in() {
    let mut cluster = cluster();
    let mut observed = settled(&cluster);
    for name in ["w1-k8s", "w2-k8s"] {
        of(&mut observed, name).external = Default::default();
    }
    let node = cluster
        .nodes
        .iter_mut()
        .find(|node| node.name.as_str() == "w1-k8s");
    node.unwrap().engine = Engine::Containerd;
    let plan = plan(&cluster, &observed).unwrap();
    assert!(
        plan.has("external.w2-k8s") && !plan.has("external.w1-k8s"),
        "{:?}",
        plan.ids()
    );
}

#[test]
fn who_trusts_it_and_is_logged_in_has_nothing_to_do_and_others_repair_what_they_lack() {
    assert!(check(|_, _| {}, "").is_empty());
    check(
        |_, o| of(o, "w2-k8s").external.logged_in = false,
        "external.w2-k8s",
    );
    check(
        |_, o| of(o, "w1-k8s").external.trust[0].sha256 = None,
        "external.w1-k8s",
    );
    let another = |o: &mut Observed| of(o, "w1-k8s").external.ready_for = vec!["old.example".into()];
    check(|_, o| another(o), "external.w1-k8s");
    // The authority is another, or none is named any more.
    let all = "external.m-k8s external.w1-k8s external.w2-k8s external.w3-k8s";
    check(|_, o| o.external.authority = Some("new".into()), all);
    check(|_, o| o.external.authority = None, all);
}

#[test]
fn a_project_that_is_missing_is_made_and_one_nobody_tells_of_is_not() {
    check(
        |_, o| o.external = standing(Some(false)),
        "external-project.m-k8s",
    );
    check(|_, o| o.external = standing(None), "");
}

#[test]
fn before_any_node_runs_it_is_asked_once_and_then_each_node_logs_in() {
    let cluster = cluster();
    let mut observed = fresh(&cluster);
    observed.external.authority = Some("theirs".into());
    let plan = plan(&cluster, &observed).unwrap();
    ordered(&plan);
    let of = |id: &str| plan.changes.iter().find(|change| change.id == id).unwrap();
    assert!(of("external-look.m-k8s").after.contains(&"boot.m-k8s".into()));
    let after = &of("external.w1-k8s").after;
    for id in ["external-look.m-k8s", "engine.w1-k8s", "trust.w1-k8s"] {
        assert!(after.contains(&id.into()), "{after:?}");
    }
}

#[test]
fn one_that_is_of_no_use_is_a_problem_unless_the_way_to_it_is_about_to_be_opened() {
    let broken = |o: &mut Observed| {
        of(o, "w1-k8s").external.logged_in = false;
        o.external.asked = Some(Err(Trouble {
            text: "it does not answer".into(),
            hint: "wait".into(),
            unreached: true,
        }));
    };
    let plan = check(|_, o| broken(o), "");
    assert_eq!(plan.problems.len(), 1);
    let opening = |cluster: &mut Cluster, o: &mut Observed| {
        broken(o);
        cluster.egress = Egress::Auto;
        o.way_out = Some(WayOut {
            standing: Way::Closed,
            lack: None::<Lack>,
            resolver: std::net::Ipv4Addr::LOCALHOST,
        });
    };
    let mut cluster = cluster();
    let mut observed = settled(&cluster);
    opening(&mut cluster, &mut observed);
    let plan = super::plan(&cluster, &observed).unwrap();
    assert!(plan.problems.is_empty(), "{:?}", plan.problems);
    let login = plan
        .changes
        .iter()
        .find(|change| change.id == "external.w1-k8s")
        .unwrap();
    assert!(login.after.contains(&"external-look.m-k8s".into()));
    let look = plan
        .changes
        .iter()
        .find(|change| change.id == "external-look.m-k8s")
        .unwrap();
    assert!(look.after.contains(&"egress".into()));
}

#[test]
fn what_cluster_yaml_no_longer_names_is_forgotten() {
    let all = "external-forget.m-k8s external-forget.w1-k8s external-forget.w2-k8s external-forget.w3-k8s";
    check(|cluster, _| cluster.registry.external = None, all);
}
