//! What a node's root needs before its first boot: its name, keys, and what systemd must not do in a container. Only ever
//! written into a fresh copy of the base, whose directories are as the bundle made them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::command;
use super::keeper::write_whole;
use crate::cluster::Node;
use crate::error::{Error, Result};
use crate::node::NodeName;

/// Units that change or show the host's kernel, cannot work in a container and leave systemd "degraded", or do again at each
/// boot what the runtime has done (mounts): what they take, sshd waits for.
const MASKED: [&str; 12] = [
    "systemd-modules-load.service",
    "systemd-sysctl.service",
    "systemd-udevd.service",
    "systemd-pstore.service",
    "systemd-remount-fs.service",
    "dev-hugepages.mount",
    "run-lock.mount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "modprobe@.service",
];

/// A node has no kernel of its own: read from the host's log, every line of the host and of all other nodes would be in its
/// journal, again after each boot.
const JOURNAL: &str = "[Journal]\nReadKMsg=no\nAudit=no\n";

/// kubelet sets the kernel as it likes it. Here that is the host's: it finds files of the node's own in their place, with the
/// values it wants, and writes nothing.
const KERNEL_SETTINGS: &str = include_str!("../../../../templates/kubernetes/kernel-settings.service");

/// Without them it does not start: better no Kubernetes than a host whose kernel it has set.
const GUARDED: &str = include_str!("../../../../templates/kubernetes/kernel-settings.conf");

/// All nodes boot on the same few processors: first the way in, then what takes seconds.
const AFTER_SSH: &str = "[Unit]\nAfter=ssh.service\n";
const PATIENT: [&str; 2] = ["containerd.service", "docker.service"];

/// What a node's own /etc/hosts begins with; the names of the nodes are added by `lab up`.
const HOSTS: &str = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

/// The orchestrator's private key, made when first asked for.
pub fn orchestrator_key(state: &Path) -> Result<PathBuf> {
    key(state, "orchestrator")
}

/// The public host key pinned for a node.
pub fn host_key(state: &Path, name: &NodeName) -> Result<String> {
    public(&key(state, &format!("host-{name}"))?)
}

fn key(state: &Path, name: &str) -> Result<PathBuf> {
    let directory = state.join("ssh");
    let path = directory.join(name);
    if path.exists() && path.with_extension("pub").exists() {
        return Ok(path);
    }
    let failed = |error| Error::new(format!("cannot make the key {}", path.display())).because(error);
    fs::create_dir_all(&directory).map_err(failed)?;
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    let fresh = directory.join(format!(".{name}"));
    let _ = fs::remove_file(&fresh);
    command::run(
        Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f"])
            .arg(&fresh),
    )?;
    fs::rename(directory.join(format!(".{name}.pub")), path.with_extension("pub")).map_err(failed)?;
    fs::rename(&fresh, &path).map_err(failed)?;
    Ok(path)
}

/// `ssh-ed25519 AAAA…`, without the comment.
fn public(key: &Path) -> Result<String> {
    let path = key.with_extension("pub");
    let line = fs::read_to_string(&path)
        .map_err(|error| Error::new(format!("cannot read {}", path.display())).because(error))?;
    Ok(line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// Removes the keys.
pub fn erase(state: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(state.join("ssh"));
    Ok(())
}

/// Makes a copy of the base this node's own.
pub fn prepare(root: &Path, state: &Path, node: &Node) -> Result<()> {
    let mut id = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| std::io::Read::read_exact(&mut source, &mut id))
        .map_err(|error| Error::new("cannot read /dev/urandom").because(error))?;
    let host = key(state, &format!("host-{}", node.name))?;
    let secret = fs::read(&host).map_err(|error| Error::new("cannot read the host key").because(error))?;
    let login = format!("{}\n", public(&orchestrator_key(state)?)?);
    put(root, "etc/hostname", format!("{}\n", node.name).as_bytes(), 0o644)?;
    put(
        root,
        "etc/machine-id",
        format!("{}\n", hex::encode(id)).as_bytes(),
        0o444,
    )?;
    put(root, "etc/hosts", HOSTS.as_bytes(), 0o644)?;
    put(root, "etc/resolv.conf", b"", 0o644)?;
    for kind in ["rsa", "ecdsa"] {
        let _ = fs::remove_file(root.join(format!("etc/ssh/ssh_host_{kind}_key")));
        let _ = fs::remove_file(root.join(format!("etc/ssh/ssh_host_{kind}_key.pub")));
    }
    put(root, "etc/ssh/ssh_host_ed25519_key", &secret, 0o600)?;
    put(
        root,
        "etc/ssh/ssh_host_ed25519_key.pub",
        format!("{}\n", public(&host)?).as_bytes(),
        0o644,
    )?;
    put(root, "root/.ssh/authorized_keys", login.as_bytes(), 0o600)?;
    settle(root)
}

/// What makes systemd boot in a container, and quickly; and keeps it from the host's kernel.
pub fn settle(root: &Path) -> Result<()> {
    put(
        root,
        "etc/systemd/journald.conf.d/lab.conf",
        JOURNAL.as_bytes(),
        0o644,
    )?;
    for unit in PATIENT {
        let path = format!("etc/systemd/system/{unit}.d/lab-after-ssh.conf");
        put(root, &path, AFTER_SSH.as_bytes(), 0o644)?;
    }
    let unit = "lab-kernel-settings.service";
    put(
        root,
        &format!("etc/systemd/system/{unit}"),
        KERNEL_SETTINGS.as_bytes(),
        0o644,
    )?;
    enable(root, unit)?;
    put(
        root,
        "etc/systemd/system/kubelet.service.d/lab-kernel-settings.conf",
        GUARDED.as_bytes(),
        0o644,
    )?;
    // Newer than /usr: the linker's cache, users and catalogs are as the packages left them, and need not be made again.
    for directory in ["etc", "var"] {
        put(root, &format!("{directory}/.updated"), b"", 0o644)?;
    }
    MASKED.iter().try_for_each(|unit| mask(root, unit))
}

fn put(root: &Path, path: &str, bytes: &[u8], mode: u32) -> Result<()> {
    let path = root.join(path);
    let failed = |error| Error::new(format!("cannot write {}", path.display())).because(error);
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(failed)?;
    }
    write_whole(&path, bytes)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(failed)
}

fn enable(root: &Path, unit: &str) -> Result<()> {
    let wants = root.join("etc/systemd/system/multi-user.target.wants");
    let (link, target) = (wants.join(unit), format!("/etc/systemd/system/{unit}"));
    let link = || fs::create_dir_all(&wants).and_then(|()| symlink(target, link));
    link().map_err(|error| Error::new(format!("cannot enable {unit}")).because(error))
}

fn mask(root: &Path, unit: &str) -> Result<()> {
    let path = root.join("etc/systemd/system").join(unit);
    let _ = fs::remove_file(&path);
    symlink("/dev/null", &path).map_err(|error| Error::new(format!("cannot mask {unit}")).because(error))
}
