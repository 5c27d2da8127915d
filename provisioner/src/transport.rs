//! How one node is reached: an endpoint, credentials, and a byte channel to a program there. No decisions.

pub mod quote;
pub mod ssh;

use std::net::IpAddr;
use std::path::PathBuf;

use crate::node::NodeName;

/// How to reach a node by SSH.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The node, for messages.
    pub node: NodeName,
    /// Address to connect to.
    pub address: IpAddr,
    /// SSH port.
    pub port: u16,
    /// Network namespace to connect from (a path to its file); `None`: the host's.
    pub network: Option<PathBuf>,
    /// Who to log in as.
    pub user: String,
    /// Whether commands need `sudo -n` in front.
    pub sudo: bool,
    /// Ways to log in, tried in order.
    pub logins: Vec<Login>,
    /// Keys the host may show.
    pub host_keys: HostKeys,
}

/// A way to log in.
#[derive(Clone)]
pub enum Login {
    /// A private key file (OpenSSH format).
    Key(PathBuf),
    /// The agent at `SSH_AUTH_SOCK`, each identity in turn.
    Agent,
    /// A password; never printed.
    Password(String),
}

impl std::fmt::Debug for Login {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(path) => write!(formatter, "Key({})", path.display()),
            Self::Agent => formatter.write_str("Agent"),
            Self::Password(_) => formatter.write_str("Password([redacted])"),
        }
    }
}

/// What the orchestrator knows of a host's keys. There is no way to accept any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKeys {
    /// One of these, as in known_hosts without the name: `ssh-ed25519 AAAA…`.
    Pinned(Vec<String>),
    /// Not seen before: the first key is written to this file, and is the only one accepted from then on.
    FirstSight(PathBuf),
}

/// A deadline stretched by [`patience`].
pub fn patient(limit: std::time::Duration) -> std::time::Duration {
    limit.mul_f64(patience())
}

/// `LAB_PATIENCE`, a factor for every deadline here and on the nodes: slow machines set it once. 1 where absent or unreadable.
pub fn patience() -> f64 {
    let read = std::env::var("LAB_PATIENCE").ok();
    read.and_then(|text| text.parse().ok())
        .filter(|factor| (0.01..=1000.0).contains(factor))
        .unwrap_or(1.0)
}
