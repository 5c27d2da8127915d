//! `lab start`: nodes by name; `LAB/EXERCISE` sets up an exercise.

use time::OffsetDateTime;

use crate::cli::App;
use crate::cli::seat::{Seat, select};
use crate::error::{Error, Result, exit};
use crate::node::NodeName;
use crate::provider::NodeState;
use crate::text;

/// Arguments of `lab start`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Nodes to start (default: all), or one exercise as LAB/EXERCISE
    #[arg(value_name = "NODE|LAB/EXERCISE")]
    names: Vec<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    if args.names.iter().any(|name| name.contains('/')) {
        return match args.names.as_slice() {
            [exercise] => crate::cli::exercise::start(exercise, app),
            _ => Err(Error::usage(text!(
                "실습은 한 번에 하나만 시작합니다",
                "one exercise at a time"
            ))),
        };
    }
    let seat = app.change("start")?;
    let nodes = select(&seat.cluster, &args.names)?;
    must_exist(&seat, &nodes)?;
    let words = text!("시작", "start");
    let since = OffsetDateTime::now_utc();
    seat.provider.prepare()?;
    seat.each(app, &nodes, ("start", &words), |provider, node| {
        provider.boot(node)
    })?;
    seat.wait_until_reached(app, &nodes, since)?;
    Ok(exit::OK)
}

/// Only `lab up` makes nodes: a node that was never made is an error that says so.
pub fn must_exist(seat: &Seat, nodes: &[NodeName]) -> Result<()> {
    let states = seat.provider.states()?;
    let absent = states
        .iter()
        .find(|(node, state)| *state == NodeState::Absent && nodes.contains(node));
    match absent {
        None => Ok(()),
        Some((node, _)) => Err(
            Error::new(text!("아직 만들지 않은 노드", "this node was never made"))
                .on(node)
                .hint(text!("`lab up`이 만듭니다", "`lab up` makes it")),
        ),
    }
}
