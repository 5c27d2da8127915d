//! The node's engine: installed, running, and using the mirror.

use agent::wire::Engine;

use super::node::{DAEMON, put};
use super::{Action, Content, Mark, Plan, Problem, UnitStep, View, id, mirror, sha256};
use crate::config::Cluster;
use crate::error::Result;
use crate::{engine, render, text};

pub(super) fn plan(cluster: &Cluster, view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let node = view.node;
    if let Some(known) = view.seen.and_then(|seen| seen.known.as_ref())
        && !known.facts.engines.iter().any(|fact| fact.engine == node.engine)
    {
        let (name, engine) = (&node.name, engine::name(node.engine));
        plan.problems.push(Problem {
            node: name.clone(),
            text: text!("{engine}이(가) 설치되어 있지 않음", "{engine} is not installed"),
            hint: text!(
                "`lab reset {name}`이 노드를 처음 상태로 되돌립니다",
                "`lab reset {name}` puts the node back as it was made"
            ),
        });
        return Ok(());
    }
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
                &[],
            );
            changed = true;
        }
    }
    let mark = Mark::of(unit, &configuration, false);
    let applied = view.marked(&mark) && !changed;
    let fact = view.unit(unit);
    let (step, why) = match (fact.active == "active", applied, fact.enabled == "enabled") {
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
    let after = [id("boot", node), id("daemon", node), id("trust", node)];
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
