//! What every node has, whatever its engine: that it runs, and the names of the others. And how files of any kind are put on one.

use super::{Action, Content, Plan, View, id, sha256};
use crate::config::Cluster;
use crate::error::Result;
use crate::{render, text};

/// Names and addresses of the nodes. The lab owns a block of this file.
pub const HOSTS: &str = "/etc/hosts";
/// Docker's configuration. The lab owns this file.
pub const DAEMON: &str = "/etc/docker/daemon.json";

pub(super) fn plan(cluster: &Cluster, view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let node = view.node;
    if !view.seen.is_some_and(|seen| seen.up) {
        let words = (
            text!("노드를 켬", "boot"),
            text!("실행 중이 아님", "it does not run"),
        );
        plan.add(id("boot", node), Some(node), Action::Boot, &[], words);
    }
    let block = render::hosts(cluster)?;
    let known = view.seen.and_then(|seen| seen.known.as_ref());
    let is_so = known.is_some_and(|known| {
        let whole = render::with_block(&known.hosts, &block);
        whole == known.hosts && view.holds(HOSTS, &sha256(whole), 0o644)
    });
    if !is_so {
        put(plan, view, ("hosts", HOSTS), Content::Block(block), &[]);
    }
    Ok(())
}

/// Adds a text file of mode 0644, after the node's boot and `after`.
pub(super) fn put(
    plan: &mut Plan,
    view: &View<'_>,
    (what, path): (&str, &str),
    content: Content,
    after: &[&str],
) {
    let boot = id("boot", view.node);
    let after: Vec<&str> = after.iter().copied().chain([boot.as_str()]).collect();
    let why = match view.file(path) {
        Some(_) => text!("내용이나 모드가 다름", "its content or mode differs"),
        None => text!("없음", "it is missing"),
    };
    let action = Action::PutFile {
        path: path.into(),
        mode: 0o644,
        content,
    };
    let words = (text!("{path} 쓰기", "write {path}"), why);
    plan.add(id(what, view.node), Some(view.node), action, &after, words);
}

/// Leaf and key as files of a server; returns the ids of what must change.
pub(super) fn pair(
    plan: &mut Plan,
    view: &View<'_>,
    what: &str,
    certificate: &str,
    key: &str,
) -> Vec<String> {
    let leaf = view.pki.leaf.as_ref().filter(|_| !plan.has("leaf"));
    let wanted = [
        (
            "certificate",
            certificate,
            0o644,
            Content::LeafCertificate,
            leaf.map(|leaf| &leaf.certificate_sha256),
        ),
        (
            "key",
            key,
            0o600,
            Content::LeafKey,
            leaf.map(|leaf| &leaf.key_sha256),
        ),
    ];
    let boot = id("boot", view.node);
    let mut changed = vec![];
    for (kind, path, mode, content, sha256) in wanted {
        if sha256.is_some_and(|sha256| view.holds(path, sha256, mode)) {
            continue;
        }
        let id = id(&format!("{what}-{kind}"), view.node);
        let action = Action::PutFile {
            path: path.into(),
            mode,
            content,
        };
        let why = text!("없거나 다름", "it is missing or differs");
        let words = (text!("{path} 쓰기", "write {path}"), why);
        plan.add(id.clone(), Some(view.node), action, &[&boot, "leaf"], words);
        changed.push(id);
    }
    changed
}
