//! What this Linux host is: facts only, read from the kernel, for `lab doctor` and the verbs that need root. Decides nothing.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::egress::outside;
use crate::paths::Paths;

mod disks;

use disks::disk;
pub use disks::{Disk, file_system, is_network};

/// Debian's keys, where the package debian-archive-keyring has them on every distribution.
pub const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The host.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// `linux`, `macos`, `windows`.
    pub system: String,
    /// `x86_64`, `aarch64`, …
    pub architecture: String,
    /// `uname -r`.
    pub kernel: String,
    /// Whether this process is root.
    pub root: bool,
    /// File systems the kernel knows now.
    pub file_systems: BTreeSet<String>,
    /// Modules modprobe would load, of those whose file system is not known yet.
    pub loadable: BTreeSet<String>,
    /// Whether loop devices can be had.
    pub loop_control: bool,
    /// 1, 2, or 0 where there is none.
    pub cgroup: u8,
    /// Controllers that can be used.
    pub controllers: BTreeSet<String>,
    /// fs.inotify.max_user_instances.
    pub inotify_instances: u64,
    /// Bytes of memory available now.
    pub memory_available: u64,
    /// Whether the capability bounding set has CAP_SYS_RESOURCE.
    pub sys_resource: bool,
    /// Disks of the state, the cache and the project.
    pub disks: Vec<Disk>,
    /// Directories of programs, in order.
    pub search: Vec<PathBuf>,
    /// Whether Debian's keys are there.
    pub keyring: bool,
    /// IPv4 networks of the host's interfaces: interface, first address, prefix bits.
    pub networks: Vec<(String, Ipv4Addr, u8)>,
    /// Interface of the default route.
    pub default_route: Option<String>,
    /// Unix time in seconds.
    pub clock: u64,
    /// Why new mount and network namespaces cannot be had; `None` where they can, or were not tried.
    pub namespaces: Option<String>,
}

impl Host {
    /// Reads the host. `thorough` also tries what costs a process: namespaces.
    pub fn read(paths: &Paths, thorough: bool) -> Self {
        let file_systems = known_file_systems();
        let missing = ["btrfs", "overlay"]
            .into_iter()
            .filter(|name| !file_systems.contains(*name));
        let root = is_root();
        let (cgroup, controllers) = cgroups();
        Self {
            system: std::env::consts::OS.into(),
            architecture: std::env::consts::ARCH.into(),
            kernel: word("/proc/sys/kernel/osrelease"),
            root,
            loadable: missing
                .filter(|name| succeeds("modprobe", &["-n", "-q", name]))
                .map(str::to_owned)
                .collect(),
            file_systems,
            loop_control: Path::new("/dev/loop-control").exists(),
            cgroup,
            controllers,
            inotify_instances: word("/proc/sys/fs/inotify/max_user_instances")
                .parse()
                .unwrap_or(0),
            memory_available: memory_available(&read("/proc/meminfo")),
            sys_resource: has_sys_resource(&read("/proc/self/status")),
            disks: [&paths.state, &paths.cache, &paths.project]
                .map(|path| disk(path))
                .into(),
            search: search(),
            keyring: Path::new(KEYRING).is_file(),
            networks: networks(&read("/proc/net/route")),
            default_route: outside::interface(),
            clock: std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            namespaces: if thorough && root { try_namespaces() } else { None },
        }
    }

    /// Where a program is.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let places = self.search.iter().map(|directory| directory.join(name));
        places.into_iter().find(|path| path.is_file())
    }
}

/// Whether this process may do everything root may.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Whether anybody but its owner may read or write a file.
pub fn others_may_read(path: &Path) -> std::io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::mode(&path.metadata()?) & 0o077 != 0)
}

/// A process other than this one that has a path below `directory` (or itself) on its command line, as a keeper has.
pub fn naming(directory: &Path) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let own = std::process::id();
    let below = |word: &[u8]| Path::new(OsStr::from_bytes(word)).starts_with(directory);
    numbers.find(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        *pid != own && line.split(|byte| *byte == 0).any(below)
    })
}

/// Bytes of disk a file takes, which for a sparse one is less than its length.
pub fn allocated(file: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(file) * 512
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn word(path: &str) -> String {
    read(path).trim().to_owned()
}

fn known_file_systems() -> BTreeSet<String> {
    read("/proc/filesystems")
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .map(str::to_owned)
        .collect()
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Version in use and controllers. A hybrid host counts as 1: that is where its controllers are.
fn cgroups() -> (u8, BTreeSet<String>) {
    let enabled = |line: &&str| line.split_whitespace().nth(3) == Some("1") && !line.starts_with('#');
    let table = read("/proc/cgroups");
    let all = table
        .lines()
        .filter(enabled)
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned);
    let unified = read("/sys/fs/cgroup/cgroup.controllers");
    if !unified.trim().is_empty() {
        return (2, unified.split_whitespace().map(str::to_owned).collect());
    }
    let first = Path::new("/sys/fs/cgroup/memory").is_dir() || Path::new("/sys/fs/cgroup/pids").is_dir();
    if first {
        (1, all.collect())
    } else {
        (0, BTreeSet::new())
    }
}

fn memory_available(meminfo: &str) -> u64 {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

fn has_sys_resource(status: &str) -> bool {
    const CAP_SYS_RESOURCE: u32 = 24;
    let line = status.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    let set = line
        .and_then(|line| u64::from_str_radix(line.trim(), 16).ok())
        .unwrap_or(0);
    set & (1 << CAP_SYS_RESOURCE) != 0
}

pub(super) fn search() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // A user's PATH often lacks these, root's has them.
    let always = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(always).collect()
}

/// Networks on a link, from the kernel's routing table (numbers in the byte order of the machine, as it writes them).
fn networks(routes: &str) -> Vec<(String, Ipv4Addr, u8)> {
    let hex = |field: &str| {
        u32::from_str_radix(field, 16)
            .ok()
            .map(|value| Ipv4Addr::from(value.to_ne_bytes()))
    };
    let network = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (base, gateway, mask) = (hex(fields.get(1)?)?, hex(fields.get(2)?)?, hex(fields.get(7)?)?);
        let prefix = u8::try_from(u32::from(mask).leading_ones()).ok()?;
        let name = (*fields.first()?).to_owned();
        (gateway.is_unspecified() && prefix > 0).then_some((name, base, prefix))
    };
    routes.lines().skip(1).filter_map(network).collect()
}

fn try_namespaces() -> Option<String> {
    let output = Command::new("unshare")
        .args(["-m", "-n", "true"])
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        // The missing program is a finding of its own.
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests;
