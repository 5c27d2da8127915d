//! What is said of Kubernetes: well, unwell, ending, and in each way of not being known.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::Ipv4Addr;

use agent::wire::{Facts, FileFact, KubernetesNode, KubernetesPod};
use time::Duration;

use super::*;
use crate::pki::{Authority, issue_leaf};
use crate::provider::NodeState;
use crate::report::out::columns;

const ADMINISTRATOR: &str = "/etc/kubernetes/admin.conf";
const APISERVER: &str = "/etc/kubernetes/pki/apiserver.crt";

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap()
}

fn ending_in(days: i64) -> Option<String> {
    let since = now() - Duration::days(90 - days) + Duration::hours(1);
    let network = "192.168.1.0/24".parse().unwrap();
    let authority = Authority::issue("test", network, &["m-k8s".into()], since).unwrap();
    let leaf = issue_leaf(&authority, &[], &["m-k8s".into()], since).unwrap();
    Some(leaf.certificate_pem)
}

fn seen(name: &str, facts: Option<Facts>) -> Seen {
    let answer = facts.map(|facts| Ok(Answer { facts, trust: vec![] }));
    Seen {
        engine: agent::wire::Engine::Docker,
        node: name.parse().unwrap(),
        address: Ipv4Addr::LOCALHOST,
        state: NodeState::Up,
        answer,
    }
}

fn certified(path: &str, days: i64) -> Facts {
    let mut facts = Facts::default();
    facts.certificates.insert(path.into(), ending_in(days));
    facts
}

/// A master whose API calls m-k8s ready and w1-k8s not.
fn master(days: i64) -> Facts {
    let node = |name: &str, ready| KubernetesNode {
        name: name.into(),
        ready,
        version: "v1.34.4".into(),
        runtime: "containerd://1.7.24".into(),
    };
    let pod = |name: &str, node: &str, ready, reason: &str| KubernetesPod {
        name: name.into(),
        node: node.into(),
        ready,
        reason: reason.into(),
    };
    let file = FileFact {
        sha256: String::new(),
        mode: 0o600,
        size: 1,
    };
    let mut facts = certified(APISERVER, days);
    facts.files.insert(ADMINISTRATOR.into(), Some(file));
    facts.kubernetes = Some(vec![node("m-k8s", true), node("w1-k8s", false)]);
    facts.pods = Some(vec![
        pod("etcd-m-k8s", "m-k8s", true, "Running"),
        pod("kube-proxy-1", "w1-k8s", false, "CrashLoopBackOff"),
        pod("coredns-1", "", false, "Pending"),
    ]);
    facts
}

/// The table and what is said below it.
fn shown(master: &Seen, workers: &[&Seen]) -> Vec<String> {
    let control = Control::of(master, ADMINISTRATOR);
    let of = |seen: &Seen, role| (seen.node.clone(), member(seen, role, control, now()));
    let mut all = vec![of(master, Role::Master)];
    all.extend(workers.iter().map(|seen| of(seen, Role::Worker)));
    let all: Vec<_> = all.iter().map(|(node, member)| (node, member)).collect();
    let said = remarks(&master.node, control, &all);
    columns(&table(&all))
        .into_iter()
        .chain(said.into_iter().map(|text| text.en))
        .collect()
}

#[test]
fn ready_nodes_others_and_what_is_unwell_on_them() {
    let workers = [
        seen("w1-k8s", Some(certified(certificates::KUBELET, 20))),
        seen("w2-k8s", Some(Facts::default())),
    ];
    assert_eq!(
        shown(&seen("m-k8s", Some(master(80))), &workers.each_ref()),
        [
            "NODE    KUBERNETES  VERSION  RUNTIME              CERTIFICATES",
            "m-k8s   ready       v1.34.4  containerd://1.7.24  ok 80d",
            "w1-k8s  not ready   v1.34.4  containerd://1.7.24  ok 20d        → lab up",
            "w2-k8s  not joined  -        -                    -             → lab up",
            "a pod that is on no node: coredns-1 (Pending)",
            "w1-k8s: a pod that is not ready: kube-proxy-1 (CrashLoopBackOff)",
        ]
    );
}

#[test]
fn certificates_are_warned_of_under_30_days_and_once_they_have_ended() {
    let said = |days| {
        let lines = shown(&seen("m-k8s", Some(master(days))), &[]);
        (lines[1].clone(), lines.last().unwrap().clone())
    };
    let (row, last) = said(29);
    assert!(row.ends_with("ok 29d        → lab up"), "{row}");
    assert!(
        last.contains("ends in 29 days (/etc/kubernetes/pki/apiserver.crt)"),
        "{last}"
    );
    let (row, last) = said(-35);
    assert!(row.ends_with("expired       → lab up"), "{row}");
    assert!(last.contains("has ended"), "{last}");
    let (row, last) = said(30);
    assert!(row.ends_with("ok 30d") && !last.contains("days"), "{row} {last}");
}

#[test]
fn not_set_up_not_answering_and_not_to_be_asked_are_three_things() {
    let worker = seen("w1-k8s", None);
    let said = |master: &Seen| {
        let lines = shown(master, &[&worker]);
        (lines[2].clone(), lines[3].clone())
    };
    let (row, last) = said(&seen("m-k8s", None));
    assert!(
        row.starts_with("w1-k8s  -   ") && last.contains("cannot be asked"),
        "{row} {last}"
    );
    let (row, last) = said(&seen("m-k8s", Some(Facts::default())));
    assert!(
        row.starts_with("w1-k8s  not set up") && last.contains("not set up yet"),
        "{row} {last}"
    );
    let mut silent = master(80);
    silent.kubernetes = None;
    let (row, last) = said(&seen("m-k8s", Some(silent)));
    assert!(row.starts_with("w1-k8s  no answer"), "{row}");
    assert!(
        last.contains("does not answer") && last.contains("lab logs m-k8s kubelet"),
        "{last}"
    );
}
