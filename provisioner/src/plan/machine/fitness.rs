//! Whether a machine is fit for the lab, from its facts: each thing that makes it unfit, with what to do.

use std::net::IpAddr;

use agent::wire::{Engine, Facts};

use super::super::{Plan, Problem, View, obstacle};
use super::{RECORDED, distribution, kubernetes};
use crate::config::{Cluster, Node, ProviderKind};
use crate::engine;
use crate::facts::Observed;
use crate::node::Role;
use crate::text;
use crate::text::Text;

/// Bytes of memory below which an engine does not start.
const MEMORY: u64 = 450 << 20;
/// The same for a control plane, and for a worker of Kubernetes.
const MEMORY_OF_MASTER: u64 = 1400 << 20;
const MEMORY_OF_WORKER: u64 = 700 << 20;
/// Bytes that must be free before the first `lab up`.
const DISK: u64 = 2 << 30;
/// The same on the registry's host: mirror and registry keep images there.
const DISK_OF_HOST: u64 = 4 << 30;
/// What Kubernetes takes beside that.
const DISK_OF_KUBERNETES: u64 = 2 << 30;

/// Whether a machine is unfit: then nothing is touched on any. What makes it so is a problem with what to do.
pub(in crate::plan) fn unfit(cluster: &Cluster, observed: &Observed, plan: &mut Plan) -> bool {
    if cluster.provider.makes_nodes() {
        return false;
    }
    for node in &cluster.nodes {
        let view = View::new(node, observed);
        let Some(facts) = view.facts() else { continue };
        if cluster.provider != ProviderKind::Vagrant {
            obstacle::clock(cluster, &view, observed.now, plan);
        }
        let host = node.name == cluster.registry.host;
        let found = [
            unknown(facts),
            lost_address(facts, node),
            other_name(facts, node),
            twin(cluster, observed, node, facts),
            memory(cluster, node, facts),
            disk(facts, room(cluster, &view, host)),
            no_overlay(facts),
            other_engine(node),
            other_kubernetes(cluster, &view),
        ];
        let problem = |(text, hint)| Problem {
            node: Some(node.name.clone()),
            text,
            hint,
        };
        plan.problems.extend(found.into_iter().flatten().map(problem));
    }
    !plan.problems.is_empty()
}

type Unfit = Option<(Text, Text)>;

fn unknown(facts: &Facts) -> Unfit {
    let (id, version) = (&facts.os_id, &facts.os_version);
    distribution(facts).is_none().then(|| {
        (
            text!(
                "배포판 {id} {version}은(는) 지원하지 않음",
                "{id} {version} is not supported"
            ),
            text!(
                "Debian 12, Debian 13, Ubuntu 24.04 가운데 하나를 쓰세요",
                "use Debian 12, Debian 13 or Ubuntu 24.04"
            ),
        )
    })
}

fn lost_address(facts: &Facts, node: &Node) -> Unfit {
    let address = node.address;
    (!facts.addresses.contains(&IpAddr::V4(address))).then(|| {
        let have: Vec<String> = facts.addresses.iter().map(ToString::to_string).collect();
        let have = have.join(", ");
        (
            text!("주소 {address}이(가) 이 기계의 인터페이스에 없음 (있는 것: {have})", "it has lost its address: no interface has {address} (there are {have})"),
            text!(
                "cluster.yaml의 `address:`를 고치거나 기계에 그 주소를 주세요; Vagrant라면 `vagrant reload {0}`",
                "put `address:` in cluster.yaml right, or give the machine that address; with Vagrant `vagrant reload {0}`",
                node.name
            ),
        )
    })
}

fn other_name(facts: &Facts, node: &Node) -> Unfit {
    let (have, wanted) = (
        facts.hostname.split('.').next().unwrap_or_default(),
        node.name.as_str(),
    );
    (have != wanted).then(|| {
        (
            text!("호스트 이름이 `{have}`", "its host name is `{have}`"),
            text!(
                "이름을 바꾸세요: `sudo hostnamectl set-hostname {wanted}`",
                "change it: `sudo hostnamectl set-hostname {wanted}`"
            ),
        )
    })
}

fn twin(cluster: &Cluster, observed: &Observed, node: &Node, facts: &Facts) -> Unfit {
    let same = |other: &&Node| {
        let other_facts = View::new(other, observed).facts();
        other.name != node.name && other_facts.is_some_and(|other| other.machine_id == facts.machine_id)
    };
    let other = cluster.nodes.iter().find(same)?;
    Some((
        text!(
            "machine-id가 {}와(과) 같음",
            "it has the machine-id of {}",
            other.name
        ),
        text!(
            "복제한 기계라면 한쪽에서: `sudo rm /etc/machine-id && sudo systemd-machine-id-setup`, 그리고 재부팅",
            "where one was cloned from the other: `sudo rm /etc/machine-id && sudo systemd-machine-id-setup` on one, then reboot it"
        ),
    ))
}

