//! What is on the lab's disk: the base, the nodes' roots and their snapshots, each a subvolume, made and moved in the keeper's
//! namespace. Knows nothing of what is in them.

use std::fs;
use std::path::{Path, PathBuf};

use nix::fcntl::RenameFlags;

use super::bake::{bake, unpack};
use super::disk::{base_name, listed, node, top, unfinished};
use super::keeper::Keeper;
use crate::artifact::{Bundle, MIRROR_STORAGE};
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::text;

fn base(state: &Path, bundle: &Bundle) -> PathBuf {
    top(state).join(base_name(bundle))
}

/// The subvolume with the bundle's node image and mirror, unpacked once.
pub fn import(keeper: &Keeper, state: &Path, bundle: &Bundle) -> Result<PathBuf> {
    let base = base(state, bundle);
    if keeper.inside(&base).is_dir() {
        return Ok(base);
    }
    let fresh = unfinished(&base);
    remove(keeper, &fresh)?;
    keeper.run(&["btrfs", "-q", "subvolume", "create", &fresh.to_string_lossy()])?;
    unpack(keeper, &bundle.node_image.path, &fresh)?;
    let storage = fresh.join(MIRROR_STORAGE.trim_start_matches('/'));
    keeper.run(&["mkdir", "-p", &storage.to_string_lossy()])?;
    unpack(keeper, &bundle.mirror.path, &storage)?;
    for programs in bundle.engines.values() {
        unpack(keeper, &programs.path, &fresh)?;
    }
    if let Some(kubernetes) = &bundle.kubernetes {
        bake(keeper, &fresh, kubernetes, bundle.engines.contains_key("cri-o"))?;
    }
    put(keeper, &fresh, &base)?;
    Ok(base)
}

/// The base that is there, as this process sees it; only one is kept.
pub fn newest_base(keeper: &Keeper, state: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(keeper.inside(&top(state)))
        .into_iter()
        .flatten()
        .flatten();
    let mut bases = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("base-"));
    bases
        .next()
        .map(|entry| entry.path())
        .ok_or_else(|| Error::new("the node image is not unpacked").hint(text!("`lab up`", "run `lab up`")))
}

/// Removes bases of other bundles. Nodes made from them share their blocks and stay whole.
pub fn forget_old(keeper: &Keeper, state: &Path, bundle: &Bundle) -> Result<()> {
    let keep = base(state, bundle);
    let entries = fs::read_dir(keeper.inside(&top(state)))
        .into_iter()
        .flatten()
        .flatten();
    for name in entries.map(|entry| entry.file_name().to_string_lossy().into_owned()) {
        let path = top(state).join(&name);
        if name.trim_start_matches('.').starts_with("base-") && path != keep {
            remove(keeper, &path)?;
        }
    }
    Ok(())
}

/// A copy of a subvolume.
pub fn copy(keeper: &Keeper, from: &Path, to: &Path, read_only: bool) -> Result<()> {
    let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
    let option: &[&str] = if read_only { &["-r"] } else { &[] };
    keeper
        .run(&[&["btrfs", "-q", "subvolume", "snapshot"], option, &[&*from, &*to]].concat())
        .map(drop)
}

/// Removes a subvolume and those inside it, if it is there.
pub fn remove(keeper: &Keeper, path: &Path) -> Result<()> {
    let seen = keeper.inside(path);
    if !seen.exists() {
        return Ok(());
    }
    let name = path.to_string_lossy();
    let delete = || keeper.run(&["btrfs", "-q", "subvolume", "delete", &name]);
    if delete().is_ok() {
        return Ok(());
    }
    // Programs on a node (Docker's btrfs driver, systemd) may have made subvolumes: they go first, the deepest before all.
    let inner = keeper.run(&["btrfs", "subvolume", "list", "-o", &name])?;
    for inner in listed_paths(&inner) {
        remove(keeper, &top(keeper.state()).join(inner))?;
    }
    delete().map(drop)
}

/// Paths, from the top of the disk, in what `btrfs subvolume list` prints.
pub fn listed_paths(printed: &str) -> impl Iterator<Item = &str> {
    printed
        .lines()
        .filter_map(|line| line.split_once(" path ").map(|(_, path)| path))
}

/// Puts what is complete in the place of what may be there, in one step: whoever is killed leaves the old or the new.
pub fn put(keeper: &Keeper, fresh: &Path, place: &Path) -> Result<()> {
    let (from, to) = (keeper.inside(fresh), keeper.inside(place));
    let failed = || Error::new(format!("cannot put {} in its place", place.display()));
    if !to.exists() {
        return fs::rename(from, to).map_err(|error| failed().because(error));
    }
    let here = nix::fcntl::AT_FDCWD;
    nix::fcntl::renameat2(here, &from, here, &to, RenameFlags::RENAME_EXCHANGE)
        .map_err(|error| failed().because(error))
}

/// Whether the node is there: on the disk, and not one that was destroyed while the disk was not mounted.
pub fn exists(keeper: &Keeper, state: &Path, name: &NodeName) -> bool {
    listed(state, name) && keeper.inside(&node(state, name)).is_dir()
}

#[cfg(test)]
mod tests {
    use super::listed_paths;

    #[test]
    fn inner_subvolumes_are_named_from_the_top_of_the_disk() {
        let printed = "ID 270 gen 31 top level 262 path nodes/w1/var/lib/a path b\nID 271 gen 31 top level 262 path nodes/w1/srv\n";
        let paths: Vec<&str> = listed_paths(printed).collect();
        assert_eq!(paths, ["nodes/w1/var/lib/a path b", "nodes/w1/srv"]);
    }
}
