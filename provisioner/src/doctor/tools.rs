//! Programs of the host that the lab calls: a row each, with the Debian package that brings it.

use crate::provider::local::host::Host;

/// When a program is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// To run nodes.
    Always,
    /// To make the node image; not where a bundle was imported.
    Building,
    /// To put disks of virtual machines into the form of a hypervisor.
    Disks,
    /// For nodes' way out to the internet.
    Egress,
}

/// A program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tool {
    /// As it is called.
    pub program: &'static str,
    /// Debian package that brings it.
    pub package: &'static str,
    /// When it is needed.
    pub when: When,
}

const fn tool(program: &'static str, package: &'static str, when: When) -> Tool {
    Tool {
        program,
        package,
        when,
    }
}

/// Everything but the OCI runtime: which of those depends on the host.
pub(super) const TOOLS: &[Tool] = &[
    tool("mkfs.btrfs", "btrfs-progs", When::Always),
    tool("btrfs", "btrfs-progs", When::Always),
    tool("nsenter", "util-linux", When::Always),
    tool("unshare", "util-linux", When::Always),
    tool("mount", "mount", When::Always),
    tool("umount", "mount", When::Always),
    tool("ip", "iproute2", When::Always),
    tool("tar", "tar", When::Always),
    tool("zstd", "zstd", When::Always),
    tool("ssh-keygen", "openssh-client", When::Always),
    tool("mmdebstrap", "mmdebstrap", When::Building),
    tool("qemu-img", "qemu-utils", When::Disks),
    tool("pasta", "passt", When::Egress),
];

/// The OCI runtime this host wants: crun refuses hybrid hosts, so cgroup v1 takes runc; each else the other.
pub(super) fn runtime(host: &Host) -> Option<&'static str> {
    let order: &[&'static str] = if host.cgroup == 2 {
        &["crun", "runc"]
    } else {
        &["runc"]
    };
    order.iter().find(|name| host.program(name).is_some()).copied()
}

/// The package to install where there is no runtime.
pub(super) fn runtime_package(host: &Host) -> &'static str {
    if host.cgroup == 2 { "crun" } else { "runc" }
}

/// Programs a first build calls.
pub(super) fn building() -> Vec<&'static str> {
    TOOLS
        .iter()
        .filter(|tool| matches!(tool.when, When::Always | When::Building))
        .map(|tool| tool.program)
        .collect()
}
