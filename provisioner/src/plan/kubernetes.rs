//! Kubernetes by kubeadm: what each node needs for it, the control plane on the master, the workers that join, and that all
//! of them are ready.

use agent::wire::{Engine, Facts};

use super::member::{AUTHORITY, KUBELET, mark};
use super::node::put;
use super::{Action, Content, Mark, Plan, UnitStep, View, certificates, id, machine, obstacle, sha256};
use crate::config::{Cluster, Node};
use crate::error::Result;
use crate::facts::Observed;
use crate::node::Role;
use crate::render::kubernetes as render;
use crate::text;
use crate::text::Text;

/// The pods' network.
pub const POD_NETWORK: &str = "/etc/cni/net.d/10-lab.conflist";
/// Routes to the pods of other nodes.
pub const POD_ROUTES: &str = "/etc/systemd/system/lab-pod-routes.service";
/// What sets the routes.
pub const ROUTES_UNIT: &str = "lab-pod-routes.service";
/// Files a node is asked for.
pub const FILES: [&str; 3] = [POD_NETWORK, POD_ROUTES, AUTHORITY];
/// Units a node is asked for.
pub const UNITS: [&str; 2] = [ROUTES_UNIT, KUBELET];

/// The pods' network, which a node has before it belongs to a cluster. Its runtime is set up with its engine.
pub(super) fn prepare(cluster: &Cluster, view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let Some(kubernetes) = cluster
        .kubernetes
        .as_ref()
        .filter(|_| !obstacle::lacks_programs(cluster, view))
    else {
        return Ok(());
    };
    let node = view.node;
    let routes = render::pod_routes(cluster, kubernetes, node)?;
    let network = render::pod_network(cluster, kubernetes, node)?;
    for (what, path, content) in [
        ("pod-network", POD_NETWORK, &network),
        ("pod-routes-unit", POD_ROUTES, &routes),
    ] {
        if !view.holds(path, &sha256(content), 0o644) {
            put(
                plan,
                view,
                (what, path),
                Content::Text(content.clone()),
                &[&id("install", node)],
            );
        }
    }
    unit(
        plan,
        view,
        ("pod-routes", ROUTES_UNIT),
        &routes,
        "pod-routes-unit",
    );
    Ok(())
}

/// Runs a unit with a configuration that is written by another change.
fn unit(plan: &mut Plan, view: &View<'_>, (what, unit): (&str, &str), configuration: &str, written: &str) {
    let node = view.node;
    let written = id(written, node);
    let mark = Mark::of(unit, configuration, false);
    let applied = view.marked(&mark) && !plan.has(&written);
    let fact = view.unit(unit);
    if applied && fact.active == "active" && fact.enabled == "enabled" {
        return;
    }
    let why = if applied {
        text!(
            "실행 중이 아니거나 부팅할 때 켜지지 않음",
            "it does not run or is not started at boot"
        )
    } else {
        text!("설정이 바뀜", "its configuration changes")
    };
    let action = Action::Unit {
        unit: unit.into(),
        enable: true,
        step: UnitStep::Restart,
        mark,
    };
    let words = (text!("{unit} 적용", "bring {unit} up to date"), why);
    plan.add(
        id(what, node),
        Some(node),
        action,
        &[&id("boot", node), &written],
        words,
    );
}

/// Control plane, workers, and that all are ready.
pub(super) fn cluster(cluster: &Cluster, observed: &Observed, plan: &mut Plan) {
    let Some(kubernetes) = &cluster.kubernetes else {
        return;
    };
    let mark = mark(cluster, kubernetes);
    let before = plan.changes.len();
    let master = View::new(cluster.master(), observed);
    if master.silent() {
        return;
    }
    let facts = master.facts();
    let nodes = facts.and_then(|facts| facts.kubernetes.as_ref());
    let authority = master.file(AUTHORITY).map(|file| &file.sha256);
    let begun = facts.is_some() && master.marked(&mark) && authority.is_some();
    if begun && plan.is_sound(master.node) {
        certificates::renew(&master, observed.now, plan);
    }
    let why = (!begun).then(|| match authority {
        Some(_) => text!("중간에 멈췄음", "it was cut short"),
        None => text!("아직 아님", "not yet done"),
    });
    member(cluster, plan, (&master, why), &mark, &planned(plan, before));
    if !begun && !plan.has(&id("kubernetes", master.node)) {
        return;
    }
    let first = planned(plan, before);
    for node in &cluster.nodes {
        let view = View::new(node, observed);
        if node.role == Role::Master || view.silent() {
            continue;
        }
        let known = nodes.is_none_or(|nodes| nodes.iter().any(|one| one.name == node.name.as_str()));
        let ended = certificates::kubelet_ended(&view, observed.now);
        let why = match view.file(AUTHORITY).map(|file| &file.sha256) {
            None => Some(text!("아직 아님", "not yet done")),
            theirs if begun && theirs != authority => {
                Some(text!("다른 클러스터의 것", "it belongs to another cluster"))
            }
            _ if ended => Some(text!(
                "kubelet의 인증서가 끝남",
                "its kubelet's certificate has ended"
            )),
            _ if !view.marked(&mark) => Some(text!("중간에 멈췄음", "it was cut short")),
            _ if !known => Some(text!("API가 모르는 노드", "the API does not know it")),
            _ => (!begun).then(|| text!("컨트롤 플레인을 새로 만듦", "the control plane is made anew")),
        };
        member(cluster, plan, (&view, why), &mark, &first);
    }
    ready(cluster, observed, facts, plan);
}

