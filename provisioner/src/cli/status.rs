//! `lab status`: every node, asked at once, with a short deadline.

use std::time::Duration;

use agent::wire::{FactsQuery, Trust};
use sha2::{Digest, Sha256};

use crate::authority_store::AuthorityStore;
use crate::cli::App;
use crate::cli::overview::{self, Answer, Expected, Row, Seen};
use crate::cli::seat::Seat;
use crate::error::{Error, Result, exit};
use crate::provider::NodeState;
use crate::session::Session;
use crate::transport::Endpoint;

/// Arguments of `lab status`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// How long a node may take to answer.
const DEADLINE: Duration = Duration::from_secs(4);

/// Runs the verb.
pub fn run(_args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let expected = expected(&seat);
    let rows: Vec<Row> = see(&seat, app)?
        .iter()
        .map(|seen| overview::row(seen, expected.as_ref()))
        .collect();
    if app.json() {
        app.out.json(&rows);
        return Ok(exit::OK);
    }
    app.out.table(&overview::table(&rows));
    for row in &rows {
        if let Some(problem) = &row.problem {
            let named = format!("{}: ", row.node);
            app.out.say(format!(
                "{named}{}",
                problem.strip_prefix(&named).unwrap_or(problem)
            ));
        }
    }
    if let Some(remark) = overview::remark(&rows) {
        app.out.say(remark.get(app.out.lang));
    }
    Ok(exit::OK)
}

fn see(seat: &Seat, app: &App) -> Result<Vec<Seen>> {
    let states = seat.provider.states()?;
    let registries = seat.cluster.registry_names();
    let deadline = crate::transport::patient(DEADLINE);
    app.block_on(async {
        let asked = seat.cluster.nodes.iter().map(|node| {
            let state = states
                .iter()
                .find(|(name, _)| *name == node.name)
                .map_or(NodeState::Absent, |(_, state)| *state);
            let asking = (state == NodeState::Up).then(|| {
                let (endpoint, registries) = (seat.provider.endpoint(&node.name), registries.clone());
                tokio::spawn(async move { ask(endpoint, registries, deadline).await })
            });
            (node, state, asking)
        });
        let asked: Vec<_> = asked.collect();
        let mut all = vec![];
        for (node, state, asking) in asked {
            let answer = match asking {
                Some(asking) => Some(asking.await.unwrap_or_else(|error| Err(error.to_string()))),
                None => None,
            };
            all.push(Seen {
                node: node.name.clone(),
                address: node.address,
                state,
                answer,
            });
        }
        all
    })
}

async fn ask(
    endpoint: Result<Endpoint>,
    registries: Vec<String>,
    deadline: Duration,
) -> std::result::Result<Answer, String> {
    let asking = async {
        let session = Session::open(&endpoint?, deadline).await?;
        let failed = |error| Error::new("the agent does not answer").because(error);
        let facts = session.agent.facts(FactsQuery::default()).await.map_err(failed)?;
        let trust = session
            .agent
            .trust(Trust::Status { registries })
            .await
            .map_err(failed)?;
        Ok::<_, Error>(Answer { facts, trust })
    };
    match tokio::time::timeout(deadline, asking).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", deadline.as_secs())),
    }
}

/// What nodes ought to trust, from the authority in the state directory; it is only read.
fn expected(seat: &Seat) -> Option<Expected> {
    let store = AuthorityStore::new(&seat.paths.state);
    let trusted = store.trusted().ok().filter(|trusted| !trusted.is_empty())?;
    let sha256 = hex::encode(Sha256::digest(trusted.concat()));
    let ends = store.leaf_ends(&seat.cluster.registry.host).ok().flatten();
    let days = ends.map(|ends| {
        (ends - time::OffsetDateTime::now_utc())
            .whole_seconds()
            .div_euclid(86_400)
    });
    Some(Expected { sha256, days })
}
