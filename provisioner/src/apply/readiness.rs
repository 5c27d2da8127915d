//! Waiting until Kubernetes is ready: every node, and every pod that can be. What the API remembers from before a restart does
//! not count.

use std::time::{Duration, Instant};

use agent::wire::FactsQuery;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::command::command;
use super::kubernetes::ADMINISTRATOR;
use crate::config::Node;
use crate::error::{Error, Result};
use crate::gather;
use crate::node::NodeName;
use crate::plan::certificates;
use crate::session::Session;
use crate::text;
use crate::transport::patient;

const LIMIT: Duration = Duration::from_secs(240);
/// One question to the API.
const REQUEST: Duration = Duration::from_secs(5);
const NODES: &str = r#"jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}"#;
const PODS: &str = r#"jsonpath={range .items[*]}{.spec.nodeName}|{.metadata.namespace}|{.metadata.name}|{.status.phase}|{.status.conditions[?(@.type=="Ready")].status}|{.status.containerStatuses[*].state.running.startedAt}|{.status.containerStatuses[*].state.waiting.reason}{"\n"}{end}"#;
/// Reasons of a pod's own: waiting does not make them go away.
const OWN: [&str; 4] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
];
/// Reasons that a restart of the node gives pods which are well: kubelet tries some of them before it knows all services, and
/// again after ten seconds. Of a pod that has them for longer they are its own.
const PASSING: [&str; 3] = [
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
];
const PASSES: Duration = Duration::from_secs(20);
/// Seconds by which clocks may differ and count as the same.
const AGREED: u64 = 2;

/// What is to be ready.
pub struct Wanted {
    /// These nodes.
    pub nodes: Vec<NodeName>,
    /// Those of them that were started anew, and when: what ran there before is gone, whatever the API says.
    pub restarted: Option<(Vec<NodeName>, OffsetDateTime)>,
}

