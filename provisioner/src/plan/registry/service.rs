//! The registry as a service of the node: distribution's program, which the mirror is as well, for a host whose engine is not
//! Docker. Same port, certificates and storage as the notes' container, so that images stay when the engine changes.

use super::super::{Action, Content, Mark, Plan, UnitStep, View, id, node, sha256};
use crate::config::Cluster;
use crate::error::Result;
use crate::{render, text};

/// Its unit: in every node image, enabled on one node.
pub const UNIT: &str = "lab-registry.service";
/// Its configuration.
pub const CONFIG: &str = "/etc/lab/registry/config.yml";
/// Where its images are.
const STORAGE: &str = "/registry-image";
/// Where its certificate and key are.
const CERTIFICATES: &str = "/etc/docker/certs";

pub(super) fn plan(
    cluster: &Cluster,
    view: &View<'_>,
    plan: &mut Plan,
    mut changed: Vec<String>,
) -> Result<()> {
    let node = view.node;
    let config = render::registry_config(STORAGE, cluster.registry.port, CERTIFICATES)?;
    if !view.holds(CONFIG, &sha256(&config), 0o644) {
        let content = Content::Text(config.clone());
        node::put(plan, view, ("registry-config", CONFIG), content, &[]);
        changed.push(id("registry-config", node));
    }
    let mark = Mark::of(UNIT, &config, true);
    let applied = view.marked(&mark) && changed.is_empty();
    let fact = view.unit(UNIT);
    if fact.active == "active" && fact.enabled == "enabled" && applied {
        return Ok(());
    }
    let (step, why) = match applied {
        true => (UnitStep::Start, text!("실행 중이 아님", "it does not run")),
        false => (
            UnitStep::Restart,
            text!(
                "설정이나 인증서가 바뀜",
                "its configuration or certificate changes"
            ),
        ),
    };
    // The port is free once a container of Docker's that has it is gone.
    changed.extend(["boot", "retire-docker"].map(|what| id(what, node)));
    let after: Vec<&str> = changed.iter().map(String::as_str).collect();
    let action = Action::Unit {
        unit: UNIT.into(),
        enable: true,
        step,
        mark,
    };
    let words = (text!("레지스트리 실행", "run the registry"), why);
    plan.add(id("registry", node), Some(node), action, &after, words);
    Ok(())
}

/// Stops it where the notes' container takes its place.
pub(super) fn retire(view: &View<'_>, plan: &mut Plan) {
    let node = view.node;
    let fact = view.unit(UNIT);
    if fact.active != "active" && fact.enabled != "enabled" {
        return;
    }
    let words = (
        text!("레지스트리 서비스 중지", "stop the registry's service"),
        text!("컨테이너가 그 자리를 이어받음", "the container takes its place"),
    );
    let action = Action::Retire {
        units: vec![UNIT.into()],
    };
    plan.add(
        id("retire-registry", node),
        Some(node),
        action,
        &[&id("boot", node)],
        words,
    );
}
