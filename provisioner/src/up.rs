//! Brings a cluster to what cluster.yaml says: gather, plan, apply, until there is nothing to change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::apply::apply;
use crate::apply::hands::Hands;
use crate::authority_store::AuthorityStore;
use crate::config::Cluster;
use crate::error::{Error, Result};
use crate::event::Sink;
use crate::facts::Observed;
use crate::facts::external::Standing;
use crate::gather::{self, Sessions, Sight, look};
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::paths::Paths;
use crate::plan::{Change, plan};
use crate::provider::Provider;
use crate::text;

/// Times a plan is applied before the cluster counts as one that does not settle.
const ROUNDS: usize = 3;

/// What a cluster is brought up with.
pub struct Request<'a> {
    /// The seat's directories.
    pub paths: &'a Paths,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Where its nodes come from; prepared.
    pub provider: &'a Arc<dyn Provider>,
    /// Digest of the bundle its nodes are made from.
    pub bundle: &'a str,
    /// Where progress goes.
    pub sink: &'a Sink,
    /// Ctrl-C.
    pub interrupt: &'a Interrupt,
}

/// A cluster that is as described.
#[derive(Debug, Default)]
pub struct Up {
    /// Its nodes, reached.
    pub sessions: Sessions,
    /// How many changes it took.
    pub changes: usize,
    /// How long the registry did not answer, if it was replaced.
    pub gap: Option<Duration>,
    /// The external registry, where there is one.
    pub external: Option<Standing>,
}

/// Brings the cluster up, and ends a rotation of the authority that was begun. `up`: what it took, however it ends.
pub async fn bring_up(request: &Request<'_>, up: &mut Up) -> Result<()> {
    settle(request, up).await?;
    let store = AuthorityStore::new(&request.paths.state);
    if store.rotating()? {
        // Every node trusts both by now.
        store.promote()?;
        settle(request, up).await?;
        store.finish_rotation()?;
        settle(request, up).await?;
    }
    Ok(())
}

/// Looks, plans and applies until nothing is left to change. What cannot be done on one node does not keep the others from
/// being repaired; all of it is said at the end.
async fn settle(request: &Request<'_>, up: &mut Up) -> Result<()> {
    let Request {
        paths,
        cluster,
        provider,
        bundle,
        sink,
        interrupt,
    } = *request;
    for round in 0.. {
        interrupt.check()?;
        let looking = look(cluster, &paths.state, bundle, provider.as_ref(), &mut up.sessions);
        let Sight { observed, mut errors } = looking.await?;
        let silent = !errors.is_empty();
        up.external = observed
            .external
            .asked
            .as_ref()
            .and_then(|asked| asked.clone().ok());
        let plan = plan(cluster, &observed)?;
        errors.extend(plan.problems.into_iter().map(Error::from));
        if round == ROUNDS && !plan.changes.is_empty() {
            errors.push(still_to_change(&plan.changes));
        }
        if round == ROUNDS || plan.changes.is_empty() {
            return together(errors, sink);
        }
        let failed = carry_out(request, up, plan.changes, observed).await?;
        // One that does not answer is waited for once.
        if silent || !failed.is_empty() {
            return together([failed, errors].into_iter().flatten().collect(), sink);
        }
    }
    Ok(())
}

/// Applies a plan; what failed of it.
async fn carry_out(
    request: &Request<'_>,
    up: &mut Up,
    changes: Vec<Change>,
    observed: Observed,
) -> Result<Vec<Error>> {
    let cluster = request.cluster;
    up.changes += changes.len();
    let hands = Arc::new(Hands {
        cluster: request.cluster.clone(),
        provider: request.provider.clone(),
        state: request.paths.state.clone(),
        observed: Mutex::new(observed),
        sessions: tokio::sync::Mutex::new(std::mem::take(&mut up.sessions)),
        login: gather::login(cluster).await?,
        pushed: Mutex::default(),
        gap: Mutex::default(),
    });
    let mut journal = Journal::open(&request.paths.state)?;
    let tools = (request.sink, request.interrupt);
    let applied = apply(changes, tools, Some(&mut journal), |change| {
        hands.clone().perform(change)
    })
    .await;
    up.sessions = std::mem::take(&mut *hands.sessions.lock().await);
    let gap = hands.gap.lock().unwrap_or_else(PoisonError::into_inner).take();
    up.gap = gap.or(up.gap);
    Ok(applied.err().unwrap_or_default())
}

fn still_to_change(changes: &[Change]) -> Error {
    let ids: Vec<&str> = changes.iter().map(|change| change.id.as_str()).collect();
    let left = ids.join(", ");
    Error::new(text!(
        "적용해도 그대로임: {left}",
        "applied, and still to be changed: {left}"
    ))
}

/// The first error ends the verb; the others are said before it, with their hints.
pub fn together(errors: Vec<Error>, sink: &Sink) -> Result<()> {
    let mut errors = errors.into_iter();
    let Some(first) = errors.next() else { return Ok(()) };
    errors.for_each(|error| sink.warn(error.told()));
    Err(first)
}
