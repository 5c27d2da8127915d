//! `lab restart`.

use time::OffsetDateTime;

use crate::cli::App;
use crate::cli::seat::select;
use crate::error::{Result, exit};
use crate::session::Session;
use crate::text;

/// Arguments of `lab restart`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Nodes to restart (default: all)
    #[arg(value_name = "NODE")]
    nodes: Vec<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let seat = app.change("restart")?;
    let nodes = select(&seat.cluster, &args.nodes)?;
    super::start::must_exist(&seat, &nodes)?;
    super::orchestrator::may_reboot(app, &seat, &nodes)?;
    let since = OffsetDateTime::now_utc();
    seat.each(
        app,
        &nodes,
        ("restart", &text!("재시작", "restart")),
        |provider, node| {
            if !provider.stops() {
                let endpoint = provider.endpoint(node)?;
                let limit = crate::transport::patient(std::time::Duration::from_secs(180));
                return app.block_on(Session::reboot(&endpoint, limit))?.map(drop);
            }
            provider.stop(node)?;
            provider.boot(node)
        },
    )?;
    seat.wait_until_reached(app, &nodes, since)?;
    Ok(exit::OK)
}
