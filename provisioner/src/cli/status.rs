//! `lab status`: every node, asked at once, with a short deadline.

mod external;

use std::time::Duration;

use agent::wire::{FactsQuery, Trust, Whose};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::apply::kubernetes::ADMINISTRATOR;
use crate::authority_store::AuthorityStore;
use crate::cli::App;
use crate::cli::overview::kubernetes::{self, Control};
use crate::cli::overview::{self, Answer, Expected, Row, Seen};
use crate::cli::seat::Seat;
use crate::config::{Cluster, Node};
use crate::error::{Error, Result, exit};
use crate::plan::certificates;
use crate::provider::NodeState;
use crate::session::Session;
use crate::transport::Endpoint;

/// Arguments of `lab status`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// How long a node may take to answer.
const DEADLINE: Duration = Duration::from_secs(4);
/// How much longer, where it has to ask Kubernetes.
const ASKING: Duration = Duration::from_secs(5);

/// Runs the verb.
pub fn run(_args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let all = see(&seat, app)?;
    let control = control(&seat, &all);
    let rows = judged(&seat, &all, control);
    if app.json() {
        app.out.json(&rows);
        return Ok(exit::OK);
    }
    show(app, &rows);
    if let Some(control) = control {
        let members = rows
            .iter()
            .filter_map(|row| Some((&row.node, row.kubernetes.as_ref()?)));
        let members: Vec<_> = members.collect();
        app.out.line("");
        app.out.table(&kubernetes::table(&members));
        for remark in kubernetes::remarks(&seat.cluster.master().name, control, &members) {
            app.out.say(remark.get(app.out.lang));
        }
    }
    external::show(&seat, app)?;
    Ok(exit::OK)
}

/// What is said of each node.
pub fn rows(seat: &Seat, app: &App) -> Result<Vec<Row>> {
    let all = see(seat, app)?;
    Ok(judged(seat, &all, control(seat, &all)))
}

/// What is known of Kubernetes, where there is any; of nodes that were never made there is nothing to say.
fn control<'a>(seat: &Seat, all: &'a [Seen]) -> Option<Control<'a>> {
    let made = all.iter().any(|seen| seen.state != NodeState::Absent);
    let master = all.iter().find(|seen| seen.node == seat.cluster.master().name);
    let wanted = seat.cluster.kubernetes.is_some() && made;
    master
        .filter(|_| wanted)
        .map(|master| Control::of(master, ADMINISTRATOR))
}

fn judged(seat: &Seat, all: &[Seen], control: Option<Control<'_>>) -> Vec<Row> {
    let (expected, now) = (expected(seat), OffsetDateTime::now_utc());
    let one = |(seen, node): (&Seen, &Node)| {
        let mut row = overview::row(seen, expected.as_ref());
        row.kubernetes = control.map(|control| kubernetes::member(seen, node.role, control, now));
        row
    };
    all.iter().zip(&seat.cluster.nodes).map(one).collect()
}

/// The nodes themselves.
fn show(app: &App, rows: &[Row]) {
    app.out.table(&overview::table(rows));
    for row in rows {
        if let Some(problem) = &row.problem {
            let named = format!("{}: ", row.node);
            app.out.say(format!(
                "{named}{}",
                problem.strip_prefix(&named).unwrap_or(problem)
            ));
        }
    }
    if let Some(remark) = overview::remark(rows) {
        app.out.say(remark.get(app.out.lang));
    }
}

/// What a node is asked.
fn query(cluster: &Cluster, node: &Node) -> FactsQuery {
    let mut query = FactsQuery::default();
    if cluster.kubernetes.is_some() {
        let master = node.name == cluster.master().name;
        query.certificates = certificates::files(node);
        query.files = vec![ADMINISTRATOR.into()];
        (query.kubernetes, query.pods) = (master, master);
    }
    query
}

fn see(seat: &Seat, app: &App) -> Result<Vec<Seen>> {
    let states = seat.provider.states()?;
    let registries = seat.cluster.registry_names();
    app.block_on(async {
        let asked = seat.cluster.nodes.iter().map(|node| {
            let state = states
                .iter()
                .find(|(name, _)| *name == node.name)
                .map_or(NodeState::Absent, |(_, state)| *state);
            let asking = (state == NodeState::Up).then(|| {
                let (endpoint, registries) = (seat.provider.endpoint(&node.name), registries.clone());
                let query = query(&seat.cluster, node);
                let asking = if query.kubernetes { ASKING } else { Duration::ZERO };
                let deadline = crate::transport::patient(DEADLINE + asking);
                tokio::spawn(async move { ask(endpoint, query, registries, deadline).await })
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
                engine: node.engine,
                state,
                answer,
            });
        }
        all
    })
}

async fn ask(
    endpoint: Result<Endpoint>,
    query: FactsQuery,
    registries: Vec<String>,
    deadline: Duration,
) -> std::result::Result<Answer, String> {
    let asking = async {
        let session = Session::open(&endpoint?, deadline).await?;
        let failed = |error| Error::new("the agent does not answer").because(error);
        let facts = session.agent.facts(query).await.map_err(failed)?;
        let trust = session
            .agent
            .trust(Trust::Status {
                whose: Whose::Lab,
                registries,
            })
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
        (ends - OffsetDateTime::now_utc())
            .whole_seconds()
            .div_euclid(86_400)
    });
    Some(Expected { sha256, days })
}
