//! `lab clean`: what is kept on this host, by size, and its removal.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::App;
use crate::error::{Error, Result, exit};
use crate::paths::Paths;
use crate::provider::local::host;
use crate::report::out::bytes;
use crate::text;
use crate::text::{Lang, Text};

/// Arguments of `lab clean`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to remove, by the names `lab clean` lists
    #[arg(value_name = "NAME", conflicts_with = "all")]
    names: Vec<String>,
    /// Remove all that no cluster uses
    #[arg(long)]
    all: bool,
}

/// Something kept on this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Kept {
    name: String,
    size: u64,
    #[serde(flatten)]
    kind: Kind,
    #[serde(skip)]
    path: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Kind {
    /// Part of the cache: can be made or downloaded again.
    Cache,
    /// State of a project's cluster.
    State {
        /// Its directory, where known.
        project: Option<PathBuf>,
        /// Whether that directory is still there.
        gone: bool,
        /// Whether its nodes' keeper lives, or a verb works on it.
        running: bool,
    },
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    let kept = survey(&paths);
    let chosen = choose(&kept, args)?;
    if chosen.is_empty() {
        list(&kept, app);
        return Ok(exit::OK);
    }
    remove(&chosen, &paths, app)
}

fn list(kept: &[Kept], app: &App) {
    if app.json() {
        return app.out.json(&kept);
    }
    let head = ["NAME", "SIZE", "WHAT"].map(str::to_owned).to_vec();
    let row = |kept: &Kept| {
        vec![
            kept.name.clone(),
            bytes(kept.size),
            kept.words().get(app.out.lang).to_owned(),
        ]
    };
    app.out
        .table(&[head].into_iter().chain(kept.iter().map(row)).collect::<Vec<_>>());
    let words = text!(
        "지우려면 `lab clean NAME…` 또는 `lab clean --all`",
        "to remove: `lab clean NAME…` or `lab clean --all`"
    );
    app.out.say(words.get(app.out.lang));
}

/// What the command line names; `--all` leaves alone what a cluster uses or may use.
fn choose(kept: &[Kept], args: &Args) -> Result<Vec<Kept>> {
    if args.all {
        return Ok(kept.iter().filter(|kept| kept.unused()).cloned().collect());
    }
    let find = |name: &String| {
        kept.iter()
            .find(|kept| kept.name == *name)
            .cloned()
            .ok_or_else(|| {
                Error::usage(text!(
                    "`{name}`이라는 것은 없음",
                    "nothing here is called `{name}`"
                ))
                .hint(text!(
                    "`lab clean`이 이름을 보여 줍니다",
                    "`lab clean` lists the names"
                ))
            })
    };
    args.names.iter().map(find).collect()
}

fn remove(chosen: &[Kept], paths: &Paths, app: &App) -> Result<u8> {
    if let Some(running) = chosen
        .iter()
        .find(|kept| matches!(kept.kind, Kind::State { running: true, .. }))
    {
        let what = text!(
            "`{}`의 클러스터가 실행 중",
            "the cluster of `{}` is running",
            running.name
        );
        return Err(Error::new(what).hint(text!(
            "먼저 그 프로젝트에서 `lab down`",
            "run `lab down` in its project first"
        )));
    }
    // The cache is shared by all seats of this user: another verb may be using it, so this seat at least is locked.
    let _lock = crate::seat::lock(paths, "clean")?;
    let total: u64 = chosen.iter().map(|kept| kept.size).sum();
    for kept in chosen {
        app.out.say(format!(
            "{}  {}  {}",
            kept.name,
            bytes(kept.size),
            kept.words().get(app.out.lang)
        ));
    }
    let question = text!("{} 지울까요?", "remove {}?", bytes(total));
    let unattended = || {
        Error::usage(text!("물어볼 사람이 없음", "nobody is there to ask"))
            .hint(text!("`--yes`를 주세요", "give `--yes`"))
    };
    if !(app.global.yes || app.out.ask(&question, false).ok_or_else(unattended)?) {
        return Ok(exit::CANNOT);
    }
    for kept in chosen {
        let work = app.sink.work(
            None,
            format!("clean {}", kept.name),
            text!("{} 삭제", "remove {}", kept.name),
        );
        let directory = kept.path.symlink_metadata().is_ok_and(|file| file.is_dir());
        let removed = if directory {
            std::fs::remove_dir_all(&kept.path)
        } else {
            std::fs::remove_file(&kept.path)
        };
        let failed = |error| Error::new(format!("cannot remove {}", kept.path.display())).because(error);
        work.finish(removed.map_err(failed))?;
    }
    Ok(exit::OK)
}

