//! Machines that were there before the lab: whether one is fit for it, and what it lacks of what a node of the local provider is
//! made with. Everything else is planned as for any node.

use std::net::IpAddr;

use agent::wire::{Engine, Facts};
use serde::Serialize;

use super::mirror;
use super::node::put;
use super::{Action, Content, Plan, Problem, View, id};
use crate::config::{Cluster, Node};
use crate::facts::Observed;
use crate::text;
use crate::text::Text;

/// What was there before, on the machine itself: `lab down` puts it back.
pub const RECORD: &str = "/var/lib/lab-record";
/// The last file of the record that is written.
pub const RECORDED: &str = "/var/lib/lab-record/complete";
/// The mirror's unit, where the machine was not made from the node image.
const UNIT_FILE: &str = "/etc/systemd/system/lab-mirror.service";
/// The mirror's program there.
pub const MIRROR_PROGRAM: &str = "/usr/local/lib/lab/mirror";
const MIRROR_UNIT: &str = "[Unit]\nDescription=Mirror of the bundle's images\nAfter=network.target\n\n[Service]\n\
    ExecStart=/usr/local/lib/lab/mirror serve /etc/lab/mirror/config.yml\nRestart=on-failure\n\n[Install]\n\
    WantedBy=multi-user.target\n";

/// Seconds a machine's clock may differ: certificates are valid from the moment they are made.
const DRIFT: u64 = 60;
/// Bytes of memory below which an engine does not start.
const MEMORY: u64 = 450 << 20;
/// Bytes that must be free before the first `lab up`.
const DISK: u64 = 2 << 30;
/// The same on the registry's host: mirror and registry keep images there.
const DISK_OF_HOST: u64 = 4 << 30;

/// Programs of exercises and of the lab, in Debian's and Ubuntu's packages.
const TOOLS: [&str; 9] = [
    "ca-certificates",
    "curl",
    "git",
    "iproute2",
    "iptables",
    "iputils-ping",
    "openssl",
    "procps",
    "sshpass",
];

/// Where packages come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The bundle's node image.
    Bundle,
    /// The machine's own package sources.
    Machine,
}

/// A distribution the lab knows.
struct Distribution {
    id: &'static str,
    version: &'static str,
    source: Source,
    docker: &'static [&'static str],
}

const DISTRIBUTIONS: [Distribution; 3] = [
    Distribution {
        id: "debian",
        version: "13",
        source: Source::Bundle,
        docker: &["docker.io", "docker-cli", "docker-buildx"],
    },
    Distribution {
        id: "debian",
        version: "12",
        source: Source::Machine,
        docker: &["docker.io"],
    },
    Distribution {
        id: "ubuntu",
        version: "24.04",
        source: Source::Machine,
        docker: &["docker.io", "docker-buildx"],
    },
];

fn distribution(facts: &Facts) -> Option<&'static Distribution> {
    DISTRIBUTIONS
        .iter()
        .find(|one| one.id == facts.os_id && one.version == facts.os_version)
}

/// Files a plan looks at besides those of every node.
pub(super) fn files(host: bool) -> Vec<String> {
    let docker = DISTRIBUTIONS.iter().flat_map(|one| one.docker);
    let mut files: Vec<String> = TOOLS.iter().chain(docker).map(|package| sums(package)).collect();
    files.push(RECORDED.into());
    if host {
        files.extend([UNIT_FILE, MIRROR_PROGRAM].map(Into::into));
    }
    files.sort();
    files.dedup();
    files
}

/// Is there while the package is installed.
fn sums(package: &str) -> String {
    format!("/var/lib/dpkg/info/{package}.md5sums")
}

