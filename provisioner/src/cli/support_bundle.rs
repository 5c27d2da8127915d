//! `lab support-bundle`: everything a bug report needs in one file, without secrets. Works whatever is broken: what cannot be had
//! is said in the file.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::authority_store::AuthorityStore;
use crate::cli::seat::Seat;
use crate::cli::{App, status};
use crate::doctor::{self, Needs};
use crate::error::{Error, Result, exit};
use crate::facts::Observed;
use crate::gather::{self, Sessions, Sight, look};
use crate::paths::Paths;
use crate::pki::Secret;
use crate::report::out::bytes;
use crate::support::{Cleaner, Collection, Packing, node};
use crate::{plan, privilege, text};

/// Arguments of `lab support-bundle`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file, .tar.zst or .tar.gz (default: lab-support-TIME.tar.zst here)
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Files of the project that say what is wanted.
const OF_PROJECT: [&str; 2] = ["cluster.yaml", "bundle.lock"];
/// Files of the state directory that say what happened.
const OF_STATE: [&str; 4] = ["asked.json", "journal.jsonl", "keeper.log", "egress.log"];
/// Files of the last run's report.
const OF_RUN: [&str; 3] = ["events.jsonl", "summary.txt", "junit.xml"];
/// Variables whose names begin so, or are these, change what `lab` does.
const VARIABLES: [&str; 12] = [
    "LAB_",
    "XDG_",
    "LANG",
    "LC_",
    "NO_COLOR",
    "TERM",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "GOPROXY",
];

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let file = args.file.clone().unwrap_or_else(usual_name);
    let packing = Packing::of(&file)?;
    if file.exists() {
        let shown = file.display();
        return Err(
            Error::usage(text!("{shown}이(가) 이미 있음", "{shown} is there already"))
                .hint(text!("다른 이름을 주세요", "give another name")),
        );
    }
    let paths = app.paths()?;
    let seat = app.look();
    let mut cleaner = cleaner(&paths);
    if let Ok(seat) = &seat
        && let Ok(Some(login)) = app.block_on(gather::login(&seat.cluster))?
    {
        login
            .secrets()
            .iter()
            .for_each(|secret| cleaner.know(secret.expose()));
    }
    let mut collection = Collection::new(cleaner);
    host(&mut collection, &paths, seat.as_ref().ok());
    match &seat {
        Ok(seat) => cluster(&mut collection, app, seat),
        // A cluster.yaml that cannot be read, no root: the rest is of use all the same.
        Err(error) => {
            app.sink.warn(error.told());
            collection.add("problems.txt", &format!("{error}\n"));
        }
    }
    collection.write(&file, packing, app.out.lang)?;
    privilege::give_file_back(&file);
    tell(app, &file, &collection);
    Ok(exit::OK)
}

fn tell(app: &App, file: &Path, collection: &Collection) {
    let removed = collection.removed();
    if app.json() {
        app.out.json(&json!({"file": file, "removed": removed}));
        return;
    }
    let count: usize = removed.iter().map(|removed| removed.count).sum();
    let size = bytes(file.metadata().map_or(0, |file| file.len()));
    app.sink.note(text!(
        "{0} 씀 ({size}). 비밀 {count}개를 지움: 무엇을 왜 지웠는지는 그 안의 removed.txt에 있습니다. 보내기 전에 훑어보세요",
        "wrote {0} ({size}). {count} secret(s) were removed: removed.txt in it says which and why. Look through it before you send it",
        file.display()
    ));
}

fn usual_name() -> PathBuf {
    let now = crate::event::now();
    let digits: String = now.chars().take(19).filter(char::is_ascii_digit).collect();
    let (day, time) = digits.split_at(digits.len().min(8));
    format!("lab-support-{day}-{time}.tar.zst").into()
}

