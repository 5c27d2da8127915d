//! Snapshots of the whole cluster, running or not: pause all, copy all, resume all.

use std::fs;
use std::path::{Path, PathBuf};

use super::keeper::{Keeper, write_whole};
use super::runtime;
use super::together::together;
use super::{disk, subvolume};
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::provider::{NodeState, Snapshot};
use crate::text;

fn place(state: &Path, snapshot: &str) -> Result<PathBuf> {
    let sound = snapshot.starts_with(|first: char| first.is_ascii_alphanumeric())
        && snapshot
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || "-_.".contains(one));
    if sound {
        Ok(disk::snapshots(state).join(snapshot))
    } else {
        Err(Error::usage(format!("`{snapshot}` is not a snapshot name")))
    }
}

/// Saves all nodes there are. Nodes run on afterwards, also when saving failed.
pub fn save(keeper: &Keeper, state: &Path, cluster: &Cluster, snapshot: &str, replace: bool) -> Result<()> {
    let place = place(state, snapshot)?;
    if keeper.inside(&place).exists() && !replace {
        return Err(Error::usage(text!(
            "스냅샷 `{}`이(가) 이미 있음",
            "there is a snapshot `{}` already",
            snapshot
        )));
    }
    let there = |name: &&NodeName| subvolume::exists(keeper, state, name);
    let nodes: Vec<&NodeName> = cluster
        .nodes
        .iter()
        .map(|node| &node.name)
        .filter(there)
        .collect();
    let fresh = disk::unfinished(&place);
    remove(keeper, &fresh)?;
    keeper.run(&["mkdir", &fresh.to_string_lossy()])?;
    let copied = pause_and_copy(keeper, state, &nodes, &fresh);
    let resumed = together(&nodes, |name| match runtime::status(keeper, name)? {
        Some(NodeState::Paused) => runtime::resume(keeper, name),
        _ => Ok(()),
    });
    copied.and(resumed)?;
    let saved = time::OffsetDateTime::now_utc()
        .format(&time::format_description::well_known::Rfc3339)
        .map_err(|error| Error::new("cannot tell the time").because(error))?;
    write_whole(&keeper.inside(&fresh).join(".saved"), saved.as_bytes())?;
    subvolume::put(keeper, &fresh, &place)?;
    remove(keeper, &fresh)
}

fn pause_and_copy(keeper: &Keeper, state: &Path, nodes: &[&NodeName], into: &Path) -> Result<()> {
    together(nodes, |name| match runtime::status(keeper, name)? {
        Some(NodeState::Up) => runtime::pause(keeper, name),
        _ => Ok(()),
    })?;
    nodes.iter().try_for_each(|name| {
        subvolume::copy(keeper, &disk::node(state, name), &into.join(name.as_str()), true)
    })
}

/// Which nodes to put back: the given ones, or all that are in the snapshot.
pub fn chosen(keeper: &Keeper, state: &Path, snapshot: &str, nodes: &[NodeName]) -> Result<Vec<NodeName>> {
    let known = list(keeper, state)?
        .into_iter()
        .find(|one| one.name == snapshot)
        .ok_or_else(|| {
            Error::usage(text!("스냅샷 `{}` 없음", "no snapshot `{}`", snapshot))
                .hint(text!("`lab snapshot list`", "`lab snapshot list`"))
        })?;
    if let Some(missing) = nodes.iter().find(|name| !known.nodes.contains(name)) {
        return Err(Error::usage(text!("스냅샷 `{}`에 없음", "not in snapshot `{}`", snapshot)).on(missing));
    }
    Ok(if nodes.is_empty() {
        known.nodes
    } else {
        nodes.to_vec()
    })
}

/// Replaces a node's root, which does not run, by the saved one.
pub fn put_back(keeper: &Keeper, state: &Path, snapshot: &str, name: &NodeName) -> Result<()> {
    let root = disk::node(state, name);
    let fresh = disk::unfinished(&root);
    subvolume::remove(keeper, &fresh)?;
    subvolume::copy(
        keeper,
        &place(state, snapshot)?.join(name.as_str()),
        &fresh,
        false,
    )?;
    disk::list(state, name)?;
    subvolume::put(keeper, &fresh, &root)?;
    subvolume::remove(keeper, &fresh)
}

/// Complete snapshots, oldest first.
pub fn list(keeper: &Keeper, state: &Path) -> Result<Vec<Snapshot>> {
    let mut all: Vec<Snapshot> = names(&keeper.inside(&disk::snapshots(state)))
        .into_iter()
        .filter_map(|name| {
            let directory = keeper.inside(&disk::snapshots(state).join(&name));
            let saved = fs::read_to_string(directory.join(".saved")).ok()?;
            let nodes = names(&directory)
                .into_iter()
                .filter_map(|node| node.parse().ok())
                .collect();
            Some(Snapshot { name, saved, nodes })
        })
        .collect();
    all.sort_by(|one, other| one.saved.cmp(&other.saved));
    Ok(all)
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// Deletes a snapshot.
pub fn forget(keeper: &Keeper, state: &Path, snapshot: &str) -> Result<()> {
    chosen(keeper, state, snapshot, &[])?;
    remove(keeper, &place(state, snapshot)?)
}

fn remove(keeper: &Keeper, place: &Path) -> Result<()> {
    let seen = keeper.inside(place);
    if !seen.exists() {
        return Ok(());
    }
    names(&seen)
        .iter()
        .try_for_each(|name| subvolume::remove(keeper, &place.join(name)))?;
    keeper
        .run(&["rm", "-rf", "--one-file-system", &place.to_string_lossy()])
        .map(drop)
}
