//! `lab stop`.

use crate::cli::App;
use crate::cli::seat::select;
use crate::error::{Result, exit};
use crate::text;

/// Arguments of `lab stop`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Nodes to stop (default: all)
    #[arg(value_name = "NODE")]
    nodes: Vec<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let seat = app.change("stop")?;
    let nodes = select(&seat.cluster, &args.nodes)?;
    seat.each(
        app,
        &nodes,
        ("stop", &text!("정지", "stop")),
        |provider, node| provider.stop(node),
    )?;
    Ok(exit::OK)
}
