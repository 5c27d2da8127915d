//! The node's engine: installed, running, and using the mirror.

use agent::wire::Engine;

use super::machine::Source;
use super::node::{DAEMON, put};
use super::{Action, Content, Mark, Plan, UnitStep, View, id, mirror, sha256};
use crate::config::Cluster;
use crate::error::Result;
use crate::{engine, render, text};

/// The engine's package, where it was taken away by hand.
pub(super) fn install(view: &View<'_>, plan: &mut Plan) {
    let node = view.node;
    let known = view.seen.and_then(|seen| seen.known.as_ref());
    if known.is_none_or(|known| known.facts.engines.iter().any(|fact| fact.engine == node.engine)) {
        return;
    }
    let name = engine::name(node.engine);
    let words = (
        text!("노드 이미지의 {name} 설치", "install {name} from the node image"),
        text!("설치되어 있지 않음", "it is not installed"),
    );
    let action = Action::InstallPackages {
        packages: vec![engine::package(node.engine).into()],
        from: Source::Bundle,
    };
    plan.add(id("install", node), Some(node), action, &[], words);
}

pub(super) fn plan(cluster: &Cluster, view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let node = view.node;
    let installs = plan.has(&id("install", node));
    let Some(unit) = engine::unit(node.engine) else {
        return Ok(());
    };
    let (mut configuration, mut changed) = (String::new(), false);
    if node.engine == Engine::Docker {
        configuration = render::docker_daemon(mirror::name(cluster))?;
        if !view.holds(DAEMON, &sha256(&configuration), 0o644) {
            put(
                plan,
                view,
                ("daemon", DAEMON),
                Content::Text(configuration.clone()),
                &[&id("install", node)],
            );
            changed = true;
        }
    }
    let mark = Mark::of(unit, &configuration, false);
    let applied = view.marked(&mark) && !changed;
    let fact = view.unit(unit);
    let (step, why) = match (fact.active == "active", applied, fact.enabled == "enabled") {
        // Its package starts it before it is configured.
        _ if installs => (UnitStep::Restart, text!("새로 설치됨", "it is installed anew")),
        (true, true, true) => return Ok(()),
        (_, false, _) => (
            UnitStep::Reload,
            text!("설정이 바뀜", "its configuration changes"),
        ),
        (true, true, false) => (
            UnitStep::Start,
            text!("부팅할 때 켜지지 않음", "it is not started at boot"),
        ),
        (false, ..) => (UnitStep::Start, text!("실행 중이 아님", "it does not run")),
    };
    let action = Action::Unit {
        unit: unit.into(),
        enable: true,
        step,
        mark,
    };
    let after = ["boot", "install", "daemon", "trust", "containerd"].map(|what| id(what, node));
    let words = (text!("{unit} 적용", "bring {unit} up to date"), why);
    plan.add(
        id("engine", node),
        Some(node),
        action,
        &after.each_ref().map(String::as_str),
        words,
    );
    Ok(())
}