/// Knows the keys of this seat, the passwords of its cluster.yaml, and the secrets of the environment.
fn cleaner(paths: &Paths) -> Cleaner {
    let mut keys = AuthorityStore::new(&paths.state).secrets().unwrap_or_default();
    let login = std::fs::read_dir(paths.state.join("ssh"))
        .into_iter()
        .flatten()
        .flatten();
    let login = login.filter(|file| file.path().extension().is_none());
    keys.extend(
        login
            .filter_map(|file| std::fs::read_to_string(file.path()).ok())
            .map(Secret::new),
    );
    let mut cleaner = Cleaner::new(&keys);
    cleaner.learn(&std::fs::read_to_string(paths.project.join("cluster.yaml")).unwrap_or_default());
    for (name, value) in variables() {
        if Cleaner::is_secret(&name) {
            cleaner.know(&value);
        }
        cleaner.learn(&value);
    }
    cleaner
}

fn variables() -> impl Iterator<Item = (String, String)> {
    let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

/// What this host and its files say.
fn host(collection: &mut Collection, paths: &Paths, seat: Option<&Seat>) {
    let told = variables().filter(|(name, _)| VARIABLES.iter().any(|begin| name.starts_with(begin)));
    let environment: std::collections::BTreeMap<String, String> = told.collect();
    collection.add_json(
        "lab.json",
        &json!({
            "version": env!("CARGO_PKG_VERSION"),
            "architecture": std::env::consts::ARCH,
            "system": std::env::consts::OS,
            "at": crate::event::now(),
            "project": paths.project,
            "state": paths.state,
            "cache": paths.cache,
            "environment": environment,
        }),
    );
    let needs = Needs {
        cluster: seat.map(|seat| &seat.cluster),
        building: false,
        room: 0,
        disks: false,
    };
    collection.add_json("doctor.json", &doctor::examine(paths, needs));
    for name in OF_PROJECT {
        collection.add_file(name, &paths.project.join(name));
    }
    for name in OF_STATE {
        collection.add_file(format!("state/{name}"), &paths.state.join(name));
    }
    for name in OF_RUN {
        collection.add_file(
            format!("last-run/{name}"),
            &paths.reports.join("latest").join(name),
        );
    }
}

/// What the cluster says: status, plan, and each node that answers.
fn cluster(collection: &mut Collection, app: &App, seat: &Seat) {
    match status::rows(seat, app) {
        Ok(rows) => collection.add_json("status.json", &rows),
        Err(error) => collection.add("status.txt", &format!("{error}\n")),
    }
    let mut sessions = Sessions::new();
    let (provider, state) = (seat.provider.as_ref(), &seat.paths.state);
    let looked = app.block_on(async {
        let sight = look(&seat.cluster, state, "", provider, &mut sessions).await;
        let master = &seat.cluster.master().name;
        let kubernetes = seat.cluster.kubernetes.is_some();
        let mut asking = tokio::task::JoinSet::new();
        for (name, session) in sessions {
            let control_plane = kubernetes && name == *master;
            asking.spawn(async move {
                let answers = node::ask(&session, control_plane).await;
                session.close().await;
                (name, answers)
            });
        }
        (sight, asking.join_all().await)
    });
    let (sight, answers) = match looked {
        Ok((Ok(sight), answers)) => (sight, answers),
        Ok((Err(error), _)) | Err(error) => return collection.add("nodes.txt", &format!("{error}\n")),
    };
    for (name, answers) in answers {
        for (answer, text) in answers {
            collection.add(format!("nodes/{name}/{answer}"), &text);
        }
    }
    nodes(collection, seat, &sight);
    match plan::plan(&seat.cluster, &sight.observed) {
        Ok(plan) => collection.add_json("plan.json", &plan),
        Err(error) => collection.add("plan.txt", &format!("{error}\n")),
    }
}

/// The facts of each node, or why there are none.
fn nodes(collection: &mut Collection, seat: &Seat, sight: &Sight) {
    let Observed { nodes, .. } = &sight.observed;
    for (name, seen) in nodes {
        match &seen.known {
            Some(known) => collection.add_json(format!("nodes/{name}/facts.json"), &known.facts),
            None => {
                let errors = sight.errors.iter().filter(|error| error.node() == Some(name));
                let why: String = errors.map(|error| format!("{error}\n")).collect();
                let why = if why.is_empty() {
                    "it does not run\n".to_owned()
                } else {
                    why
                };
                collection.add(format!("nodes/{name}/not-asked.txt"), &why);
            }
        }
    }
    collection.add_json("cluster.json", &seat.cluster);
}
