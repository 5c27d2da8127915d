//! What is known of a node: the answer to a [`FactsQuery`](super::FactsQuery). Types only; the agent's handler fills them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Engine;

/// A node's state, as read by its agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Host name.
    pub hostname: String,
    /// /etc/machine-id.
    pub machine_id: String,
    /// /proc/sys/kernel/random/boot_id: changes with each boot (of the kernel).
    pub boot_id: String,
    /// `ID` of /etc/os-release, e.g. `debian`.
    pub os_id: String,
    /// `VERSION_ID` of /etc/os-release, e.g. `13`.
    pub os_version: String,
    /// `uname -r`.
    pub kernel: String,
    /// `uname -m`.
    pub architecture: String,
    /// Online processors.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of memory available.
    pub memory_available: u64,
    /// Bytes of the root file system.
    pub disk: u64,
    /// Bytes of it in use.
    pub disk_used: u64,
    /// Unix time in milliseconds when the facts were read.
    pub clock_ms: u64,
    /// 1 or 2.
    pub cgroup: u8,
    /// Version of the agent that answered.
    pub agent: String,
    /// Files asked for; `None` where absent.
    pub files: BTreeMap<String, Option<FileFact>>,
    /// Units asked for.
    pub units: BTreeMap<String, UnitFact>,
    /// Containers asked for; `None` where absent. One that is not in here: Docker runs and does not answer.
    pub containers: BTreeMap<String, Option<ContainerFact>>,
    /// Engines found installed.
    pub engines: Vec<EngineFact>,
    /// Capabilities a process of the node can have, as `CapBnd` of /proc/self/status says.
    pub capabilities: u64,
    /// Addresses of its interfaces, without the loopback's.
    pub addresses: Vec<IpAddr>,
    /// Whether its kernel has overlay file systems, loaded or as a module.
    pub overlay: bool,
    /// The nodes of Kubernetes, if asked for; `None` where its API does not answer.
    pub kubernetes: Option<Vec<KubernetesNode>>,
    /// Kubernetes' own pods (those of `kube-system`), if asked for; `None` where its API does not answer.
    pub pods: Option<Vec<KubernetesPod>>,
    /// Certificates asked for, PEM; `None` where there is none.
    pub certificates: BTreeMap<String, Option<String>>,
    /// Whether the programs asked for are there.
    pub programs: BTreeMap<String, bool>,
    /// Who listens on the ports asked for; none for a port nobody listens on.
    pub listeners: BTreeMap<u16, Listener>,
}

/// A process that listens on a port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// What it is called, at most 15 characters; empty where it cannot be seen.
    pub program: String,
    /// Its number.
    pub pid: u32,
}

/// A pod as the Kubernetes API knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesPod {
    /// Its name.
    pub name: String,
    /// Where it is; empty as long as it is nowhere.
    pub node: String,
    /// Whether its condition `Ready` is true.
    pub ready: bool,
    /// Why not, in one word of the API's: `CrashLoopBackOff`, `Pending`, …
    pub reason: String,
}

/// A node as the Kubernetes API knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesNode {
    /// Its name.
    pub name: String,
    /// Whether its condition `Ready` is true.
    pub ready: bool,
    /// Version of its kubelet, e.g. `v1.34.4`.
    pub version: String,
    /// Its container runtime, e.g. `containerd://1.7.24`.
    pub runtime: String,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFact {
    /// SHA-256 in hex; empty for what is not a regular file.
    pub sha256: String,
    /// Permission bits.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
}

/// A systemd unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFact {
    /// `LoadState`, e.g. `loaded`, `not-found`.
    pub load: String,
    /// `ActiveState`, e.g. `active`.
    pub active: String,
    /// `UnitFileState`, e.g. `enabled`.
    pub enabled: String,
}

/// A Docker container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerFact {
    /// Full id.
    pub id: String,
    /// Image reference it was made from.
    pub image: String,
    /// Id of that image.
    pub image_id: String,
    /// `running`, `exited`, …
    pub state: String,
    /// Restart policy, e.g. `always`.
    pub restart: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// An engine on the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineFact {
    /// Which.
    pub engine: Engine,
    /// Its version as it says it.
    pub version: String,
    /// Whether it answers.
    pub running: bool,
}

/// What one engine (or the system store) trusts for one registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustFact {
    /// Engine, or `system`.
    pub store: String,
    /// `host:port`.
    pub registry: String,
    /// File that holds the authority.
    pub path: String,
    /// SHA-256 of that file in hex, if it is there.
    pub sha256: Option<String>,
}
