//! Reads what a plan is made from: which nodes run, what their agents say, what was issued. Changes nothing.

mod external;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use agent::client::ClientError;
use agent::wire::{Trust, Whose};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::authority_store::AuthorityStore;
use crate::config::{Cluster, Node};
use crate::error::{Error, Result};
use crate::external::Credentials;
use crate::facts::{Known, LeafState, Observed, Pki, Seen};
use crate::node::NodeName;
use crate::pki::inspect;
use crate::plan::{node::HOSTS, query, trust};
use crate::provider::{NodeState, Provider};
use crate::session::{Session, open_all};
use crate::transport::patient;

pub use external::{DOCKER, MARK, dealings, login, ready_for, sight};

/// How long a running node may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sessions by node.
pub type Sessions = BTreeMap<NodeName, Session>;

/// What was seen, and why some of it was not.
#[derive(Debug)]
pub struct Sight {
    /// What a plan is made from.
    pub observed: Observed,
    /// One for each node that runs and does not answer.
    pub errors: Vec<Error>,
}

/// Reaches every running node and asks it, all at once. One that does not answer is an error beside what the others say.
pub async fn look(
    cluster: &Cluster,
    state: &Path,
    bundle: &str,
    provider: &dyn Provider,
    sessions: &mut Sessions,
) -> Result<Sight> {
    let login = login(cluster).await?;
    let mut errors = reach(provider, sessions).await?;
    let mut nodes = ask_all(cluster, sessions, login.as_ref(), &mut errors).await;
    for node in errors.iter().filter_map(Error::node) {
        sessions.remove(node);
        nodes.insert(
            node.clone(),
            Seen {
                up: true,
                known: None,
            },
        );
    }
    let way_out = provider.way_out()?;
    let observed = Observed {
        external: sight(cluster, sessions, login.as_ref(), way_out).await?,
        nodes,
        pki: issued(cluster, state)?,
        way_out,
        bundle: bundle.to_owned(),
        now: OffsetDateTime::now_utc(),
    };
    Ok(Sight { observed, errors })
}

/// Opens a session to every running node that has none yet (or a broken one), all at once.
pub async fn reach(provider: &dyn Provider, sessions: &mut Sessions) -> Result<Vec<Error>> {
    sessions.retain(|_, session| session.broken().is_none());
    let (mut endpoints, mut errors) = (vec![], vec![]);
    for (node, state) in provider.states()? {
        if state == NodeState::Up && !sessions.contains_key(&node) {
            match provider.endpoint(&node) {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(error) => errors.push(error.on(&node)),
            }
        }
    }
    for opened in open_all(&endpoints, patient(PATIENCE)).await {
        match opened {
            Ok(session) => drop(sessions.insert(session.node.clone(), session)),
            Err(error) => errors.push(error),
        }
    }
    Ok(errors)
}

/// What is not reached counts as not running.
async fn ask_all(
    cluster: &Cluster,
    sessions: &Sessions,
    login: Option<&Credentials>,
    errors: &mut Vec<Error>,
) -> BTreeMap<NodeName, Seen> {
    let mut asked = vec![];
    for node in &cluster.nodes {
        let asking = sessions.get(&node.name).cloned().map(|session| {
            let (cluster, node, login) = (cluster.clone(), node.clone(), login.cloned());
            tokio::spawn(async move { ask(&cluster, &node, login.as_ref(), &session).await })
        });
        asked.push((node.name.clone(), asking));
    }
    let mut nodes = BTreeMap::new();
    for (name, asking) in asked {
        let known = match asking {
            None => None,
            Some(task) => match task.await {
                Ok(Ok(known)) => Some(known),
                Ok(Err(error)) => {
                    errors.push(error);
                    None
                }
                Err(error) => {
                    errors.push(Error::new("asking a node ended early").on(&name).because(error));
                    None
                }
            },
        };
        let up = known.is_some();
        nodes.insert(name, Seen { up, known });
    }
    nodes
}

/// What one node says.
pub async fn ask(
    cluster: &Cluster,
    node: &Node,
    login: Option<&Credentials>,
    session: &Session,
) -> Result<Known> {
    let silent = |error| silent(session, error);
    let status = Trust::Status {
        whose: Whose::Lab,
        registries: trust::registries(cluster),
    };
    let limit = patient(PATIENCE);
    let query = query(cluster, node)?;
    let asking = async {
        tokio::join!(
            session.agent.facts(query),
            session.agent.trust(status),
            read(session, HOSTS),
            dealings(cluster, login, session)
        )
    };
    let (facts, trust, hosts, external) = tokio::time::timeout(limit, asking)
        .await
        .map_err(|_| Error::new(format!("no facts within {} s", limit.as_secs())).on(&node.name))?;
    Ok(Known {
        facts: facts.map_err(silent)?,
        trust: trust.map_err(silent)?,
        hosts,
        external: external.map_err(silent)?,
    })
}

/// An agent that was asked and gave no facts.
pub fn silent(session: &Session, error: ClientError) -> Error {
    Error::new("the agent does not answer")
        .on(&session.node)
        .because(error)
}

/// A small text file of a node; empty if it cannot be read.
pub async fn read(session: &Session, path: &str) -> String {
    let mut bytes = vec![];
    match session.agent.get(path, &mut bytes).await {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

/// What the state directory holds of authority and leaf; issues nothing.
pub fn issued(cluster: &Cluster, state: &Path) -> Result<Pki> {
    let store = AuthorityStore::new(state);
    let trusted = store.trusted()?;
    let authority = store.signing()?.map(|pem| inspect(&pem)).transpose()?;
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