/// Waits until the API calls all wanted nodes ready and every pod that can run does.
pub async fn ready(session: &Session, wanted: &Wanted) -> Result<()> {
    let (deadline, passed) = (Instant::now() + patient(LIMIT), Instant::now() + patient(PASSES));
    loop {
        let settled = Instant::now() > passed;
        let missing = match ask(session, wanted, settled).await {
            Ok(missing) if missing.is_empty() => return Ok(()),
            Ok(missing) => missing.join("\n"),
            Err(error) => error.to_string(),
        };
        if Instant::now() > deadline {
            let words = text!("쿠버네티스가 준비되지 않음", "Kubernetes does not become ready");
            return Err(Error::new(words).on(&session.node).output(missing).hint(text!(
                "`lab kubectl get nodes,pods -A`로 살펴보세요",
                "look at it with `lab kubectl get nodes,pods -A`"
            )));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// The same after a start or a restore; where no control plane was ever set up there is nothing to wait for, and one whose
/// certificates have ended would be waited for in vain.
pub async fn ready_again(session: &Session, master: &Node, wanted: &Wanted) -> Result<()> {
    if gather::read(session, ADMINISTRATOR).await.is_empty() {
        return Ok(());
    }
    let query = FactsQuery {
        certificates: certificates::files(master),
        ..FactsQuery::default()
    };
    let facts = session.agent.facts(query).await;
    let facts = facts.map_err(|error| gather::silent(session, error))?;
    match certificates::first_to_end(&facts) {
        Some((_, end)) if end < OffsetDateTime::now_utc() => Err(ended(end).on(&master.name)),
        _ => ready(session, wanted).await,
    }
}

fn ended(end: OffsetDateTime) -> Error {
    Error::new(text!(
        "쿠버네티스의 인증서가 {}에 끝나서 준비될 수 없음",
        "Kubernetes cannot become ready: its certificates ended on {}",
        end.date()
    ))
    .hint(text!("`lab up`이 갱신합니다", "`lab up` renews them"))
}

/// Whether a node's system was started after `since`. One that was not runs on from its memory.
pub async fn booted(session: &Session, since: OffsetDateTime) -> Result<bool> {
    let show = [
        "systemctl",
        "show",
        "--timestamp=unix",
        "--property=UserspaceTimestamp",
        "--value",
    ];
    let shown = command(session, &show).await?;
    Ok(seconds(&shown).is_some_and(|at| at >= since.unix_timestamp()))
}

/// Sets a machine's clock to ours, if it is another.
pub async fn set_clock(session: &Session) -> Result<()> {
    let shown = command(session, &["date", "+%s"]).await?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    if seconds(&shown).is_some_and(|at| at.abs_diff(now) <= AGREED) {
        return Ok(());
    }
    let set = format!("--set=@{}", OffsetDateTime::now_utc().unix_timestamp());
    command(session, &["date", &set]).await.map(drop)
}

/// Unix time as systemd and `date` print it.
fn seconds(shown: &str) -> Option<i64> {
    shown.trim().trim_start_matches('@').parse().ok()
}

async fn ask(session: &Session, wanted: &Wanted, settled: bool) -> Result<Vec<String>> {
    let limit = format!("--request-timeout={}s", patient(REQUEST).as_secs().max(1));
    let kubectl = ["kubectl", "--kubeconfig", ADMINISTRATOR, &limit, "get"];
    let nodes = [&kubectl[..], &["nodes", "-o", NODES]].concat();
    let pods = [&kubectl[..], &["pods", "-A", "-o", PODS]].concat();
    Ok(lacking(
        &command(session, &nodes).await?,
        &command(session, &pods).await?,
        wanted,
        settled,
    ))
}

/// Nodes and pods that are not ready, a line each. `settled`: what comes of a restart has passed.
fn lacking(nodes: &str, pods: &str, wanted: &Wanted, settled: bool) -> Vec<String> {
    let is_ready = |node: &&NodeName| nodes.lines().any(|line| line == format!("{node} True"));
    let unready = wanted.nodes.iter().filter(|node| !is_ready(node));
    let mut lines: Vec<String> = unready.map(|node| format!("node {node}")).collect();
    lines.extend(pods.lines().filter_map(|line| pod(line, wanted, settled)));
    lines
}

fn pod(line: &str, wanted: &Wanted, settled: bool) -> Option<String> {
    let mut fields = line.split('|');
    let [node, namespace, name, phase, ready, started, reasons] =
        std::array::from_fn(|_| fields.next().unwrap_or_default());
    let stale = wanted.restarted.as_ref().is_some_and(|(nodes, since)| {
        let before = |time: &str| {
            OffsetDateTime::parse(time, &Rfc3339)
                .is_ok_and(|time| time.unix_timestamp() < since.unix_timestamp())
        };
        nodes.iter().any(|one| one.as_str() == node) && started.split(' ').any(before)
    });
    let of_kubernetes = namespace == "kube-system";
    let is_own = |reason: &str| OWN.contains(&reason) || (settled && PASSING.contains(&reason));
    let own = phase == "Succeeded" || phase == "Failed" || (!of_kubernetes && reasons.split(' ').any(is_own));
    // A pod of nobody's node, or of one that is not up, waits for that node.
    let elsewhere = !of_kubernetes && !wanted.nodes.iter().any(|one| one.as_str() == node);
    let missing = stale || (ready != "True" && !own && !elsewhere);
    missing.then(|| format!("pod {namespace}/{name}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn wanted(restarted: bool) -> Wanted {
        let nodes: Vec<NodeName> = vec!["m-k8s".parse().unwrap(), "w1-k8s".parse().unwrap()];
        let since = OffsetDateTime::parse("2026-11-24T12:00:00.9Z", &Rfc3339).unwrap();
        Wanted {
            restarted: restarted.then(|| (vec![nodes[1].clone()], since)),
            nodes,
        }
    }

    #[test]
    fn a_time_is_read_as_systemd_and_date_print_it() {
        assert_eq!(seconds("@1764360000\n"), Some(1_764_360_000));
        assert_eq!(seconds("1764360000\n"), Some(1_764_360_000));
        assert_eq!(seconds("\n"), None);
    }

    #[test]
    fn every_node_must_be_ready() {
        assert!(lacking("m-k8s True\nw1-k8s True\n", "", &wanted(false), false).is_empty());
        assert_eq!(
            lacking("m-k8s True\nw1-k8s Unknown\n", "", &wanted(false), false),
            ["node w1-k8s"]
        );
        assert_eq!(
            lacking("m-k8s True\n", "", &wanted(false), false),
            ["node w1-k8s"]
        );
    }

    #[test]
    fn pods_are_waited_for_unless_the_reason_is_their_own() {
        let nodes = "m-k8s True\nw1-k8s True\n";
        for (pod, restarted, waits) in [
            (
                "w1-k8s|kube-system|proxy|Running|False||CrashLoopBackOff",
                true,
                true,
            ),
            ("w1-k8s|default|web|Running|False||CrashLoopBackOff", true, true),
            (
                "w1-k8s|kube-system|proxy|Running|True|2026-11-24T11:00:00Z|",
                false,
                false,
            ),
            (
                "w1-k8s|kube-system|proxy|Running|True|2026-11-24T11:59:59Z|",
                true,
                true,
            ),
            (
                "w1-k8s|kube-system|proxy|Running|True|2026-11-24T12:00:00Z|",
                true,
                false,
            ),
            (
                "m-k8s|kube-system|api|Running|True|2026-11-24T11:00:00Z|",
                true,
                false,
            ),
            (
                "m-k8s|kube-system|dns|Pending|False||ContainerCreating",
                false,
                true,
            ),
            ("|kube-system|dns|Pending|||", false, true),
            ("|default|huge|Pending|||", false, false),
            ("w1-k8s|default|web|Pending|False||ImagePullBackOff", true, false),
            ("w1-k8s|default|web|Running|False||", false, true),
            ("w1-k8s|default|job|Succeeded|False||", true, false),
        ] {
            assert_eq!(
                !lacking(nodes, pod, &wanted(restarted), false).is_empty(),
                waits,
                "{pod}"
            );
        }
    }

    #[test]
    fn what_a_restart_gives_a_pod_passes_or_is_its_own() {
        let nodes = "m-k8s True\nw1-k8s True\n";
        for (pod, waits) in [
            ("w1-k8s|default|web|Running|False||CrashLoopBackOff", false),
            (
                "w1-k8s|default|web|Pending|False||CreateContainerConfigError",
                false,
            ),
            ("w1-k8s|kube-system|proxy|Running|False||CrashLoopBackOff", true),
            ("w1-k8s|default|web|Pending|False||ContainerCreating", true),
        ] {
            assert_eq!(
                !lacking(nodes, pod, &wanted(true), true).is_empty(),
                waits,
                "{pod}"
            );
        }
    }
}
