//! Where the lab keeps things: state per project directory, cache per user.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::text;

/// The directories of one seat. `LAB_HOME` overrides both roots; else `XDG_STATE_HOME/lab` and `XDG_CACHE_HOME/lab`.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The project: the directory that holds cluster.yaml.
    pub project: PathBuf,
    /// State of this project's cluster: keys, node disks, journal. Never shared between clones.
    pub state: PathBuf,
    /// What can be made again: the bundle's artifacts. Shared by all clones of this user.
    pub cache: PathBuf,
    /// Where runs leave their reports.
    pub reports: PathBuf,
}

impl Paths {
    /// Finds the project by walking up from `start` to a directory with cluster.yaml.
    pub fn discover(start: &Path) -> Result<Self> {
        let project = start
            .ancestors()
            .find(|directory| directory.join("cluster.yaml").is_file())
            .ok_or_else(|| {
                Error::usage(text!(
                    "{}에도 그 위에도 cluster.yaml이 없음",
                    "no cluster.yaml in {} or above it",
                    start.display()
                ))
                .hint(text!(
                    "프로젝트 디렉터리로 이동하거나 `--project DIR`을 주세요",
                    "change into the project, or give `--project DIR`"
                ))
            })?
            .canonicalize()
            .map_err(|error| Error::new("cannot resolve the project directory").because(error))?;
        let (state_root, cache) = roots()?;
        let key = hex::encode(&Sha256::digest(project.as_os_str().as_encoded_bytes())[..6]);
        let label: String = project
            .file_name()
            .map(|name| {
                name.to_string_lossy()
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .take(20)
                    .collect()
            })
            .unwrap_or_default();
        Ok(Self {
            reports: project.join("lab-reports"),
            state: state_root.join(format!("{label}-{key}")),
            cache,
            project,
        })
    }
}

fn roots() -> Result<(PathBuf, PathBuf)> {
    if let Some(home) = directory("LAB_HOME")? {
        return Ok((home.join("state"), home.join("cache")));
    }
    let home = || {
        directory("HOME")?.ok_or_else(|| {
            Error::usage("neither LAB_HOME nor HOME is set").hint(text!(
                "LAB_HOME=/쓰기/가능한/디렉터리",
                "set LAB_HOME to a directory of yours"
            ))
        })
    };
    let state = match directory("XDG_STATE_HOME")? {
        Some(state) => state,
        None => home()?.join(".local/state"),
    };
    let cache = match directory("XDG_CACHE_HOME")? {
        Some(cache) => cache,
        None => home()?.join(".cache"),
    };
    Ok((state.join("lab"), cache.join("lab")))
}

fn directory(variable: &str) -> Result<Option<PathBuf>> {
    match std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
    {
        Some(path) if path.is_absolute() => Ok(Some(path)),
        Some(path) => Err(Error::usage(format!(
            "{variable} is not an absolute path: {}",
            path.display()
        ))),
        None => Ok(None),
    }
}
