//! `lab bundle`.

use std::path::{Path, PathBuf};

use crate::builder::cache::{Cache, Held};
use crate::builder::{self, Extent, Options, Parts, transfer};
use crate::cli::{App, EngineArgument, raise};
use crate::error::{Error, Result, exit};
use crate::paths::Paths;
use crate::{doctor, engine, privilege, text};

/// Arguments of `lab bundle`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// With Kubernetes of this version, or `none`; else as cluster.yaml says
    #[arg(long, global = true, value_name = "VERSION", num_args = 0..=1, default_missing_value = "")]
    kubernetes: Option<String>,
    /// With what nodes of this engine need; else as cluster.yaml says
    #[arg(long, global = true, value_name = "ENGINE")]
    engine: Option<EngineArgument>,
    /// With this node image, e.g. `debian-12`; else as cluster.yaml says
    #[arg(long, global = true, value_name = "IMAGE")]
    image: Option<String>,
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
    let extent = || extent(args, app, &paths);
    let held = || builder::held(&paths, &extent()?);
    match &args.action {
        Action::Build { locked } => {
            let options = Options {
                offline: app.global.offline,
                locked: *locked,
                extent: extent()?,
            };
            show(app, &build(app, &paths, &options)?);
        }
        Action::Verify => show(app, &builder::verify(&paths, &extent()?)?),
        Action::List => show(app, &held()?),
        Action::Lock => lock(&paths, &held()?)?,
        Action::Export { file } => export(app, &paths, &held()?, file)?,
        Action::Import { file } => import(app, &paths, file)?,
    }
    Ok(exit::OK)
}

fn import(app: &App, paths: &Paths, file: &Path) -> Result<()> {
    let what = text!("{} 가져오기", "import {}", file.display());
    let work = app.sink.work(None, "bundle import", what);
    let names = Cache::open(&paths.cache).and_then(|cache| transfer::import(&cache, file, &work));
    for name in work.finish(names)? {
        app.out.line(name);
    }
    Ok(())
}

/// What is meant beyond what every cluster needs.
fn extent(args: &Args, app: &App, paths: &Paths) -> Result<Extent> {
    let mut extent = raise::extent(&app.cluster(paths)?);
    extent.kubernetes = version(args, app, paths)?;
    if let Some(engine) = args.engine {
        extent.engines = [engine::word(engine.into()).to_owned()].into();
    }
    if let Some(image) = &args.image {
        extent.node_image.clone_from(image);
    }
    Ok(extent)
}

/// The version of Kubernetes that is meant, if any: as the option says, else as cluster.yaml does. An option without a
/// version is that of cluster.yaml, or the first there are recipes for.
fn version(args: &Args, app: &App, paths: &Paths) -> Result<Option<String>> {
    let in_file = || {
        Ok(app
            .cluster(paths)?
            .kubernetes
            .map(|kubernetes| kubernetes.version))
    };
    match args.kubernetes.as_deref() {
        None => in_file(),
        Some("none") => Ok(None),
        Some("") => match in_file()? {
            None => Ok(builder::kubernetes_versions(paths)?.into_iter().next()),
            version => Ok(version),
        },
        Some(version) => Ok(Some(version.trim_start_matches('v').to_owned())),
    }
}

/// Makes what is missing, on a host made fit for that first.
fn build(app: &App, paths: &Paths, options: &Options) -> Result<Parts> {
    if !options.offline && builder::cached(paths, &options.extent)?.is_none() {
        let why = text!("번들을 만들려고", "to make the bundle");
        privilege::ensure_root(&why, app.out, paths)?;
        let room = app.consent(paths, options)?;
        doctor::ensure_host(&doctor::Request {
            paths,
            needs: doctor::Needs {
                cluster: None,
                building: true,
                disks: false,
                room,
            },
            yes: app.global.yes,
            out: app.out,
            sink: &app.sink,
        })?;
    }
    builder::parts(paths, options, &app.sink)
}

fn export(app: &App, paths: &Paths, parts: &Parts, file: &Path) -> Result<()> {
    let parts: Vec<_> = parts.all().cloned().collect();
    let what = text!("{}에 내보내기", "export to {}", file.display());
    let work = app.sink.work(None, "bundle export", what);
    let written = Cache::open(&paths.cache).and_then(|cache| transfer::export(&cache, &parts, file, &work));
    let size = work.finish(written)? as f64 / 1e6;
    app.out.line(format!("{}  {size:.1} MB", file.display()));
    Ok(())
}

fn lock(paths: &Paths, parts: &Parts) -> Result<()> {
    let entries = parts
        .recipes()
        .map(|held| (builder::lock_name(&held.record.name), held.record.entry.clone()));
    let mut lock = builder::lock(paths)?;
    lock.artifacts.extend(entries);
    let failed = || Error::new("cannot write bundle.lock");
    let text = serde_json::to_string_pretty(&lock).map_err(|error| failed().because(error))?;
    std::fs::write(paths.project.join("bundle.lock"), text + "\n").map_err(|error| failed().because(error))
}

fn show(app: &App, parts: &Parts) {
    if app.json() {
        app.out
            .json(&parts.all().map(|held| &held.record).collect::<Vec<_>>());
        return;
    }
    let head = text!("이름|출처|크기 (MB)|SHA-256", "name|source|size (MB)|sha-256");
    let head = head.get(app.out.lang).split('|').map(str::to_owned).collect();
    let row = |held: &Held| {
        let entry = &held.record.entry;
        vec![
            held.record.name.clone(),
            entry.source.clone(),
            format!("{:.1}", entry.size as f64 / 1e6),
            entry.sha256.chars().take(16).collect(),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(parts.all().map(row)).collect();
    app.out.table(&rows);
}
