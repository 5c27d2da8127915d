//! The lab's disk: one sparse btrfs image per state directory, mounted only in the keeper's namespace. Holds the base, the
//! nodes' roots and their snapshots as subvolumes; knows nothing of what is in them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::RenameFlags;

use super::bake::bake;
use super::keeper::Keeper;
use super::{command, host};
use crate::artifact::{Bundle, MIRROR_STORAGE};
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::text;

const LARGEST: u64 = 60 << 30;
const SMALLEST: u64 = 4 << 30;

/// The image file.
pub fn image(state: &Path) -> PathBuf {
    state.join("disk.img")
}

/// Where the image is mounted, as the keeper sees it.
pub fn top(state: &Path) -> PathBuf {
    state.join("disk")
}

/// The root of a node, as the keeper sees it.
pub fn node(state: &Path, name: &NodeName) -> PathBuf {
    top(state).join("nodes").join(name.as_str())
}

/// Where snapshots are, as the keeper sees it.
pub fn snapshots(state: &Path) -> PathBuf {
    top(state).join("snapshots")
}

/// What a subvolume is called until it is complete: no node and no snapshot can have that name.
pub fn unfinished(place: &Path) -> PathBuf {
    place.with_file_name(format!(
        ".{}",
        place.file_name().unwrap_or_default().to_string_lossy()
    ))
}

/// How large the image looks (it is sparse): what is free, within limits. btrfs needs room to breathe.
fn size(free: u64) -> u64 {
    free.clamp(SMALLEST, LARGEST)
}

/// Makes the image if there is none, or has `shelved` put one there: it is told where, and how long it may be. Returns whether
/// it did.
pub fn make(state: &Path, shelved: impl FnOnce(u64, &Path) -> bool) -> Result<bool> {
    if let Some(kind) = host::file_system(state).filter(|kind| host::is_network(kind)) {
        return Err(Error::new(text!(
            "{} 파일 시스템에는 노드 디스크를 둘 수 없음",
            "a {} file system cannot hold the nodes' disk",
            kind
        ))
        .hint(text!(
            "LAB_HOME을 로컬 디스크의 디렉터리로 정하세요",
            "set LAB_HOME to a directory on a local disk"
        )));
    }
    for directory in [top(state), state.join("nodes")] {
        fs::create_dir_all(&directory)
            .map_err(|error| Error::new(format!("cannot create {}", directory.display())).because(error))?;
    }
    let image = image(state);
    if image.exists() {
        return Ok(false);
    }
    let stats = nix::sys::statvfs::statvfs(state)
        .map_err(|error| Error::new("cannot ask for free space").because(error))?;
    let length = size(stats.blocks_available() * stats.fragment_size());
    // What is free comes and goes: one that was made when there was a little more will do.
    if shelved(length + length / 4, &image) {
        return Ok(true);
    }
    let fresh = unfinished(&image);
    let failed = |error| Error::new(format!("cannot make {}", fresh.display())).because(error);
    let file = fs::File::create(&fresh).map_err(failed)?;
    file.set_len(length).map_err(failed)?;
    command::run(
        Command::new("mkfs.btrfs")
            .args(["-q", "-m", "single"])
            .arg(&fresh),
    )?;
    fs::rename(&fresh, &image).map_err(failed)?;
    Ok(false)
}

/// Mounts the image in the namespace of the caller, the keeper. The loop device goes when the mount does. Only root reads the image:
/// keys and logins of the nodes are in it.
pub fn mount(state: &Path) -> Result<()> {
    fs::set_permissions(image(state), fs::Permissions::from_mode(0o600))
        .map_err(|error| Error::new("cannot make the lab's disk private").because(error))?;
    command::run(
        Command::new("mount")
            .args(["-o", "loop,noatime"])
            .arg(image(state))
            .arg(top(state)),
    )?;
    for directory in ["nodes", "snapshots"] {
        fs::create_dir_all(top(state).join(directory))
            .map_err(|error| Error::new("cannot write to the lab's disk").because(error))?;
    }
    Ok(())
}

/// What the base of a bundle is called.
pub fn base_name(bundle: &Bundle) -> String {
    format!("base-{}", bundle.digest.get(..12).unwrap_or(&bundle.digest))
}

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

/// Unpacks a tar at a directory.
pub fn unpack(keeper: &Keeper, tar: &Path, into: &Path) -> Result<()> {
    let (tar, into) = (tar.to_string_lossy(), into.to_string_lossy());
    keeper
        .run(&[
            "tar",
            "-C",
            &into,
            "--numeric-owner",
            "--xattrs",
            "--xattrs-include=*",
            "-xpf",
            &tar,
        ])
        .map(drop)
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

/// Whether a node of this name was created (a note outside the image, for when it is not mounted).
pub fn listed(state: &Path, name: &NodeName) -> bool {
    state.join("nodes").join(name.as_str()).exists()
}

/// Whether the node is there: on the disk, and not one that was destroyed while the disk was not mounted.
pub fn exists(keeper: &Keeper, state: &Path, name: &NodeName) -> bool {
    listed(state, name) && keeper.inside(&node(state, name)).is_dir()
}

/// Notes that a node was created.
pub fn list(state: &Path, name: &NodeName) -> Result<()> {
    fs::write(state.join("nodes").join(name.as_str()), "")
        .map_err(|error| Error::new("cannot note the node").on(name).because(error))
}

/// Notes that the node is gone.
pub fn unlist(state: &Path, name: &NodeName) -> Result<()> {
    match fs::remove_file(state.join("nodes").join(name.as_str())) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::new("cannot forget the node").on(name).because(error))
        }
        _ => Ok(()),
    }
}

/// Removes the image and the notes. The keeper is gone by then.
pub fn erase(state: &Path) -> Result<()> {
    for file in [image(state), unfinished(&image(state))] {
        let _ = fs::remove_file(file);
    }
    let _ = fs::remove_dir_all(state.join("nodes"));
    let _ = fs::remove_dir(top(state));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, SMALLEST, listed_paths, size, unfinished};

    #[test]
    fn inner_subvolumes_are_named_from_the_top_of_the_disk() {
        let printed = "ID 270 gen 31 top level 262 path nodes/w1/var/lib/a path b\nID 271 gen 31 top level 262 path nodes/w1/srv\n";
        let paths: Vec<&str> = listed_paths(printed).collect();
        assert_eq!(paths, ["nodes/w1/var/lib/a path b", "nodes/w1/srv"]);
    }

    #[test]
    fn size_follows_free_space_within_limits() {
        assert_eq!(size(0), SMALLEST);
        assert_eq!(size(20 << 30), 20 << 30);
        assert_eq!(size(u64::MAX), LARGEST);
    }

    #[test]
    fn unfinished_cannot_be_taken_for_a_node() {
        assert_eq!(unfinished("/a/w1".as_ref()), std::path::Path::new("/a/.w1"));
    }
}
