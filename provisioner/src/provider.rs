//! Where nodes come from. A provider makes nodes and says how to reach them; it decides nothing.

pub mod inventory;
pub mod local;
pub mod machines;
pub mod node_image;
pub mod vagrant;

use std::path::{Path, PathBuf};

use crate::artifact::Bundle;
use crate::cluster::WayOut;
use crate::error::Result;
use crate::node::NodeName;
use crate::transport::Endpoint;
use machines::{Pins, Place};

/// A node as its provider sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// Runs.
    Up,
    /// Exists, does not run.
    Stopped,
    /// Runs and is frozen (a snapshot was cut short).
    Paused,
    /// Does not exist.
    Absent,
}

/// A saved state of all nodes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// When it was saved, RFC 3339.
    pub saved: String,
    /// Which nodes it holds.
    pub nodes: Vec<NodeName>,
}

/// Makes nodes, reaches them, saves and takes them away. Methods block; call them off the async threads.
/// Every method can be called again after it was killed half way, and then ends in the state it promises.
pub trait Provider: Send + Sync {
    /// `local`, `vagrant`, `inventory`.
    fn name(&self) -> &'static str;
    /// State of each node of the cluster, in its order.
    fn states(&self) -> Result<Vec<(NodeName, NodeState)>>;
    /// Makes what all nodes share (network, disk). Does nothing if it is there.
    fn prepare(&self) -> Result<()>;
    /// Creates the node if it is absent and starts it if it does not run. Returns once it was started, not once it answers.
    fn boot(&self, node: &NodeName) -> Result<()>;
    /// How to reach the node, with the host keys it must show. Errors if it does not run.
    fn endpoint(&self, node: &NodeName) -> Result<Endpoint>;
    /// Where a machine that was there before the lab is, and the host keys seen so far; `None` for a node the lab made.
    fn place(&self, _node: &NodeName) -> Result<Option<(Pins, Place)>> {
        Ok(None)
    }
    /// Whether it can stop and start nodes; one of a provider that cannot reboots itself.
    fn stops(&self) -> bool {
        true
    }
    /// Stops the node; its files stay.
    fn stop(&self, node: &NodeName) -> Result<()>;
    /// Removes the node and its files.
    fn destroy(&self, node: &NodeName) -> Result<()>;
    /// Removes what `prepare` made; all nodes are gone by then. The host is as before.
    fn dismantle(&self) -> Result<()>;
    /// Saves all nodes under a name, replacing one of that name only if `replace`.
    fn save(&self, snapshot: &str, replace: bool) -> Result<()>;
    /// Puts the given nodes (all, if empty) back to a snapshot and starts them.
    fn restore(&self, snapshot: &str, nodes: &[NodeName]) -> Result<()>;
    /// Saved snapshots, oldest first.
    fn snapshots(&self) -> Result<Vec<Snapshot>>;
    /// Whether it can save and restore nodes at all.
    fn saves(&self) -> bool;
    /// Whether its machines go on from their memory after a snapshot or a suspension, at the time it was then.
    fn resumes(&self) -> bool {
        false
    }
    /// The bundle nodes are made from, where it was given.
    fn bundle(&self) -> Option<&Bundle>;
    /// Writes these packages of the node image, and all they need that is not among `have`, as package files into a directory.
    fn packages(&self, packages: &[String], have: &[String], into: &Path) -> Result<Vec<PathBuf>>;
    /// Deletes a snapshot.
    fn forget(&self, snapshot: &str) -> Result<()>;
    /// The nodes' way out to the internet; `None` where it is not the lab's to open.
    fn way_out(&self) -> Result<Option<WayOut>>;
    /// Opens the way out, anew if it is open, or closes it. No node is restarted.
    fn let_out(&self, open: bool) -> Result<()>;
}
