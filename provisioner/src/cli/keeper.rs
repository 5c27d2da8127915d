//! `lab keeper`: not for people; the process that holds a cluster's disk and network.

use std::path::PathBuf;

use crate::cli::App;
use crate::error::{Result, exit};
use crate::provider::local::keeper;

/// Arguments of `lab keeper`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The state directory.
    state: PathBuf,
    /// `ADDRESS/PREFIX` of the gateway, or `-` for none.
    gateway: String,
}

/// Keeps until it is ended.
pub fn run(args: &Args, _app: &App) -> Result<u8> {
    keeper::keep(
        &args.state,
        Some(args.gateway.as_str()).filter(|gateway| *gateway != "-"),
    )?;
    Ok(exit::OK)
}
