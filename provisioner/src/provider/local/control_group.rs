//! The control groups of one instance, `/lab-<instance>` in every hierarchy: ending what runs in them, removing them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::{Error, Result};
use crate::transport::patient;

/// Whether the host has the unified hierarchy (version 2) with controllers in it.
pub fn unified() -> bool {
    std::fs::read_to_string("/sys/fs/cgroup/cgroup.controllers")
        .is_ok_and(|controllers| !controllers.trim().is_empty())
}

/// Kills everything in the instance's groups and removes them. Does nothing if there are none.
pub fn clear(instance: &str) -> Result<()> {
    let deadline = Instant::now() + patient(Duration::from_secs(20));
    loop {
        let tops = tops(instance);
        if tops.is_empty() {
            return Ok(());
        }
        for group in tops.iter().flat_map(|top| depth_first(top)) {
            thaw_and_kill(&group);
            let _ = std::fs::remove_dir(&group);
        }
        if Instant::now() > deadline {
            return Err(Error::new(format!(
                "processes of the lab do not end: {}",
                tops[0].display()
            )));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn thaw_and_kill(group: &Path) {
    let _ = std::fs::write(group.join("freezer.state"), "THAWED");
    let _ = std::fs::write(group.join("cgroup.freeze"), "0");
    let pids = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    for pid in pids
        .lines()
        .filter_map(|pid| pid.parse().ok())
        .filter(|pid| *pid > 1)
    {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// The instance's own group in each hierarchy: directly below the root of the tree, or one level deeper (version 1).
fn tops(instance: &str) -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let name = format!("lab-{instance}");
    std::iter::once(root.to_owned())
        .chain(children(root).filter(|path| !path.is_symlink()))
        .map(|hierarchy| hierarchy.join(&name))
        .filter(|group| group.is_dir())
        .collect()
}

fn depth_first(group: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = children(group).flat_map(|child| depth_first(&child)).collect();
    all.push(group.to_owned());
    all
}

fn children(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
}