impl Kept {
    fn unused(&self) -> bool {
        match &self.kind {
            Kind::Cache => true,
            Kind::State { gone, running, .. } => *gone && !*running,
        }
    }

    fn words(&self) -> Text {
        match &self.kind {
            Kind::Cache => text!("캐시: 다시 만들 수 있음", "cache: can be made again"),
            Kind::State {
                project,
                gone,
                running,
            } => {
                let place = project
                    .as_ref()
                    .map_or_else(|| "?".to_owned(), |project| project.display().to_string());
                let suffix = match (running, gone) {
                    (true, _) => text!("실행 중", "running"),
                    (false, true) => text!("프로젝트가 없어짐", "its project is gone"),
                    (false, false) => text!("정지됨", "not running"),
                };
                Text {
                    ko: format!("{place}의 노드와 키 ({})", suffix.get(Lang::Ko)),
                    en: format!("nodes and keys of {place} ({})", suffix.get(Lang::En)),
                }
            }
        }
    }
}

/// Everything kept, the largest first.
fn survey(paths: &Paths) -> Vec<Kept> {
    let cache = entries(&paths.cache).map(|path| Kept {
        name: name(&path),
        size: size(&path),
        kind: Kind::Cache,
        path,
    });
    let states = paths
        .state
        .parent()
        .into_iter()
        .flat_map(entries)
        .filter(|path| path.is_dir())
        .map(|path| {
            let project = crate::seat::project(&path);
            let gone = project
                .as_ref()
                .is_some_and(|project| !project.join("cluster.yaml").is_file());
            let running = crate::seat::locked(&path) || host::names(&path);
            Kept {
                name: name(&path),
                size: size(&path),
                kind: Kind::State {
                    project,
                    gone,
                    running,
                },
                path,
            }
        });
    let mut kept: Vec<Kept> = cache.chain(states).collect();
    kept.sort_by_key(|kept| std::cmp::Reverse(kept.size));
    kept
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}

fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Bytes of disk a path takes: what is allocated, not the length of a sparse file. Does not follow links.
pub fn size(path: &Path) -> u64 {
    let Ok(file) = path.symlink_metadata() else {
        return 0;
    };
    let below = if file.is_dir() {
        entries(path).map(|entry| size(&entry)).sum()
    } else {
        0
    };
    below + allocated(&file)
}

#[cfg(unix)]
fn allocated(file: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    file.blocks() * 512
}

#[cfg(not(unix))]
fn allocated(file: &std::fs::Metadata) -> u64 {
    file.len()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn state(name: &str, gone: bool, running: bool) -> Kept {
        let kind = Kind::State {
            project: Some("/p".into()),
            gone,
            running,
        };
        Kept {
            name: name.into(),
            size: 1,
            kind,
            path: PathBuf::from(name),
        }
    }

    #[test]
    fn all_leaves_alone_what_a_cluster_uses() {
        let cache = Kept {
            name: "images".into(),
            size: 1,
            kind: Kind::Cache,
            path: "images".into(),
        };
        let kept = [
            cache,
            state("mine", false, false),
            state("busy", false, true),
            state("gone", true, false),
            state("ghost", true, true),
        ];
        let chosen = choose(
            &kept,
            &Args {
                names: vec![],
                all: true,
            },
        )
        .unwrap();
        assert_eq!(
            chosen.iter().map(|kept| kept.name.as_str()).collect::<Vec<_>>(),
            ["images", "gone"]
        );
        let error = choose(
            &kept,
            &Args {
                names: vec!["imges".into()],
                all: false,
            },
        )
        .unwrap_err();
        assert_eq!(error.exit_code(), exit::USAGE);
        assert!(
            choose(
                &kept,
                &Args {
                    names: vec![],
                    all: false
                }
            )
            .unwrap()
            .is_empty()
        );
    }

    #[test]
    fn a_sparse_file_counts_what_it_takes() {
        let directory = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(directory.path().join("disk.img")).unwrap();
        file.set_len(64 << 30).unwrap();
        assert!(size(directory.path()) < 1 << 20);
        std::fs::write(directory.path().join("full"), vec![1; 1 << 20]).unwrap();
        file.sync_all().unwrap();
        assert!(size(directory.path()) < 64 << 20);
    }
}
