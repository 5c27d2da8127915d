//! Kubernetes' own certificates: renewed in time, and after they have ended; and what a boot shows of it.

use time::Duration;

use super::super::{Action, certificates, plan};
use super::kubernetes::{check, cluster, settled, stop};
use super::world::{self, of};
use crate::facts::{Observed, Seen};
use crate::node::NodeName;
use crate::pki::{Authority, issue_leaf};
use crate::plan::member::KUBELET;

/// A certificate with this many days left, as any of them.
fn ending_in(days: i64) -> String {
    let since = world::now() - Duration::days(90 - days);
    let cluster = cluster();
    let authority = Authority::issue("test", cluster.network, &["m-k8s".into()], since).unwrap();
    let leaf = issue_leaf(&authority, &[], &["m-k8s".into()], since).unwrap();
    leaf.certificate_pem
}

fn ends(observed: &mut Observed, node: &str, path: &str, days: i64) {
    let certificates = &mut of(observed, node).facts.certificates;
    certificates.insert(path.into(), Some(ending_in(days)));
}

const APISERVER: &str = "/etc/kubernetes/pki/apiserver.crt";

#[test]
fn certificates_of_the_control_plane_are_renewed_before_they_end() {
    check(|o| ends(o, "m-k8s", APISERVER, 31), "");
    let plan = check(
        |o| ends(o, "m-k8s", APISERVER, 29),
        "kubernetes-certificates.m-k8s kubernetes-ready",
    );
    assert_eq!(plan.changes[0].action, Action::KubernetesRenew { kubelet: false });
    assert!(
        plan.changes[0].why.en.contains("in 2"),
        "{:?}",
        plan.changes[0].why
    );
    // A kubelet renews its own as long as it can.
    check(|o| ends(o, "m-k8s", certificates::KUBELET, 1), "");
    check(|o| ends(o, "w1-k8s", certificates::KUBELET, 1), "");
    check(
        |o| {
            drop(
                of(o, "m-k8s")
                    .facts
                    .certificates
                    .insert(APISERVER.into(), Some("not one".into())),
            )
        },
        "",
    );
}

#[test]
fn a_lab_that_slept_400_days_is_renewed_and_its_workers_join_again() {
    let plan = check(
        |o| {
            let master = cluster().nodes[0].clone();
            for path in certificates::files(&master) {
                ends(o, "m-k8s", &path, -35);
            }
            ends(o, "w2-k8s", certificates::KUBELET, -35);
            of(o, "m-k8s").facts.kubernetes = None;
        },
        "kubernetes-certificates.m-k8s kubernetes.w2-k8s kubernetes-ready",
    );
    assert_eq!(plan.changes[0].action, Action::KubernetesRenew { kubelet: true });
    assert!(plan.changes[1].after.contains(&plan.changes[0].id));
    assert!(
        plan.changes[0].why.en.contains("ended on"),
        "{:?}",
        plan.changes[0].why
    );
}

#[test]
fn a_renewal_that_was_cut_short_is_done_again() {
    let begun = |o: &mut Observed| {
        let facts = &mut of(o, "m-k8s").facts;
        facts
            .files
            .insert(certificates::RENEWING.into(), world::file(String::new(), 0o600));
    };
    let changes = "kubernetes-certificates.m-k8s kubernetes-ready";
    let plan = check(
        |o| {
            begun(o);
            ends(o, "m-k8s", APISERVER, 364);
        },
        changes,
    );
    assert_eq!(plan.changes[0].action, Action::KubernetesRenew { kubelet: false });
    assert!(plan.changes[0].why.en.contains("cut short"));
    // Cut short after the kubelet's was taken away and before there was another.
    let plan = check(
        |o| {
            begun(o);
            let all = &mut of(o, "m-k8s").facts.certificates;
            all.insert(certificates::KUBELET.into(), None);
        },
        changes,
    );
    assert_eq!(plan.changes[0].action, Action::KubernetesRenew { kubelet: true });
}

#[test]
fn a_boot_that_shows_an_ended_certificate_leaves_kubernetes_to_a_plan_of_its_own() {
    let cluster = cluster();
    let mut observed = settled(&cluster);
    ends(&mut observed, "m-k8s", APISERVER, -35);
    let master: NodeName = "m-k8s".parse().unwrap();
    let seen = observed.nodes.insert(master.clone(), Seen::default());
    let before = plan(&cluster, &observed).unwrap();
    assert!(before.has("kubernetes.w1-k8s") && before.has("kubernetes-ready"));
    observed.nodes.insert(master.clone(), seen.unwrap());
    let needless = before.needless(&plan(&cluster, &observed).unwrap());
    for id in ["kubernetes.m-k8s", "kubernetes.w1-k8s", "kubernetes-ready"] {
        assert!(needless.contains(&id.to_owned()), "{id}");
    }
    // One that shows nothing of the kind only takes back what was not needed, on other nodes too.
    let whole = settled(&cluster);
    let mut asleep = whole.clone();
    asleep.nodes.insert(master, Seen::default());
    let needless = plan(&cluster, &asleep)
        .unwrap()
        .needless(&plan(&cluster, &whole).unwrap());
    assert!(needless.contains(&"kubernetes.w3-k8s".to_owned()));
}

#[test]
fn a_kubelet_that_did_not_start_yet_is_not_mistaken_for_a_node_to_be_set_up() {
    let cluster = cluster();
    let mut observed = settled(&cluster);
    stop(&mut observed, "m-k8s", KUBELET);
    let mut asleep = observed.clone();
    asleep.nodes.insert("m-k8s".parse().unwrap(), Seen::default());
    let needless = plan(&cluster, &asleep)
        .unwrap()
        .needless(&plan(&cluster, &observed).unwrap());
    assert!(needless.contains(&"kubernetes.m-k8s".to_owned()), "{needless:?}");
}
