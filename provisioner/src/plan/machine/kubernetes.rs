//! Kubernetes on a machine that was not made with it: the record of what was there before it, its programs and images, kubelet's
//! unit and whom its pods ask for names. What the kernel has to have is `kernel`'s.

use super::super::member::{AUTHORITY, KUBELET, PROGRAMS};
use super::super::node::put;
use super::super::{Action, Content, Mark, Plan, UnitStep, View, id, sha256};
use super::kernel;
use crate::bundle::recipe::{self, Recipes};
use crate::config::{Cluster, Kubernetes, Node};
use crate::error::{Error, Result};
use crate::render::kubernetes as render;
use crate::text;

/// What was there before Kubernetes, in the record.
pub const RECORD: &str = "/var/lib/lab-record/kubernetes";
/// The last file of it that is written.
pub const RECORDED: &str = "/var/lib/lab-record/kubernetes/complete";

const UNIT_FILE: &str = "/etc/systemd/system/kubelet.service";
/// Makes whom pods ask for names, whenever kubelet starts.
const RESOLVER_FILE: &str = "/etc/systemd/system/kubelet.service.d/lab-resolver.conf";

/// Programs Kubernetes calls, in Debian's and Ubuntu's packages.
pub(in crate::plan) const PACKAGES: [&str; 5] = [
    "conntrack",
    "containernetworking-plugins",
    "ethtool",
    "kmod",
    "socat",
];

/// What another cluster leaves on its nodes.
pub(super) const FOREIGN: [&str; 4] = [
    AUTHORITY,
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/admin.conf",
    "/var/lib/kubelet/config.yaml",
];

/// Files a plan looks at besides those of a machine without Kubernetes.
pub(in crate::plan) fn files(kubernetes: &Kubernetes) -> Vec<String> {
    let fixed = [RECORDED, UNIT_FILE, RESOLVER_FILE]
        .into_iter()
        .chain(kernel::FILES);
    let marks = [programs(kubernetes), images(kubernetes)].map(|mark| mark.path);
    let fixed = fixed.chain(FOREIGN).map(str::to_owned);
    fixed.chain(marks).collect()
}

fn programs(kubernetes: &Kubernetes) -> Mark {
    Mark::of("kubernetes-programs", &kubernetes.version, false)
}

fn images(kubernetes: &Kubernetes) -> Mark {
    Mark::of("kubernetes-images", &kubernetes.version, false)
}

/// kubelet's unit, as every node image has it.
pub fn unit() -> Result<String> {
    let recipes = Recipes::parse("bundle.yaml", recipe::EMBEDDED)?;
    let file = recipes.find("debian-13")?.files.get(UNIT_FILE);
    file.map(|file| file.content.clone())
        .ok_or_else(|| Error::new(format!("the recipe of the node image has no {UNIT_FILE}")))
}

/// Changes that go before a node becomes one of Kubernetes'.
pub(in crate::plan) fn first(node: &Node) -> Vec<String> {
    let all = [
        "kubernetes-programs",
        "kubernetes-images",
        "kubernetes-unit",
        "kubernetes-enable",
        "kubernetes-guard",
        "kubernetes-settings",
        "kubernetes-modules",
        "kubernetes-resolver",
    ];
    all.map(|what| id(what, node)).into()
}

/// All that a machine lacks of what a node image of Kubernetes has.
pub(in crate::plan) fn prepare(kubernetes: &Kubernetes, view: &View<'_>, plan: &mut Plan) -> Result<()> {
    if view.facts().is_none() {
        return Ok(());
    }
    let node = view.node;
    if view.file(RECORDED).is_none() {
        let words = (
            text!(
                "쿠버네티스 전에 있던 것을 적어 둠",
                "write down what is there before Kubernetes"
            ),
            text!("`lab down`이 되돌리려고", "for `lab down` to put it back"),
        );
        plan.add(
            id("kubernetes-record", node),
            Some(node),
            Action::KubernetesRecord,
            &[],
            words,
        );
    }
    bring(kubernetes, view, plan);
    kubelet(view, plan)?;
    kernel::prepare(view, plan);
    Ok(())
}

/// Programs and images of the bundle. A cluster of another version keeps what it runs with: that is said, not changed.
fn bring(kubernetes: &Kubernetes, view: &View<'_>, plan: &mut Plan) {
    let (node, version) = (view.node, &kubernetes.version);
    let lacking = view.facts().is_some_and(|facts| {
        PROGRAMS
            .iter()
            .any(|name| facts.programs.get(*name) != Some(&true))
    });
    let kept = view.file(AUTHORITY).is_some() && view.file(&programs(kubernetes).path).is_some();
    let why = || text!("없음", "they are missing");
    if lacking || !view.marked(&programs(kubernetes)) && !kept {
        let words = text!(
            "번들에서 쿠버네티스 {version} 설치",
            "install Kubernetes {version} from the bundle"
        );
        let action = Action::KubernetesPrograms {
            mark: programs(kubernetes),
        };
        let what = id("kubernetes-programs", node);
        plan.add(what, Some(node), action, &[], (words, why()));
    }
    if !view.marked(&images(kubernetes)) && !kept {
        let words = text!(
            "containerd에 쿠버네티스 {version}의 이미지 넣기",
            "bring containerd the images of Kubernetes {version}"
        );
        let action = Action::KubernetesImages {
            mark: images(kubernetes),
        };
        let after = [id("containerd", node)];
        plan.add(
            id("kubernetes-images", node),
            Some(node),
            action,
            &[&after[0]],
            (words, why()),
        );
    }
}

/// kubelet's unit, started at boot. Until kubeadm has set it up it has nothing to run.
fn kubelet(view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let node = view.node;
    let files = [
        ("kubernetes-unit", UNIT_FILE, unit()?),
        ("kubernetes-resolver", RESOLVER_FILE, render::resolver(node)?),
    ];
    let mark = Mark::of(
        KUBELET,
        &files.each_ref().map(|(.., text)| text.as_str()).concat(),
        false,
    );
    let mut written = false;
    for (what, path, text) in files {
        if !view.holds(path, &sha256(&text), 0o644) {
            put(plan, view, (what, path), Content::Text(text), &[]);
            written = true;
        }
    }
    if !written && view.marked(&mark) && view.unit(KUBELET).enabled == "enabled" {
        return Ok(());
    }
    let action = Action::Unit {
        unit: KUBELET.into(),
        enable: true,
        step: UnitStep::Restart,
        mark,
    };
    let words = (
        text!("{KUBELET}을(를) 부팅할 때 켬", "start {KUBELET} at boot"),
        text!(
            "새것이거나 켜져 있지 않음",
            "it is new, or is not started at boot"
        ),
    );
    let after = [
        "kubernetes-unit",
        "kubernetes-resolver",
        "kubernetes-programs",
        "kubernetes-guard",
        "kubernetes-settings",
    ];
    let after = after.map(|what| id(what, node));
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    plan.add(id("kubernetes-enable", node), Some(node), action, &after, words);
    Ok(())
}

/// Whether the machine has Kubernetes already, and not from the lab: what of it was found.
pub(super) fn foreign(cluster: &Cluster, view: &View<'_>) -> Option<String> {
    cluster.kubernetes.as_ref()?;
    if view.file(RECORDED).is_some() {
        return None;
    }
    if let Some(path) = FOREIGN.iter().find(|path| view.file(path).is_some()) {
        return Some((*path).to_owned());
    }
    let programs = &view.facts()?.programs;
    let program = ["kubelet", "kubeadm"].into_iter();
    let mut found = program.filter(|name| programs.get(*name) == Some(&true));
    found.next().map(str::to_owned)
}
