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

/// Kills the containers that run on a node (`INSTANCE/NODE`), not the node: the first process of every PID namespace below
/// the node's own, and with it its namespace.
pub fn end_containers(group: &str) {
    let mut processes: Vec<i32> = tops(group)
        .iter()
        .flat_map(|top| depth_first(top))
        .flat_map(|group| processes(&group))
        .collect();
    processes.sort_unstable();
    processes.dedup();
    let numbers: Vec<(i32, Vec<i32>)> = processes
        .into_iter()
        .map(|pid| (pid, numbers(&status(pid))))
        .collect();
    // The node's own first process is the shallowest one that is number 1 somewhere.
    let first = |(_, numbers): &&(i32, Vec<i32>)| numbers.len() > 1 && numbers.last() == Some(&1);
    let Some(depth) = numbers
        .iter()
        .filter(first)
        .map(|(_, numbers)| numbers.len())
        .min()
    else {
        return;
    };
    for (pid, numbers) in numbers.iter().filter(first) {
        if numbers.len() > depth {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
    }
}

fn status(pid: i32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default()
}

/// A process's number in each PID namespace it is in, outermost first.
fn numbers(status: &str) -> Vec<i32> {
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let words = line.unwrap_or_default().split_whitespace();
    words.filter_map(|word| word.parse().ok()).collect()
}

/// Kills everything in the instance's groups and removes them (`INSTANCE/NODE`: of one node). Does nothing if there are none.
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
    for pid in processes(group) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

fn processes(group: &Path) -> Vec<i32> {
    let text = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    text.lines()
        .filter_map(|pid| pid.parse().ok())
        .filter(|pid| *pid > 1)
        .collect()
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

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn a_container_on_a_node_is_one_namespace_deeper_than_the_node() {
        assert_eq!(numbers("Name:\tinit\nNSpid:\t900\t1\nNSsid:\t0\n"), [900, 1]);
        assert_eq!(numbers("Name:\tsleep\nNSpid:\t950\t312\t1\n"), [950, 312, 1]);
        assert!(numbers("Name:\tgone\n").is_empty());
    }
}
