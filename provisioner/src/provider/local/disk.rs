//! The lab's disk: one sparse btrfs image per state directory, mounted only in the keeper's namespace, and where on it what is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{command, host};
use crate::artifact::Bundle;
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

/// Whether any node was created.
pub fn lists_any(state: &Path) -> bool {
    fs::read_dir(state.join("nodes")).is_ok_and(|mut nodes| nodes.next().is_some())
}

/// Whether a node of this name was created (a note outside the image, for when it is not mounted).
pub fn listed(state: &Path, name: &NodeName) -> bool {
    state.join("nodes").join(name.as_str()).exists()
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
    use super::{LARGEST, SMALLEST, size, unfinished};

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
