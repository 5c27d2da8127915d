//! `lab down`.

use crate::cli::App;
use crate::error::{Error, Result};

/// Arguments of `lab down`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the verb.
pub fn run(_args: &Args, _app: &App) -> Result<u8> {
    Err(Error::new("not yet"))
}
