//! A node's OCI bundle: config.json as crun and runc read it. Starts nothing.

use std::path::Path;

use oci_spec::runtime::Spec;
use serde_json::{Value, json};

use super::keeper::{Keeper, write_whole};
use super::{control_group, network};
use crate::cluster::Node;
use crate::error::{Error, Result};

/// Linux's capabilities by number.
const CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What the host allows a node.
struct Allowed {
    bounding: u64,
    unified: bool,
    memory: bool,
    cpu: bool,
}

impl Allowed {
    fn read() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let bounding = status.lines().find_map(|line| line.strip_prefix("CapBnd:"));
        let unified = control_group::unified();
        let controllers = std::fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
        let has = |name: &str, file: &str| {
            if unified {
                controllers.split_whitespace().any(|one| one == name)
            } else {
                Path::new("/sys/fs/cgroup").join(name).join(file).exists()
            }
        };
        Self {
            bounding: bounding
                .and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
                .unwrap_or_default(),
            unified,
            memory: has("memory", "memory.limit_in_bytes"),
            cpu: has("cpu", "cpu.shares"),
        }
    }
}

/// Writes the node's bundle: its root is the subvolume `root`.
pub fn write(keeper: &Keeper, root: &Path, node: &Node) -> Result<()> {
    let failed = || Error::new("cannot write the container's config.json").on(&node.name);
    let value = describe(
        root,
        &network::namespace(keeper, &node.name),
        keeper.instance(),
        node,
    );
    let spec: Spec = serde_json::from_value(value).map_err(|error| failed().because(error))?;
    let directory = keeper.inside(&keeper.memory().join("bundles").join(node.name.as_str()));
    std::fs::create_dir_all(&directory).map_err(|error| failed().because(error))?;
    let text = serde_json::to_vec(&spec).map_err(|error| failed().because(error))?;
    write_whole(&directory.join("config.json"), &text)
}

/// The configuration of a container that boots systemd from `root` in a network namespace, with what the host allows.
pub fn describe(root: &Path, network: &Path, instance: &str, node: &Node) -> Value {
    let allowed = Allowed::read();
    let named = CAPABILITIES
        .iter()
        .enumerate()
        .filter(|(number, _)| allowed.bounding >> number & 1 == 1);
    let capabilities: Vec<String> = named.map(|(_, name)| format!("CAP_{name}")).collect();
    let mut arguments = vec!["/sbin/init"];
    if !allowed.unified {
        arguments.extend([
            "systemd.unified_cgroup_hierarchy=0",
            "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
        ]);
    }
    let mut resources = json!({"devices": [{"allow": true, "access": "rwm"}]});
    if allowed.memory {
        resources["memory"] = json!({"limit": node.memory});
    }
    if allowed.cpu {
        resources["cpu"] = json!({"shares": 1024 * u64::from(node.cpus.max(1))});
    }
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false, "user": {"uid": 0, "gid": 0}, "args": arguments, "cwd": "/", "noNewPrivileges": false,
            "env": ["container=oci", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "capabilities": {
                "bounding": capabilities, "effective": capabilities, "permitted": capabilities,
                "inheritable": capabilities, "ambient": capabilities,
            },
        },
        "root": {"path": root, "readonly": false},
        "hostname": node.name,
        "mounts": mounts(),
        "linux": {
            "resources": resources,
            "cgroupsPath": format!("/lab-{instance}/{}", node.name),
            "rootfsPropagation": "shared",
            "namespaces": [
                {"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "cgroup"},
                {"type": "network", "path": network},
            ],
            "devices": [
                {"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11, "fileMode": 0o600, "uid": 0, "gid": 0},
                {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666, "uid": 0, "gid": 0},
            ],
            "maskedPaths": [], "readonlyPaths": [],
        },
    })
}

fn mounts() -> Value {
    let one = |to: &str, kind: &str, options: &[&str]| json!({"destination": to, "type": kind, "source": kind, "options": options});
    json!([
        {"destination": "/proc", "type": "proc", "source": "proc"},
        one("/dev", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
        one("/dev/pts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        one("/dev/shm", "tmpfs", &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        one("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
        one("/sys", "sysfs", &["nosuid", "noexec", "nodev"]),
        one("/sys/fs/cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime"]),
        one("/run", "tmpfs", &["nosuid", "nodev", "mode=755"]),
        one("/tmp", "tmpfs", &["nosuid", "nodev", "mode=1777"]),
    ])
}
