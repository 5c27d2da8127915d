//! What was asked on the command line and goes on to hold: kept in the seat's state until it is taken back or `lab down` empties
//! that. Adds to what cluster.yaml says; only the engine for all nodes takes the place of its own. Checks no value: `config` does.

use std::io::Write;
use std::path::{Path, PathBuf};

use agent::wire::Engine;
use serde::{Deserialize, Serialize};

use crate::config::{Cluster, Kubernetes};
use crate::error::{Error, Result};
use crate::text;

/// The file below the state directory.
const FILE: &str = "asked.json";

/// All that can be asked. A part that is absent was not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The version of Kubernetes, as it was typed; empty: the lab's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// The engine of nodes that name none in cluster.yaml, in place of the one it names for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

impl Asked {
    /// What this seat was asked; nothing, if it never was.
    pub fn read(state: &Path) -> Result<Self> {
        let path = file(state);
        let cannot = || {
            Error::new(text!("{}을(를) 읽을 수 없음", "cannot read {}", path.display())).hint(text!(
                "지우면 명령줄에서 요청했던 것을 잊습니다; cluster.yaml은 그대로입니다",
                "remove it to forget what was asked on the command line; cluster.yaml stays as it is"
            ))
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| cannot().because(error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(cannot().because(error)),
        }
    }

    /// Remembers it, whole or not at all. Nothing asked leaves no file.
    pub fn write(&self, state: &Path) -> Result<()> {
        let path = file(state);
        let failed =
            |error: std::io::Error| Error::new(format!("cannot write {}", path.display())).because(error);
        if *self == Self::default() {
            return match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(()),
            };
        }
        std::fs::create_dir_all(state).map_err(failed)?;
        let mut fresh = tempfile::NamedTempFile::new_in(state).map_err(failed)?;
        write!(fresh, "{}", serde_json::json!(self)).map_err(failed)?;
        fresh
            .persist(&path)
            .map(drop)
            .map_err(|error| failed(error.error))
    }

    /// Adds it to the cluster, which was read with the engine. What else cluster.yaml says itself stays as it says.
    pub fn add_to(&self, cluster: &mut Cluster) -> Result<()> {
        if let (Some(version), None) = (&self.kubernetes, &cluster.kubernetes) {
            cluster.kubernetes = Some(Kubernetes::asked(version, cluster).map_err(wrong)?);
        }
        Ok(())
    }
}

fn file(state: &Path) -> PathBuf {
    state.join(FILE)
}

fn wrong((what, hint): (text::Text, Option<text::Text>)) -> Error {
    let error = Error::usage(what);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn cluster(more: &str) -> Cluster {
        let text = include_str!("../../cluster.yaml");
        let lines = text.lines().filter(|line| !line.starts_with("kubernetes:"));
        let text = lines.collect::<Vec<_>>().join("\n") + "\n" + more;
        Cluster::parse("cluster.yaml", &text).unwrap()
    }

    fn kubernetes(version: &str) -> Asked {
        Asked {
            kubernetes: Some(version.into()),
            engine: None,
        }
    }

    #[test]
    fn what_is_asked_is_remembered_and_nothing_leaves_no_file() {
        let state = tempfile::tempdir().unwrap();
        let below = state.path().join("seat");
        assert_eq!(Asked::read(&below).unwrap(), Asked::default());
        kubernetes("1.34").write(&below).unwrap();
        assert_eq!(Asked::read(&below).unwrap(), kubernetes("1.34"));
        for _ in 0..2 {
            Asked::default().write(&below).unwrap();
            assert_eq!(std::fs::read_dir(&below).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_what_to_do() {
        let state = tempfile::tempdir().unwrap();
        for text in ["{", r#"{"unheard-of": 1}"#] {
            std::fs::write(file(state.path()), text).unwrap();
            let error = Asked::read(state.path()).unwrap_err();
            assert!(error.what().en.contains(FILE), "{error}");
            assert!(error.advice().unwrap().en.contains("remove it"));
        }
    }

    #[test]
    fn it_adds_to_cluster_yaml_and_never_contradicts_it() {
        let with = |asked: &Asked, more: &str| {
            let mut cluster = cluster(more);
            asked
                .add_to(&mut cluster)
                .map(|()| cluster.kubernetes.map(|kubernetes| kubernetes.version))
        };
        assert_eq!(with(&Asked::default(), "").unwrap(), None);
        assert_eq!(with(&kubernetes(""), "").unwrap().as_deref(), Some("1.34.4"));
        assert_eq!(with(&kubernetes("1.36"), "").unwrap().as_deref(), Some("1.36.3"));
        let told = "kubernetes: {version: \"1.34\"}\n";
        assert_eq!(
            with(&kubernetes("1.36"), told).unwrap().as_deref(),
            Some("1.34.4")
        );
    }

    #[test]
    fn a_version_nobody_offers_and_networks_that_clash_are_said() {
        let error = kubernetes("1.2").add_to(&mut cluster("")).unwrap_err();
        assert_eq!(error.exit_code(), crate::error::exit::USAGE);
        assert!(
            error.what().en.contains("1.2") && error.advice().unwrap().en.contains("1.34.4"),
            "{error}"
        );
        let mut clashing = cluster("");
        clashing.network = "10.96.0.0/24".parse().unwrap();
        let error = kubernetes("").add_to(&mut clashing).unwrap_err();
        assert!(error.what().en.contains("overlaps"), "{error}");
        assert!(
            error.advice().unwrap().en.contains("cluster.yaml"),
            "{:?}",
            error.advice()
        );
    }
}
