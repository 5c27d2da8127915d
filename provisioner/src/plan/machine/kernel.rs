//! What Kubernetes needs of a machine's kernel: modules, where it has one of its own. A machine that is a container has none: there
//! kubelet finds settings of the machine's in place of the host's, and changes those.

use super::super::node::put;
use super::super::{Action, Content, Mark, Plan, UnitStep, View, id, sha256};
use crate::text;

/// There where the machine is a container: systemd writes it.
const CONTAINER: &str = "/run/systemd/container";

const SETTINGS_FILE: &str = "/etc/systemd/system/lab-kernel-settings.service";
const SETTINGS_UNIT: &str = "lab-kernel-settings.service";
const SETTINGS: &str = include_str!("../../../../templates/kubernetes/kernel-settings.service");
const GUARD_FILE: &str = "/etc/systemd/system/kubelet.service.d/lab-kernel-settings.conf";
const GUARD: &str = include_str!("../../../../templates/kubernetes/kernel-settings.conf");
const MODULES_FILE: &str = "/etc/modules-load.d/lab-kubernetes.conf";
const MODULES_UNIT: &str = "systemd-modules-load.service";
/// Bridged packets are to pass the rules of services.
const MODULES: &str = "overlay\nbr_netfilter\n";

/// Files a plan looks at.
pub(super) const FILES: [&str; 4] = [CONTAINER, SETTINGS_FILE, GUARD_FILE, MODULES_FILE];
/// Units a plan looks at.
pub(in crate::plan) const UNITS: [&str; 2] = [SETTINGS_UNIT, MODULES_UNIT];

pub(super) fn prepare(view: &View<'_>, plan: &mut Plan) {
    if view.file(CONTAINER).is_some() {
        settings(view, plan);
    } else {
        modules(view, plan);
    }
}

/// In a container: files of the machine's own over the settings of the host's kernel, without which kubelet does not start.
fn settings(view: &View<'_>, plan: &mut Plan) {
    let node = view.node;
    for (what, path, text) in [
        ("kubernetes-settings-unit", SETTINGS_FILE, SETTINGS),
        ("kubernetes-guard", GUARD_FILE, GUARD),
    ] {
        if !view.holds(path, &sha256(text), 0o644) {
            put(plan, view, (what, path), Content::Text(text.into()), &[]);
        }
    }
    let fact = view.unit(SETTINGS_UNIT);
    if fact.active == "active" && fact.enabled == "enabled" {
        return;
    }
    let action = Action::Unit {
        unit: SETTINGS_UNIT.into(),
        enable: true,
        step: UnitStep::Start,
        mark: Mark::of(SETTINGS_UNIT, SETTINGS, false),
    };
    let words = (
        text!(
            "커널 설정 가운데 kubelet이 바꾸는 것을 이 기계만의 것으로 가림",
            "cover what kubelet changes of the kernel's settings with the machine's own"
        ),
        text!(
            "컨테이너라서 커널이 호스트의 것",
            "it is a container: its kernel is the host's"
        ),
    );
    let written = id("kubernetes-settings-unit", node);
    plan.add(
        id("kubernetes-settings", node),
        Some(node),
        action,
        &[&written],
        words,
    );
}

/// With a kernel of its own: the modules, now and at boot.
fn modules(view: &View<'_>, plan: &mut Plan) {
    let node = view.node;
    let written = !view.holds(MODULES_FILE, &sha256(MODULES), 0o644);
    if written {
        let content = Content::Text(MODULES.into());
        put(
            plan,
            view,
            ("kubernetes-modules-file", MODULES_FILE),
            content,
            &[],
        );
    }
    let mark = Mark::of(MODULES_UNIT, MODULES, false);
    if !written && view.marked(&mark) && view.unit(MODULES_UNIT).active == "active" {
        return;
    }
    let action = Action::Unit {
        unit: MODULES_UNIT.into(),
        enable: false,
        step: UnitStep::Restart,
        mark,
    };
    let words = (
        text!(
            "커널 모듈 overlay, br_netfilter 올리기",
            "load the kernel modules overlay and br_netfilter"
        ),
        text!(
            "올라와 있지 않거나 부팅할 때 올리지 않음",
            "they are not loaded, or not at boot"
        ),
    );
    let written = id("kubernetes-modules-file", node);
    plan.add(
        id("kubernetes-modules", node),
        Some(node),
        action,
        &[&written],
        words,
    );
}
