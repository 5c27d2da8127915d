//! `lab bundle`.

use std::path::PathBuf;

use crate::builder::cache::Cache;
use crate::builder::{self, Options, transfer};
use crate::bundle::lock::Lock;
use crate::cli::App;
use crate::error::{Error, Result, exit};
use crate::text;

/// Arguments of `lab bundle`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make what is missing
    Build {
        /// Refuse versions other than bundle.lock has
        #[arg(long)]
        locked: bool,
    },
    /// Read every file and compare digests; make nothing
    Verify,
    /// List artifacts
    List,
    /// Write the whole bundle to one file
    Export {
        /// The file
        file: PathBuf,
    },
    /// Take a bundle from a file, after verifying all of it
    Import {
        /// The file
        file: PathBuf,
    },
    /// Write versions and digests to the project's bundle.lock
    Lock,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    let offline = Options {
        offline: true,
        ..Options::default()
    };
    let options = match &args.action {
        Action::Build { locked } => Options {
            offline: app.global.offline,
            locked: *locked,
            full: false,
        },
        Action::Import { file } => {
            for name in transfer::import(&Cache::open(&paths.cache)?, file)? {
                app.out.line(name);
            }
            return Ok(exit::OK);
        }
        Action::Verify => Options {
            full: true,
            ..offline
        },
        Action::List | Action::Lock | Action::Export { .. } => offline,
    };
    let (node, images, mirror) = builder::parts(&paths, options, &app.sink)?;
    let all: Vec<_> = [node].into_iter().chain(images).chain([mirror]).collect();
    if let Action::Lock = args.action {
        let file: PathBuf = paths.project.join("bundle.lock");
        let entries = all
            .iter()
            .map(|held| (builder::lock_name(&held.record.name), held.record.entry.clone()));
        let lock = Lock {
            artifacts: entries.collect(),
        };
        let text = serde_json::to_string_pretty(&lock)
            .map_err(|error| Error::new("cannot write bundle.lock").because(error))?;
        std::fs::write(&file, text + "\n")
            .map_err(|error| Error::new("cannot write bundle.lock").because(error))?;
        return Ok(exit::OK);
    }
    if let Action::Export { file } = &args.action {
        let bases = builder::bases(&paths)?;
        let all: Vec<_> = all.into_iter().chain(bases).collect();
        transfer::export(&Cache::open(&paths.cache)?, &all, file)?;
        return Ok(exit::OK);
    }
    if app.json() {
        app.out
            .json(&all.iter().map(|held| &held.record).collect::<Vec<_>>());
        return Ok(exit::OK);
    }
    let head = text!("이름|출처|크기 (MB)|SHA-256", "name|source|size (MB)|sha-256");
    let mut rows = vec![
        head.get(app.out.lang)
            .split('|')
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    ];
    for held in &all {
        let entry = &held.record.entry;
        let size = format!("{:.1}", entry.size as f64 / 1e6);
        rows.push(vec![
            held.record.name.clone(),
            entry.source.clone(),
            size,
            entry.sha256.chars().take(16).collect(),
        ]);
    }
    app.out.table(&rows);
    Ok(exit::OK)
}
