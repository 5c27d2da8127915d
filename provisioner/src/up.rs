//! Brings a cluster to what cluster.yaml says: gather, plan, apply, until there is nothing to change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::apply::apply;
use crate::apply::perform::Hands;
use crate::authority_store::AuthorityStore;
use crate::config::Cluster;
use crate::error::{Error, Result};
use crate::event::Sink;
use crate::gather::{Sessions, gather, reach};
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::paths::Paths;
use crate::plan::plan;
use crate::provider::Provider;
use crate::text;

/// Rounds of gather, plan and apply before the cluster counts as one that does not settle.
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
}

/// Brings the cluster up, and ends a rotation of the authority that was begun.
pub async fn bring_up(request: &Request<'_>) -> Result<Up> {
    let mut up = Up::default();
    settle(request, &mut up).await?;
    let store = AuthorityStore::new(&request.paths.state);
    if store.rotating()? {
        // Every node trusts both by now.
        store.promote()?;
        settle(request, &mut up).await?;
        store.finish_rotation()?;
        settle(request, &mut up).await?;
    }
    Ok(up)
}

async fn settle(request: &Request<'_>, up: &mut Up) -> Result<()> {
    let mut left = vec![];
    for _ in 0..ROUNDS {
        request.interrupt.check()?;
        reach(request.provider.as_ref(), &mut up.sessions).await?;
        let observed = gather(
            request.cluster,
            &request.paths.state,
            request.bundle,
            &up.sessions,
        )
        .await?;
        let plan = plan(request.cluster, &observed)?;
        if let Some(problem) = plan.problems.into_iter().next() {
            return Err(Error::new(problem.text).on(&problem.node).hint(problem.hint));
        }
        if plan.changes.is_empty() {
            return Ok(());
        }
        left = plan.changes.iter().map(|change| change.id.clone()).collect();
        up.changes += plan.changes.len();
        let hands = Arc::new(Hands {
            cluster: request.cluster.clone(),
            provider: request.provider.clone(),
            state: request.paths.state.clone(),
            observed: Mutex::new(observed),
            sessions: tokio::sync::Mutex::new(std::mem::take(&mut up.sessions)),
            pushed: Mutex::default(),
            gap: Mutex::default(),
        });
        let mut journal = Journal::open(&request.paths.state)?;
        let tools = (request.sink, request.interrupt);
        let applied = apply(plan.changes, tools, Some(&mut journal), |change| {
            hands.clone().perform(change)
        })
        .await;
        up.sessions = std::mem::take(&mut *hands.sessions.lock().await);
        let gap = hands.gap.lock().unwrap_or_else(PoisonError::into_inner).take();
        up.gap = gap.or(up.gap);
        applied.map_err(|errors| together(errors, request.sink))?;
    }
    let left = left.join(", ");
    Err(Error::new(text!(
        "적용해도 그대로임: {left}",
        "applied, and still to be changed: {left}"
    )))
}

/// The first error ends the verb; the others are said before it.
fn together(errors: Vec<Error>, sink: &Sink) -> Error {
    let mut errors = errors.into_iter();
    let first = errors.next().unwrap_or_else(|| Error::new("a change failed"));
    errors.for_each(|error| sink.warn(error.to_string().into()));
    first
}
