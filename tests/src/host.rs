//! What a lab could leave behind on the host, one line each, so that before and after can be compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Everything on the host a lab could have touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(BTreeSet<String>);

impl Host {
    /// Reads it now.
    pub fn now() -> Self {
        let mut lines = BTreeSet::new();
        mounts(&mut lines);
        printed(&mut lines, "netns", &["ip", "netns", "list"]);
        printed(&mut lines, "link", &["ip", "-brief", "link"]);
        printed(
            &mut lines,
            "loop",
            &["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"],
        );
        for tables in ["iptables-save", "ip6tables-save"] {
            printed(&mut lines, tables, &[tables]);
        }
        directories(&mut lines, Path::new("/sys/fs/cgroup"), 3);
        devices(&mut lines);
        settings(&mut lines);
        processes(&mut lines);
        Self(lines)
    }

    /// What is there now and was not before (`+`), and what was and is not (`-`).
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let left = self.0.difference(&before.0).map(|line| format!("+ {line}"));
        let gone = before.0.difference(&self.0).map(|line| format!("- {line}"));
        left.chain(gone).collect()
    }
}

fn mounts(lines: &mut BTreeSet<String>) {
    for line in fs::read_to_string("/proc/self/mountinfo")
        .unwrap_or_default()
        .lines()
    {
        if let Some(point) = line.split(' ').nth(4) {
            lines.insert(format!("mount {point}"));
        }
    }
}

/// Lines a program prints, without comments and packet counters. A missing program adds nothing, before as after.
fn printed(lines: &mut BTreeSet<String>, label: &str, argv: &[&str]) {
    let Ok(output) = Command::new(argv[0]).args(&argv[1..]).output() else {
        return;
    };
    for line in String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let plain = line.split(" [").next().unwrap_or(line);
        lines.insert(format!("{label} {plain}"));
    }
}

fn directories(lines: &mut BTreeSet<String>, directory: &Path, depth: usize) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
    {
        lines.insert(format!("cgroup {}", entry.path().display()));
        if depth > 1 {
            directories(lines, &entry.path(), depth - 1);
        }
    }
}

fn devices(lines: &mut BTreeSet<String>) {
    for entry in fs::read_dir("/dev").into_iter().flatten().flatten() {
        let kind = entry
            .file_type()
            .map(|kind| format!("{kind:?}"))
            .unwrap_or_default();
        lines.insert(format!("dev {} {kind}", entry.path().display()));
    }
}

fn settings(lines: &mut BTreeSet<String>) {
    let watched = [
        "net/ipv4/ip_forward",
        "net/bridge/bridge-nf-call-iptables",
        "fs/inotify/max_user_instances",
        "fs/inotify/max_user_watches",
        "kernel/panic",
        "kernel/panic_on_oops",
        "kernel/pid_max",
        "kernel/keys/root_maxkeys",
        "kernel/keys/root_maxbytes",
        "kernel/core_pattern",
        "kernel/printk",
        "kernel/sysrq",
        "vm/overcommit_memory",
        "vm/panic_on_oom",
        "vm/max_map_count",
        "kernel/hostname",
    ];
    for name in watched {
        let value = fs::read_to_string(Path::new("/proc/sys").join(name)).unwrap_or_default();
        lines.insert(format!("sysctl {name} {}", value.trim()));
    }
}

/// Processes outside the host's own namespaces, by what they are called.
fn processes(lines: &mut BTreeSet<String>) {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(command) = fs::read(path.join("cmdline")) else {
            continue;
        };
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        for namespace in ["net", "mnt", "pid"] {
            let own = fs::read_link(path.join("ns").join(namespace));
            let host = fs::read_link(Path::new("/proc/self/ns").join(namespace));
            if let (Ok(own), Ok(host)) = (own, host)
                && own != host
            {
                lines.insert(format!("process in another {namespace}: {command}"));
                break;
            }
        }
    }
}
