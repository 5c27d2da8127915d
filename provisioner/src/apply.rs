//! Carries out a plan: runs whatever is ready, no barriers between nodes; goes on with what is independent of a failure.

mod command;
pub mod external;
pub mod hands;
mod install;
mod issue;
pub mod kubernetes;
pub mod machine;
pub mod perform;
mod proof;
pub mod readiness;

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use crate::error::{Error, Result};
use crate::event::Sink;
use crate::interrupt::{Interrupt, interrupted};
use crate::journal::Journal;
use crate::plan::Change;

/// Ids of changes that turned out to be needless.
pub type Needless = Vec<String>;

/// Runs `changes` by `perform`, each once all those it is after are done. Errors: of every change that failed.
pub async fn apply<F, Fut>(
    changes: Vec<Change>,
    (sink, interrupt): (&Sink, &Interrupt),
    mut journal: Option<&mut Journal>,
    perform: F,
) -> std::result::Result<(), Vec<Error>>
where
    F: Fn(Change) -> Fut,
    Fut: Future<Output = Result<Needless>> + Send + 'static,
{
    let (mut waiting, mut running, mut errors) = (changes, JoinSet::new(), vec![]);
    let mut open: BTreeSet<String> = waiting.iter().map(|change| change.id.clone()).collect();
    loop {
        if interrupt.requested() {
            waiting.clear();
        }
        let is_ready = |change: &Change| change.after.iter().all(|id| !open.contains(id));
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        waiting = rest;
        for change in ready {
            let shown = sink.work(change.node.as_ref(), change.id.clone(), change.text.clone());
            let id = change.id.clone();
            note(&mut journal, &mut errors, &id, "started", None);
            let work = perform(change);
            running.spawn(async move { (id, shown.finish(work.await)) });
        }
        let Some(ended) = running.join_next().await else {
            break;
        };
        match ended {
            Ok((id, Ok(needless))) => {
                note(&mut journal, &mut errors, &id, "done", None);
                open.remove(&id);
                waiting.retain(|change| !needless.contains(&change.id));
                open.retain(|id| !needless.contains(id));
            }
            // What comes after a failed change stays open, and so waits for ever: it is left for the next time.
            Ok((id, Err(error))) => {
                note(&mut journal, &mut errors, &id, "failed", Some(error.to_string()));
                errors.push(error);
            }
            Err(error) => errors.push(Error::new("a change ended early").because(error)),
        }
    }
    if interrupt.requested() {
        errors.insert(0, interrupted());
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn note(
    journal: &mut Option<&mut Journal>,
    errors: &mut Vec<Error>,
    id: &str,
    outcome: &str,
    error: Option<String>,
) {
    if let Some(Err(error)) = journal
        .as_mut()
        .map(|journal| journal.write(id, outcome, error.as_deref()))
    {
        errors.push(error);
    }
}

#[cfg(test)]
mod tests;
