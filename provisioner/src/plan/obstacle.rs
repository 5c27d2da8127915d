//! What stands in the way and no change removes: a clock that is wrong, and what kubeadm would stumble over. Each is a problem
//! with what to do.

use agent::wire::{Engine, Listener};
use time::OffsetDateTime;

use super::member::{AUTHORITY, cri_socket, mark_on};
use super::{Action, Plan, Problem, View, id};
use crate::config::{Cluster, Node, ProviderKind};
use crate::engine;
use crate::facts::Observed;
use crate::node::Role;
use crate::text;

/// Seconds that a node's clock may differ from ours: what Kubernetes' certificates are dated back.
const DRIFT: i64 = 300;
/// Ports of a worker that Kubernetes listens on.
const OF_WORKER: [u16; 1] = [10250];
/// And of a control plane.
const OF_MASTER: [u16; 6] = [6443, 2379, 2380, 10250, 10257, 10259];
/// What listens there if it is Kubernetes itself: the kernel keeps 15 characters.
const OWN: [&str; 5] = [
    "kubelet",
    "kube-apiserver",
    "kube-controller",
    "kube-scheduler",
    "etcd",
];

/// Ports of a node that Kubernetes needs.
pub fn ports(node: &Node) -> &'static [u16] {
    match node.role {
        Role::Master => &OF_MASTER,
        Role::Worker => &OF_WORKER,
    }
}

/// A clock that no certificate can be checked with. Nobody but us sets those of Vagrant's machines, which stand still with the host.
pub(super) fn clock(cluster: &Cluster, view: &View<'_>, now: OffsetDateTime, plan: &mut Plan) {
    let clock = view.facts().map_or(0, |facts| facts.clock_ms / 1000);
    let (Ok(clock), true) = (i64::try_from(clock), clock > 0) else {
        return;
    };
    let drift = clock - now.unix_timestamp();
    if drift.abs() <= DRIFT {
        return;
    }
    let minutes = drift.abs().div_euclid(60);
    let words = if drift > 0 {
        text!(
            "노드의 시계가 {minutes}분 빠름",
            "the node's clock is {minutes} minutes fast"
        )
    } else {
        text!(
            "노드의 시계가 {minutes}분 느림",
            "the node's clock is {minutes} minutes slow"
        )
    };
    if cluster.provider == ProviderKind::Vagrant {
        let words = (text!("시계 맞추기", "set the clock"), words);
        return plan.add(
            id("clock", view.node),
            Some(view.node),
            Action::SetClock,
            &[],
            words,
        );
    }
    plan.problems.push(Problem {
        node: Some(view.node.name.clone()),
        text: words,
        hint: text!(
            "이대로는 인증서를 확인할 수 없습니다: `lab exec {0} -- timedatectl`로 보고, 시계를 맞춘 다음 `lab up`",
            "no certificate can be checked with it: look at `lab exec {0} -- timedatectl`, set the clock, then `lab up`",
            view.node.name
        ),
    });
}

/// A Docker that nothing is known of: what is not seen is not made again.
pub(super) fn silent_docker(node: &Node) -> Problem {
    let name = &node.name;
    Problem {
        node: Some(name.clone()),
        text: text!(
            "Docker가 실행 중인데 대답하지 않음",
            "Docker runs and does not answer"
        ),
        hint: text!(
            "바쁜 것뿐일 수 있으니 다시 해 보세요(느린 컴퓨터라면 `LAB_PATIENCE=3`을 앞에 붙여). 그래도 그러면 `lab logs {name} docker`를 보고 `lab exec {name} -- systemctl restart docker`, 그다음 `lab up`",
            "it may only be busy: try again (`LAB_PATIENCE=3` before the command, on a slow computer). If it stays so, look at `lab logs {name} docker`, then `lab exec {name} -- systemctl restart docker` and `lab up`"
        ),
    }
}

/// What kubeadm would stumble over on a node that is to become a part of the cluster.
pub(super) fn of_joining(cluster: &Cluster, view: &View<'_>) -> Option<Problem> {
    without_programs(cluster, view).or_else(|| taken_port(view))
}

/// Whether the node's image has none of Kubernetes, and nothing brings it.
pub(super) fn lacks_programs(cluster: &Cluster, view: &View<'_>) -> bool {
    let facts = view.facts().filter(|_| cluster.provider.makes_nodes());
    facts.is_some_and(|facts| facts.programs.values().any(|there| !there))
}

