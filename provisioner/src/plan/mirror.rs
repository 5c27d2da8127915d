//! The mirror: the bundle's images, served on the registry's host as the engines' docker.io.

use super::{Action, Content, Mark, Plan, UnitStep, View, id, node, sha256};
use crate::bundle::MIRROR_STORAGE;
use crate::config::Cluster;
use crate::error::Result;
use crate::{render, text};

/// Its configuration.
pub const CONFIG: &str = "/etc/lab/mirror/config.yml";
/// Its certificate.
pub const CERTIFICATE: &str = "/etc/lab/mirror/tls.crt";
/// Its key.
pub const KEY: &str = "/etc/lab/mirror/tls.key";
/// Its unit: in every node image, enabled on one node.
pub const UNIT: &str = "lab-mirror.service";

/// `address:port` of the mirror.
pub fn name(cluster: &Cluster) -> String {
    format!("{}:{}", cluster.registry_host().address, render::MIRROR_PORT)
}

pub(super) fn plan(view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let node = view.node;
    let boot = id("boot", node);
    let mut changed = node::pair(plan, view, "mirror", CERTIFICATE, KEY);
    let config = render::mirror_config()?;
    if !view.holds(CONFIG, &sha256(&config), 0o644) {
        node::put(
            plan,
            view,
            ("mirror-config", CONFIG),
            Content::Text(config.clone()),
            &[],
        );
        changed.push(id("mirror-config", node));
    }
    // Nodes that are still to boot have it in their image; if not, the facts read after the boot will say so.
    let known = view.seen.is_some_and(|seen| seen.known.is_some());
    if known && view.file(MIRROR_STORAGE).is_none() {
        let words = (
            text!("번들의 이미지를 풂", "unpack the bundle's images"),
            text!("없음", "they are missing"),
        );
        plan.add(
            id("mirror-content", node),
            Some(node),
            Action::MirrorContent,
            &[&boot],
            words,
        );
        changed.push(id("mirror-content", node));
    }
    let mark = Mark::of(UNIT, &config, true);
    let applied = view.marked(&mark) && changed.is_empty();
    let unit = view.unit(UNIT);
    let running = unit.active == "active";
    if running && unit.enabled == "enabled" && applied {
        return Ok(());
    }
    let (step, why) = match (running, applied) {
        (true, false) => (
            UnitStep::Restart,
            text!(
                "설정이나 인증서가 바뀜",
                "its configuration or certificate changes"
            ),
        ),
        _ => (
            UnitStep::Start,
            text!(
                "실행 중이 아니거나 부팅할 때 켜지지 않음",
                "it does not run or is not started at boot"
            ),
        ),
    };
    changed.push(boot);
    let after: Vec<&str> = changed.iter().map(String::as_str).collect();
    let action = Action::Unit {
        unit: UNIT.into(),
        enable: true,
        step,
        mark,
    };
    let words = (text!("미러 실행", "run the mirror"), why);
    plan.add(id("mirror", node), Some(node), action, &after, words);
    Ok(())
}
