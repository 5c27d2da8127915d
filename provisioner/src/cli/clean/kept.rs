//! What is kept on this host: parts of the cache, and states of clusters, with their sizes. Removes nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::paths::Paths;
use crate::provider::local::host;
use crate::text;
use crate::text::{Lang, Text};

/// Something kept on this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Kept {
    /// As `lab clean` takes it.
    pub name: String,
    /// Bytes of disk it takes.
    pub size: u64,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// Where it is.
    #[serde(skip)]
    pub path: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Kind {
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

impl Kept {
    /// Whether no cluster uses it, or may.
    pub fn unused(&self) -> bool {
        match &self.kind {
            Kind::Cache => true,
            Kind::State { gone, running, .. } => *gone && !*running,
        }
    }

    /// What it is, for a person.
    pub fn words(&self) -> Text {
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
pub(super) fn survey(paths: &Paths) -> Vec<Kept> {
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
