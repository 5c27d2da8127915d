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
    let name = match which {
        Which::Cluster => return Ok(Cluster::schema()),
        Which::Lab => "lab",
        Which::Exercise => "exercise",
        Which::Claims => "claims",
    };
    let mut schemas = crate::lab::load::schemas().into_iter();
    let found = schemas.find(|(of, _)| *of == name).map(|(_, schema)| schema);
    found.ok_or_else(|| {
        Error::new(text!(
            "`{name}`의 스키마가 없음",
            "there is no schema of `{name}`"
        ))
    })
}