/// The master knows what Kubernetes was made with: before it has booted nothing of a node is changed that it might refuse.
pub(super) fn order(cluster: &Cluster, plan: &mut Plan) {
    let boot = id("boot", cluster.master());
    if cluster.kubernetes.is_none() || !plan.has(&boot) {
        return;
    }
    let all = plan.changes.iter_mut();
    for change in all.filter(|change| change.node.is_some() && change.action != Action::Boot) {
        change.after.push(boot.clone());
    }
}

/// Changes of the control plane so far: those after the first `before` of the plan.
fn planned(plan: &Plan, before: usize) -> Vec<String> {
    let ids = plan.ids().into_iter().skip(before);
    ids.filter(|id| id.starts_with("kubernetes"))
        .map(str::to_owned)
        .collect()
}

/// One node of the cluster: made a member, if there is a reason, or its kubelet started, once the changes `first` are done.
fn member(
    cluster: &Cluster,
    plan: &mut Plan,
    (view, why): (&View<'_>, Option<Text>),
    mark: &Mark,
    first: &[String],
) {
    let node = view.node;
    let what = id("kubernetes", node);
    // Docker and Podman are not what kubelet talks to.
    let runtime = match node.engine {
        Engine::Docker | Engine::Podman => "containerd",
        Engine::Containerd | Engine::CriO => "engine",
    };
    let mut after: Vec<String> = ["boot", "hosts", "resolver", runtime, "pod-network", "pod-routes"]
        .map(|what| id(what, node))
        .into();
    after.extend(machine::kubernetes::first(node));
    after.extend(first.iter().cloned());
    if !plan.is_sound(node) {
        return;
    }
    if let Some(why) = why {
        if let Some(problem) = obstacle::of_joining(cluster, view) {
            plan.problems.push(problem);
            return;
        }
        let action = match node.role {
            Role::Master => Action::KubernetesInit { mark: mark.clone() },
            Role::Worker => Action::KubernetesJoin { mark: mark.clone() },
        };
        let after: Vec<&str> = after.iter().map(String::as_str).collect();
        plan.add(what, Some(node), action, &after, (joining(node.role), why));
        return;
    }
    let fact = view.unit(KUBELET);
    if fact.active == "active" && fact.enabled == "enabled" {
        return;
    }
    let action = Action::Unit {
        unit: KUBELET.into(),
        enable: true,
        step: UnitStep::Start,
        mark: mark.clone(),
    };
    let words = (
        text!("{KUBELET} 실행", "run {KUBELET}"),
        text!("실행 중이 아님", "it does not run"),
    );
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    plan.add(id("kubernetes-kubelet", node), Some(node), action, &after, words);
}

fn joining(role: Role) -> Text {
    match role {
        Role::Master => text!(
            "쿠버네티스 컨트롤 플레인 구성 (kubeadm init)",
            "set up the control plane (kubeadm init)"
        ),
        Role::Worker => text!(
            "쿠버네티스에 합류 (kubeadm join)",
            "join the cluster (kubeadm join)"
        ),
    }
}

/// Waits until the API calls every node ready.
fn ready(cluster: &Cluster, observed: &Observed, facts: Option<&Facts>, plan: &mut Plan) {
    let seen = facts
        .and_then(|facts| facts.kubernetes.as_deref())
        .unwrap_or_default();
    let sound = |node: &&Node| !View::new(node, observed).silent() && plan.is_sound(node);
    let is_ready = |node: &Node| seen.iter().any(|one| one.name == node.name.as_str() && one.ready);
    let after: Vec<String> = plan
        .ids()
        .iter()
        .filter(|id| id.starts_with("kubernetes") || id.starts_with("boot."))
        .map(|id| (*id).to_owned())
        .collect();
    if after.is_empty() && cluster.nodes.iter().filter(sound).all(is_ready) {
        return;
    }
    let nodes = cluster
        .nodes
        .iter()
        .filter(sound)
        .map(|node| node.name.clone())
        .collect();
    let words = (
        text!(
            "쿠버네티스 노드가 모두 Ready가 되기를 기다림",
            "wait until every Kubernetes node is Ready"
        ),
        text!("Ready가 아닌 노드가 있음", "some are not"),
    );
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    plan.add(
        "kubernetes-ready".into(),
        Some(cluster.master()),
        Action::KubernetesReady { nodes },
        &after,
        words,
    );
}