fn without_programs(cluster: &Cluster, view: &View<'_>) -> Option<Problem> {
    lacks_programs(cluster, view).then(|| Problem {
        node: Some(view.node.name.clone()),
        text: text!(
            "이 노드는 쿠버네티스 프로그램 없이 만들어짐",
            "this node was made without Kubernetes' programs"
        ),
        hint: text!(
            "`lab down` 다음에 `lab up`(cluster.yaml에 `kubernetes:`가 없으면 `lab up --kubernetes`)으로 다시 만들거나, `lab up --no-kubernetes`로 없이 계속하세요",
            "make it anew: `lab down`, then `lab up` (`lab up --kubernetes`, where cluster.yaml has no `kubernetes:`); or go on without it: `lab up --no-kubernetes`"
        ),
    })
}

fn taken_port(view: &View<'_>) -> Option<Problem> {
    let listeners = &view.facts()?.listeners;
    let other = |(_, by): &(&u16, &Listener)| !OWN.contains(&by.program.as_str());
    let (port, Listener { program, pid }) = listeners.iter().find(other)?;
    let node = &view.node.name;
    let (text, hint) = if program.is_empty() {
        (
            text!(
                "쿠버네티스가 쓸 포트 {port}를 다른 것이 쓰고 있음",
                "port {port}, which Kubernetes needs, is taken"
            ),
            text!(
                "`lab exec {node} -- ss -ltnp`로 무엇인지 보고, 멈춘 다음 `lab up`",
                "see by what with `lab exec {node} -- ss -ltnp`, stop it, then `lab up`"
            ),
        )
    } else {
        (
            text!(
                "쿠버네티스가 쓸 포트 {port}를 {program}(pid {pid})이(가) 쓰고 있음",
                "port {port}, which Kubernetes needs, is taken by {program} (pid {pid})"
            ),
            text!(
                "`lab exec {node} -- ps -fp {pid}`로 무엇인지 보고, 멈춘 다음 `lab up`",
                "see what it is with `lab exec {node} -- ps -fp {pid}`, stop it, then `lab up`"
            ),
        )
    };
    Some(Problem {
        node: Some(node.clone()),
        text,
        hint,
    })
}

/// Whether Kubernetes was made with another version, on other networks or on another engine: it is not remade by surprise, and no
/// node is touched.
pub(super) fn other_settings(cluster: &Cluster, observed: &Observed, plan: &mut Plan) -> bool {
    let Some(kubernetes) = &cluster.kubernetes else {
        return false;
    };
    let master = View::new(cluster.master(), observed);
    let mark = |engine| mark_on(engine, cluster, kubernetes);
    let wanted = mark(master.node.engine);
    let made = master.file(&wanted.path).is_some() && master.file(AUTHORITY).is_some();
    if made && !master.marked(&wanted) {
        let mut others = [Engine::Containerd, Engine::CriO].into_iter();
        plan.problems
            .push(match others.find(|other| master.marked(&mark(*other))) {
                Some(was) => another_engine(master.node, was),
                None => another_version(master.node),
            });
        return true;
    }
    // A worker is known by what the API says of it.
    let members = master.facts().and_then(|facts| facts.kubernetes.as_deref());
    for worker in cluster.workers() {
        let joined = View::new(worker, observed).file(AUTHORITY).is_some();
        let mut members = members.unwrap_or_default().iter().filter(|_| joined);
        let Some(member) = members.find(|member| member.name == worker.name.as_str()) else {
            continue;
        };
        let was = match member.runtime.split_once(':') {
            Some(("cri-o", _)) => Engine::CriO,
            Some(("containerd", _)) => Engine::Containerd,
            // It has not said yet.
            _ => continue,
        };
        if cri_socket(was) != cri_socket(worker.engine) {
            plan.problems.push(another_engine(worker, was));
        }
    }
    !plan.problems.is_empty()
}

fn another_engine(node: &Node, was: Engine) -> Problem {
    let (was, word) = (engine::name(was), engine::word(node.engine));
    Problem {
        node: Some(node.name.clone()),
        text: text!(
            "이 노드의 쿠버네티스는 다른 엔진 {was}(으)로 만들어짐",
            "this node's Kubernetes was made on another engine, {was}"
        ),
        hint: text!(
            "그대로 두려면 엔진을 되돌리고, {word}(으)로 바꾸려면 `lab down`(그 안에서 도는 것이 없어짐) 다음에 `lab up`(cluster.yaml에 없으면 `--engine {word}`도)",
            "keep it: put the engine back. For {word}: `lab down`, which ends what runs in it, then `lab up` (with `--engine {word}`, unless cluster.yaml says so)"
        ),
    }
}

fn another_version(node: &Node) -> Problem {
    Problem {
        node: Some(node.name.clone()),
        text: text!(
            "이 쿠버네티스 클러스터는 다른 버전이나 네트워크로 만들어짐",
            "this Kubernetes cluster was made with another version or other networks"
        ),
        hint: text!(
            "cluster.yaml(또는 `--kubernetes`)을 되돌리거나, `lab down` 다음에 `lab up`",
            "put cluster.yaml (or `--kubernetes`) back, or `lab down` and then `lab up`"
        ),
    }
}
