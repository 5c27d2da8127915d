//! Nodes' way out to the internet: what cluster.yaml asks for, and how it is. Opening it is the provider's.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// Whether nodes get a way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Egress {
    /// Where the host has a default route and pasta, and not with --offline.
    #[default]
    Auto,
    /// Required: `lab up` says what the host lacks for it.
    On,
    /// None.
    Off,
}

/// The way out as its provider sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayOut {
    /// How it is.
    pub standing: Standing,
    /// Why it cannot be opened; `None` where it can.
    pub lack: Option<Lack>,
    /// Whom nodes ask for names while it is open.
    pub resolver: Ipv4Addr,
}

/// How a way out is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nodes reach nothing outside.
    Closed,
    /// Nodes reach what the host reaches.
    Open,
    /// It was opened when the host's default route or resolver was another.
    Outdated,
}

/// Why a way out cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// `--offline` was given.
    Offline,
    /// pasta is not installed.
    Program,
    /// The host has no default route.
    Route,
    /// A node has the address that would be the nodes' gateway.
    Gateway,
}
