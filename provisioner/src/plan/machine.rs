//! Machines that were there before the lab: whether one is fit for it, and what it lacks of what a node of the local provider is
//! made with. Everything else is planned as for any node.

mod fitness;
pub(super) mod kernel;
pub mod kubernetes;

use agent::wire::{Engine, Facts};

pub(super) use fitness::unfit;

use super::mirror;
use super::node::put;
use super::{Action, Content, Plan, Source, View, id};
use crate::config::Cluster;
use crate::error::Result;
use crate::text;

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

/// Programs of exercises and of the lab, in Debian's and Ubuntu's packages.
const TOOLS: [&str; 11] = [
    "ca-certificates",
    "curl",
    "git",
    "iproute2",
    "iptables",
    "iputils-ping",
    "openssl",
    "podman",
    "procps",
    "sshpass",
    "uidmap",
];

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
    let all = TOOLS.iter().chain(docker).chain(&kubernetes::PACKAGES);
    let mut files: Vec<String> = all.map(|package| sums(package)).collect();
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

/// The record of what was there, then packages, on the registry's host the mirror's program, and Kubernetes.
pub(super) fn prepare(cluster: &Cluster, view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let node = view.node;
    let Some(facts) = view.facts() else { return Ok(()) };
    let Some(distribution) = distribution(facts) else {
        return Ok(());
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
    let called: &[&str] = match cluster.kubernetes {
        Some(_) => &kubernetes::PACKAGES,
        None => &[],
    };
    let lacking = TOOLS
        .iter()
        .chain(engine)
        .chain(called)
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
    let wanted = cluster.kubernetes.as_ref();
    wanted.map_or(Ok(()), |wanted| kubernetes::prepare(wanted, view, plan))
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

/// Whatever is done on a machine is done after its clock was set and its records were written, and all but that after its packages.
pub(super) fn order(cluster: &Cluster, plan: &mut Plan) {
    if cluster.provider.makes_nodes() {
        return;
    }
    for change in &mut plan.changes {
        let Some(node) = &change.node else { continue };
        let first = ["clock", "record", "kubernetes-record", "install"].map(|what| format!("{what}.{node}"));
        let before = first.iter().take_while(|id| **id != change.id);
        change.after.extend(before.cloned());
        if change.id == format!("mirror.{node}") {
            change
                .after
                .extend(["mirror-program", "mirror-unit"].map(|what| format!("{what}.{node}")));
        }
    }
}
