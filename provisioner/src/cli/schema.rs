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

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// cluster.yaml
    Cluster,
    /// A lab's lab.yaml
    Lab,
    /// An exercise of a lab
    Exercise,
    /// A lab's claims.yaml
    Claims,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    app.out.json(&document(args.which)?);
    Ok(exit::OK)
}

fn document(which: Which) -> Result<serde_json::Value> {
    match which {
        Which::Cluster => Ok(Cluster::schema()),
        Which::Lab | Which::Exercise | Which::Claims => Err(Error::new(text!(
            "랩 형식의 스키마가 아직 없음",
            "no schema of labs yet"
        ))),
    }
}
