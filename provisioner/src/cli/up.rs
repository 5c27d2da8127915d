//! `lab up`.

use std::time::Instant;

use crate::cli::raise::raise;
use crate::cli::{App, EngineArgument};
use crate::error::{Result, exit};
use crate::text;

/// Arguments of `lab up`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The engine of nodes that name none in cluster.yaml; remembered until another is given
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<EngineArgument>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let since = Instant::now();
    let changes = raise(app, "up", args.engine)?.up.changes;
    let seconds = since.elapsed().as_secs_f32();
    app.sink.note(match changes {
        0 => text!(
            "바꿀 것 없음 ({seconds:.1}초)",
            "nothing to change ({seconds:.1} s)"
        ),
        _ => text!(
            "변경 {changes}개, {seconds:.1}초",
            "{changes} changes in {seconds:.1} s"
        ),
    });
    Ok(exit::OK)
}