fn memory(cluster: &Cluster, node: &Node, facts: &Facts) -> Unfit {
    let (least, give) = match (&cluster.kubernetes, node.role) {
        (None, _) => (
            MEMORY,
            text!("적어도 512 MiB를 주세요", "give it 512 MiB at least"),
        ),
        (Some(_), Role::Master) => (
            MEMORY_OF_MASTER,
            text!(
                "쿠버네티스 마스터에는 2 GiB를 주거나, `lab up --no-kubernetes`(cluster.yaml에 있으면 `kubernetes:`를 지우고)",
                "give it 2 GiB for the master of Kubernetes, or go without: `lab up --no-kubernetes` (remove `kubernetes:`, where cluster.yaml has it)"
            ),
        ),
        (Some(_), Role::Worker) => (
            MEMORY_OF_WORKER,
            text!(
                "쿠버네티스 워커에는 1 GiB를 주거나, `lab up --no-kubernetes`(cluster.yaml에 있으면 `kubernetes:`를 지우고)",
                "give it 1 GiB for a worker of Kubernetes, or go without: `lab up --no-kubernetes` (remove `kubernetes:`, where cluster.yaml has it)"
            ),
        ),
    };
    let have = facts.memory >> 20;
    (facts.memory < least).then(|| {
        (
            text!("메모리가 {have} MiB뿐", "it has only {have} MiB of memory"),
            give,
        )
    })
}

/// Bytes that what is still to be brought takes.
fn room(cluster: &Cluster, view: &View<'_>, host: bool) -> u64 {
    let base = if host { DISK_OF_HOST } else { DISK };
    let lacks = |path| view.file(path).is_none();
    let base = if lacks(RECORDED) { base } else { 0 };
    match cluster.kubernetes {
        Some(_) if lacks(kubernetes::RECORDED) => base + DISK_OF_KUBERNETES,
        _ => base,
    }
}

fn disk(facts: &Facts, wanted: u64) -> Unfit {
    let free = facts.disk.saturating_sub(facts.disk_used);
    (free < wanted).then(|| {
        let (free, wanted) = (free >> 20, wanted >> 20);
        (
            text!("빈 디스크가 {free} MiB뿐", "only {free} MiB of its disk are free"),
            text!(
                "적어도 {wanted} MiB를 비우세요",
                "make room: {wanted} MiB at least"
            ),
        )
    })
}

fn no_overlay(facts: &Facts) -> Unfit {
    (!facts.overlay).then(|| {
        (
            text!(
                "커널에 overlay 파일 시스템이 없음",
                "its kernel has no overlay file system"
            ),
            text!("배포판의 커널로 부팅하세요", "boot the distribution's own kernel"),
        )
    })
}

/// What is brought to machines is Docker. Another engine that one has already is not the lab's to configure.
fn other_engine(node: &Node) -> Unfit {
    let name = engine::name(node.engine);
    (node.engine != Engine::Docker).then(|| {
        (
            text!(
                "있던 기계에서는 엔진이 도커여야 하는데 {name}을(를) 요청함",
                "machines that lab does not make have Docker, and {name} is asked for"
            ),
            text!(
                "`lab up --engine docker`, 또는 cluster.yaml의 `engine: docker`; 다른 엔진은 lab이 만드는 노드에서(`provider: local`)",
                "`lab up --engine docker`, or `engine: docker` in cluster.yaml; other engines are on nodes that lab makes (`provider: local`)"
            ),
        )
    })
}

fn other_kubernetes(cluster: &Cluster, view: &View<'_>) -> Unfit {
    let found = kubernetes::foreign(cluster, view)?;
    Some((
        text!(
            "lab의 것이 아닌 쿠버네티스가 이미 있음: {found}",
            "it has a Kubernetes already that is not the lab's: {found}"
        ),
        text!(
            "다른 클러스터의 노드면 다른 기계를 쓰세요. 버려도 되면 그 기계에서 `sudo kubeadm reset`, kubeadm과 kubelet을 지운 다음 `lab up`",
            "take another machine if a cluster needs it; if not, on that machine `sudo kubeadm reset`, remove kubeadm and kubelet, then `lab up`"
        ),
    ))
}
