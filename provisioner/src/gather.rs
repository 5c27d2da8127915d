//! Reads what a plan is made from: which nodes run, what their agents say, what was issued. Changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use agent::wire::Trust;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::authority_store::AuthorityStore;
use crate::config::{Cluster, Node};
use crate::error::{Error, Result};
use crate::facts::{Known, LeafState, Observed, Pki, Seen, query};
use crate::node::NodeName;
use crate::pki::inspect;
use crate::plan::trust;
use crate::provider::{NodeState, Provider};
use crate::session::{Session, open_all};
use crate::transport::patient;

/// Sessions by node.
pub type Sessions = BTreeMap<NodeName, Session>;

/// Opens a session to every running node that has none yet (or a broken one), all at once.
pub async fn reach(provider: &dyn Provider, sessions: &mut Sessions) -> Result<()> {
    sessions.retain(|_, session| session.broken().is_none());
    let mut endpoints = vec![];
    for (node, state) in provider.states()? {
        if state == NodeState::Up && !sessions.contains_key(&node) {
            endpoints.push(provider.endpoint(&node)?);
        }
    }
    for opened in open_all(&endpoints, patient(Duration::from_secs(60))).await {
        let session = opened?;
        sessions.insert(session.node.clone(), session);
    }
    Ok(())
}

/// Asks every reached node, all at once; what is not reached counts as not running.
pub async fn gather(cluster: &Cluster, state: &Path, bundle: &str, sessions: &Sessions) -> Result<Observed> {
    let now = OffsetDateTime::now_utc();
    let mut asked = vec![];
    for node in &cluster.nodes {
        let asking = sessions.get(&node.name).cloned().map(|session| {
            let (cluster, node) = (cluster.clone(), node.clone());
            tokio::spawn(async move { ask(&cluster, &node, &session).await })
        });
        asked.push((node.name.clone(), asking));
    }
    let mut nodes = BTreeMap::new();
    for (name, asking) in asked {
        let known = match asking {
            Some(task) => Some(
                task.await
                    .map_err(|error| Error::new("asking a node ended early").because(error))??,
            ),
            None => None,
        };
        nodes.insert(
            name,
            Seen {
                up: known.is_some(),
                known,
            },
        );
    }
    Ok(Observed {
        nodes,
        pki: issued(cluster, state)?,
        bundle: bundle.to_owned(),
        now,
    })
}

/// What one node says.
pub async fn ask(cluster: &Cluster, node: &Node, session: &Session) -> Result<Known> {
    let silent = |error| {
        Error::new("the agent does not answer")
            .on(&node.name)
            .because(error)
    };
    let status = Trust::Status {
        registries: trust::registries(cluster),
    };
    let limit = patient(Duration::from_secs(60));
    let asking = async {
        tokio::join!(
            session.agent.facts(query(cluster, node)),
            session.agent.trust(status)
        )
    };
    let (facts, trust) = tokio::time::timeout(limit, asking)
        .await
        .map_err(|_| Error::new(format!("no facts within {} s", limit.as_secs())).on(&node.name))?;
    Ok(Known {
        facts: facts.map_err(silent)?,
        trust: trust.map_err(silent)?,
    })
}

/// What the state directory holds of authority and leaf; issues nothing.
pub fn issued(cluster: &Cluster, state: &Path) -> Result<Pki> {
    let store = AuthorityStore::new(state);
    let trusted = store.trusted()?;
    let authority = trusted.first().map(|pem| inspect(pem)).transpose()?;
    let leaf = match store.stored_leaf(&cluster.registry.host)? {
        Some(leaf) => Some(LeafState {
            certificate: inspect(&leaf.certificate_pem)?,
            certificate_sha256: digest(&leaf.certificate_pem),
            key_sha256: digest(leaf.key_pem.expose()),
        }),
        None => None,
    };
    Ok(Pki {
        authority,
        trusted: digest(&trusted.concat()),
        leaf,
    })
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