/// What makes a machine unfit, each with what to do.
pub(super) fn check(cluster: &Cluster, observed: &Observed, plan: &mut Plan) {
    let now = u64::try_from(observed.now.unix_timestamp()).unwrap_or_default();
    for node in &cluster.nodes {
        let view = View::new(node, observed);
        let Some(facts) = view.facts() else { continue };
        let host = node.name == cluster.registry.host;
        let new = view.file(RECORDED).is_none();
        let found = [
            unknown(facts),
            clock(facts, now),
            lost_address(facts, node),
            other_name(facts, node),
            twin(cluster, observed, node, facts),
            memory(facts),
            disk(facts, host).filter(|_| new),
            no_overlay(facts),
        ];
        let problem = |(text, hint)| Problem {
            node: Some(node.name.clone()),
            text,
            hint,
        };
        plan.problems.extend(found.into_iter().flatten().map(problem));
    }
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

fn clock(facts: &Facts, now: u64) -> Unfit {
    let drift = (facts.clock_ms / 1000).abs_diff(now);
    (drift > DRIFT).then(|| {
        (
            text!(
                "시계가 이 컴퓨터와 {drift}초 다름",
                "its clock differs from this computer's by {drift} s"
            ),
            text!(
                "시간을 맞추세요: `sudo timedatectl set-ntp true`",
                "set the time: `sudo timedatectl set-ntp true`"
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

fn memory(facts: &Facts) -> Unfit {
    (facts.memory < MEMORY).then(|| {
        let have = facts.memory >> 20;
        (
            text!("메모리가 {have} MiB뿐", "it has only {have} MiB of memory"),
            text!("적어도 512 MiB를 주세요", "give it 512 MiB at least"),
        )
    })
}

fn disk(facts: &Facts, host: bool) -> Unfit {
    let (free, wanted) = (
        facts.disk.saturating_sub(facts.disk_used),
        if host { DISK_OF_HOST } else { DISK },
    );
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

/// The record of what was there, then packages, and on the registry's host the mirror's program.
pub(super) fn prepare(cluster: &Cluster, view: &View<'_>, plan: &mut Plan) {
    let node = view.node;
    let Some(facts) = view.facts() else { return };
    let Some(distribution) = distribution(facts) else {
        return;
    };
    if view.file(RECORDED).is_none() {
        let words = (
            text!("지금 있는 것을 적어 둠", "write down what is there now"),
            text!("`lab down`이 되돌리려고", "for `lab down` to put it back"),
        );
        plan.add(id("record", node), Some(node), Action::Record, &[], words);
    }
    let there = facts.engines.iter().any(|fact| fact.engine == node.engine);
    let engine = match node.engine {
        Engine::Docker if !there => distribution.docker,
        _ => &[],
    };
    let lacking = TOOLS
        .iter()
        .chain(engine)
        .filter(|package| view.file(&sums(package)).is_none());
    let packages: Vec<String> = lacking.map(|package| (*package).to_owned()).collect();
    if !packages.is_empty() {
        let names = packages.join(" ");
        let words = match distribution.source {
            Source::Bundle => text!("번들에서 설치: {names}", "install from the bundle: {names}"),
            Source::Machine => text!(
                "이 기계의 apt로 설치: {names}",
                "install by the machine's own apt: {names}"
            ),
        };
        let why = text!("설치되어 있지 않음", "not installed");
        let action = Action::InstallPackages {
            packages,
            from: distribution.source,
        };
        plan.add(id("install", node), Some(node), action, &[], (words, why));
    }
    if node.name == cluster.registry.host {
        mirror_program(view, plan);
    }
}

/// A machine made from the node image has unit and program in places of their own.
fn mirror_program(view: &View<'_>, plan: &mut Plan) {
    let node = view.node;
    let loaded = view.unit(mirror::UNIT).load == "loaded";
    let ours = view.holds(UNIT_FILE, &super::sha256(MIRROR_UNIT), 0o644);
    if loaded && !ours && view.file(MIRROR_PROGRAM).is_none() {
        return;
    }
    if view.file(MIRROR_PROGRAM).is_none() {
        let words = (
            text!("미러 프로그램 쓰기", "write the mirror's program"),
            text!("없음", "it is missing"),
        );
        plan.add(
            id("mirror-program", node),
            Some(node),
            Action::MirrorProgram,
            &[],
            words,
        );
    }
    if !ours {
        put(
            plan,
            view,
            ("mirror-unit", UNIT_FILE),
            Content::Text(MIRROR_UNIT.into()),
            &[],
        );
    }
}

/// Whatever is done on a machine is done after its record was written, and all but that after its packages.
pub(super) fn order(plan: &mut Plan) {
    for change in &mut plan.changes {
        let Some(node) = &change.node else { continue };
        let (record, install) = (format!("record.{node}"), format!("install.{node}"));
        if change.id != record {
            change.after.push(record);
            if change.id != install {
                change.after.push(install);
            }
        }
        if change.id == format!("mirror.{node}") {
            change
                .after
                .extend(["mirror-program", "mirror-unit"].map(|what| format!("{what}.{node}")));
        }
    }
}
