//! What changes are carried out with.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::config::Cluster;
use crate::error::{Error, Result};
use crate::external::Credentials;
use crate::facts::Observed;
use crate::gather::Sessions;
use crate::node::NodeName;
use crate::provider::Provider;
use crate::session::Session;

/// What changes are carried out with.
pub struct Hands {
    /// The cluster.
    pub cluster: Cluster,
    /// Where its nodes come from.
    pub provider: Arc<dyn Provider>,
    /// The seat's state directory.
    pub state: PathBuf,
    /// What the plan was made from; boots add what they read.
    pub observed: Mutex<Observed>,
    /// Reached nodes; boots add theirs.
    pub sessions: tokio::sync::Mutex<Sessions>,
    /// Who logs in at the external registry.
    pub login: Option<Credentials>,
    /// Digest of the pushed proof.
    pub pushed: Mutex<Option<String>>,
    /// How long the registry did not answer while it was replaced.
    pub gap: Mutex<Option<Duration>>,
}

impl Hands {
    pub(super) async fn session(&self, node: &NodeName) -> Result<Session> {
        let session = self.sessions.lock().await.get(node).cloned();
        session.ok_or_else(|| Error::new("the node is not reached").on(node))
    }

    /// Capabilities a process of the node can have.
    pub(super) fn capabilities(&self, node: &NodeName) -> u64 {
        let observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = observed.nodes.get(node).and_then(|seen| seen.known.as_ref());
        known.map_or(0, |known| known.facts.capabilities)
    }
}
