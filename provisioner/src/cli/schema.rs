//! `lab schema`: JSON Schemas (draft-07) for editors. Always JSON: `--format json` prints the same.

use crate::cli::App;
use crate::config::Cluster;
use crate::error::{Error, Result, exit};
use crate::text;

/// Arguments of `lab schema`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which file's schema.
    #[arg(value_enum)]
    which: Which,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Which {
    /// cluster.yaml
    Cluster,
    /// lab.yaml and exercises
    Lab,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    match args.which {
        Which::Cluster => app.out.json(&Cluster::schema()),
        Which::Lab => {
            return Err(Error::new(text!(
                "랩 형식의 스키마가 아직 없음",
                "no schema of labs yet"
            )));
        }
    }
    Ok(exit::OK)
}
