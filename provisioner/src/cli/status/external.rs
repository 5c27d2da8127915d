//! What `lab status` says of an external registry: how it looks from the first node that runs, and which nodes are logged in.

use std::time::Duration;

use crate::cli::App;
use crate::cli::seat::Seat;
use crate::config::External;
use crate::error::{Error, Result};
use crate::external::Credentials;
use crate::gather::{self, Sessions};
use crate::provider::NodeState;
use crate::session::open_all;
use crate::text;
use crate::transport::patient;

/// How long node and registry may take together.
const DEADLINE: Duration = Duration::from_secs(10);

/// Says it, where cluster.yaml names one and a node runs.
pub(super) fn show(seat: &Seat, app: &App) -> Result<()> {
    let Some(external) = &seat.cluster.registry.external else {
        return Ok(());
    };
    let deadline = patient(DEADLINE);
    let looking = within(deadline, look(seat, app, external));
    let looked = app.block_on(looking)?;
    if let Err(error) = looked {
        app.sink.warn(error.told());
    }
    Ok(())
}

async fn within(limit: Duration, looking: impl Future<Output = Result<()>>) -> Result<()> {
    let late = |_| {
        let seconds = limit.as_secs();
        Error::new(text!(
            "외부 레지스트리가 {seconds}초 동안 대답하지 않음",
            "no answer of the external registry within {seconds} s"
        ))
    };
    tokio::time::timeout(limit, looking).await.map_err(late)?
}

async fn look(seat: &Seat, app: &App, external: &External) -> Result<()> {
    let up = |(node, state)| (state == NodeState::Up).then_some(node);
    let nodes = seat.provider.states()?.into_iter().filter_map(up);
    let endpoints: Vec<_> = nodes
        .filter_map(|node| seat.provider.endpoint(&node).ok())
        .collect();
    let sessions = open_all(&endpoints, patient(DEADLINE)).await;
    // Those that do not answer are in the table already.
    let reached = sessions.into_iter().flatten();
    let sessions: Sessions = reached.map(|session| (session.node.clone(), session)).collect();
    if sessions.is_empty() {
        return Ok(());
    }
    let login = gather::login(&seat.cluster).await?;
    let sight = gather::sight(&seat.cluster, &sessions, login.as_ref(), seat.provider.way_out()?).await?;
    match sight.asked {
        Some(Ok(standing)) => app.out.say(standing.told(external).get(app.out.lang)),
        Some(Err(trouble)) => app.sink.warn(Error::new(trouble.text).hint(trouble.hint).told()),
        None => {}
    }
    logins(seat, app, &sessions, (external, login.as_ref())).await
}

/// Names the nodes that are not logged in.
async fn logins(
    seat: &Seat,
    app: &App,
    sessions: &Sessions,
    (external, login): (&External, Option<&Credentials>),
) -> Result<()> {
    for (node, session) in sessions {
        let dealings = gather::dealings(&seat.cluster, login, session).await;
        let dealings =
            dealings.map_err(|error| Error::new("the agent does not answer").on(node).because(error))?;
        if !dealings.logged_in {
            let server = external.server();
            let words = text!(
                "{node}: {server}에 로그인하지 않음 → lab up",
                "{node}: not logged in at {server} → lab up"
            );
            app.out.say(words.get(app.out.lang));
        }
    }
    Ok(())
}
