//! What crosses the channel between orchestrator and node: nouns only, no I/O.
//!
//! One channel carries [`frame::Frame`]s. A frame belongs to a *stream*; the orchestrator opens a stream by sending a
//! [`Request`] with a fresh number, the node answers with exactly one final [`Reply`] on it. Between the two, raw bytes
//! flow as `Data` (towards the node), `Stdout`/`Stderr` (from it), each direction ended by an `End` frame and held back
//! by credit: a sender may have at most [`WINDOW`] unacknowledged bytes on a stream, so neither end buffers without bound.
//! The first frame each way is a [`Hello`] on stream 0.

pub mod facts;
pub mod frame;
mod run;

use serde::{Deserialize, Serialize};

pub use facts::{
    ContainerFact, EngineFact, Facts, FileFact, KubernetesNode, KubernetesPod, Listener, TrustFact, UnitFact,
};
pub use run::{Pty, Run};

/// Version of this protocol. Both ends refuse another one in the hello.
pub const PROTOCOL: u32 = 1;

/// Bytes a sender may have in flight on one stream before it waits for credit.
pub const WINDOW: u32 = 256 * 1024;

/// First frame each way: who speaks, and which protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the speaker.
    pub protocol: u32,
    /// Crate version of the speaker.
    pub version: String,
}

/// What the orchestrator asks of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Read the node's state. Answer: [`Reply::Facts`].
    Facts(FactsQuery),
    /// Run a command. Output arrives as `Stdout`/`Stderr`. Answer: [`Reply::Exited`].
    Run(Run),
    /// Write a file: bytes follow as `Data`, then `End`. Written beside, checked, renamed. Answer: [`Reply::Done`].
    Put(Put),
    /// Read a file: bytes arrive as `Stdout`, then `End`. Answer: [`Reply::Done`] with size and digest.
    Get {
        /// Absolute path on the node.
        path: String,
    },
    /// Connect to an address as the node sees it; bytes flow both ways. Answer after both `End`s: [`Reply::Done`].
    Tunnel {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Make every engine on the node trust a registry. Answer: [`Reply::Trust`], the state afterwards.
    Trust(Trust),
    /// What engines are there, and act on one. Answer: [`Reply::Engines`], the state afterwards.
    Engine(EngineAction),
    /// Start, ask for or stop a process that outlives a request. Answer: [`Reply::Background`].
    Background(Background),
}

/// Which parts of a node's state the orchestrator wants beyond the constant ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactsQuery {
    /// Absolute paths to hash.
    pub files: Vec<String>,
    /// systemd units to look up.
    pub units: Vec<String>,
    /// Docker containers to look up, by name.
    pub containers: Vec<String>,
    /// Whether to ask the Kubernetes API on this node for its nodes.
    pub kubernetes: bool,
    /// Whether to ask it for its own pods too.
    pub pods: bool,
    /// Files to read a certificate from: PEM files and kubeconfigs.
    pub certificates: Vec<String>,
    /// TCP ports of the node to look for listeners on.
    pub ports: Vec<u16>,
    /// Programs to look for, by name, where programs are.
    pub programs: Vec<String>,
}

/// What the orchestrator says to a running request, in a `Control` frame on its stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Send a signal, by number, to the process group.
    Signal(i32),
    /// The terminal has a new size.
    Resize {
        /// Rows.
        rows: u16,
        /// Columns.
        cols: u16,
    },
    /// Give the request up: kill what it runs, remove what it half wrote.
    Cancel,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// Absolute path; missing parent directories are made with mode 0755.
    pub path: String,
    /// Permission bits, e.g. `0o600`.
    pub mode: u32,
    /// Bytes that will follow.
    pub size: u64,
    /// Their SHA-256, lower-case hex. The file appears only if it matches.
    pub sha256: String,
}

/// Whose authority a trust store is about: each has a file of its own in the system store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// The lab's own.
    #[default]
    Lab,
    /// Of the external registry.
    External,
}

/// Trust of one registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Only look.
    Status {
        /// Whose authority.
        #[serde(default)]
        whose: Whose,
        /// `host:port` names the registry answers to.
        registries: Vec<String>,
    },
    /// Write the authority wherever the node's engines look for it.
    Install {
        /// Whose authority.
        #[serde(default)]
        whose: Whose,
        /// `host:port` names the registry answers to.
        registries: Vec<String>,
        /// PEM of one or more authorities (two while they rotate).
        authority: String,
    },
    /// Take away what `Install` wrote.
    Remove {
        /// Whose authority.
        #[serde(default)]
        whose: Whose,
        /// `host:port` names the registry answers to.
        registries: Vec<String>,
    },
}

/// What to do with an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineAction {
    /// Only look.
    Status,
    /// Restart it and wait until it answers.
    Restart(Engine),
    /// Enable and start it and wait until it answers.
    Start(Engine),
}

/// A container engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Docker Engine.
    Docker,
    /// containerd, by its CRI and by nerdctl.
    Containerd,
    /// CRI-O.
    CriO,
    /// Podman.
    Podman,
}

/// A process that belongs to the agent and survives the request that started it, but not the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Background {
    /// Start it under a name.
    Start {
        /// Name to speak of it later.
        name: String,
        /// What to run; `stdin` and `pty` are ignored.
        run: Run,
    },
    /// Whether it runs, and the last of its output.
    Status {
        /// Its name.
        name: String,
    },
    /// Send a signal to its group, and SIGKILL after a grace period.
    Stop {
        /// Its name.
        name: String,
        /// Signal number.
        signal: i32,
        /// Milliseconds until SIGKILL.
        grace_ms: u64,
    },
}

/// The node's final answer on a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// To [`Request::Facts`].
    Facts(Box<Facts>),
    /// To [`Request::Run`].
    Exited(Exited),
    /// To [`Request::Put`], [`Request::Get`] and [`Request::Tunnel`].
    Done {
        /// Bytes moved (tunnel: from the far side).
        size: u64,
        /// Their SHA-256 in hex; empty for a tunnel.
        sha256: String,
    },
    /// To [`Request::Trust`].
    Trust(Vec<TrustFact>),
    /// To [`Request::Engine`].
    Engines(Vec<EngineFact>),
    /// To [`Request::Background`].
    Background {
        /// How it ended, if it has.
        exited: Option<Exited>,
        /// The last of its output, both streams together, lossy UTF-8, at most 64 KiB.
        output: String,
    },
    /// The node could not do it.
    Failed {
        /// What could not be done and why, lower case, one line.
        message: String,
    },
}

/// How a command ended. A status is data, not an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exited {
    /// Why it ended.
    pub how: How,
    /// Bytes of stdout dropped beyond the cap.
    pub stdout_dropped: u64,
    /// Bytes of stderr dropped beyond the cap.
    pub stderr_dropped: u64,
    /// Milliseconds it ran.
    pub millis: u64,
}

/// Why a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It exited with this status.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// Its deadline passed and the group was killed.
    Deadline,
    /// The orchestrator cancelled it.
    Cancelled,
}
