//! Which snapshots the lab has had Vagrant save, and when: Vagrant itself remembers only their names, a machine at a time.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::provider::Snapshot;
use crate::text;

#[derive(Serialize, Deserialize)]
struct Line {
    name: String,
    saved: String,
    nodes: Vec<NodeName>,
}

/// All, oldest first.
pub fn all(state: &Path) -> Result<Vec<Snapshot>> {
    let text = match std::fs::read_to_string(file(state)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        text => text.map_err(|error| failed(state).because(error))?,
    };
    let lines: Vec<Line> = serde_json::from_str(&text).map_err(|error| failed(state).because(error))?;
    let one = |Line { name, saved, nodes }| Snapshot { name, saved, nodes };
    Ok(lines.into_iter().map(one).collect())
}

/// The one of this name.
pub fn named(state: &Path, name: &str) -> Result<Snapshot> {
    let all = all(state)?;
    let names: Vec<String> = all.iter().map(|one| one.name.clone()).collect();
    all.into_iter().find(|one| one.name == name).ok_or_else(|| {
        let names = names.join(", ");
        Error::new(text!(
            "스냅샷 `{name}`이(가) 없음",
            "there is no snapshot `{name}`"
        ))
        .hint(text!("있는 것: {names}", "there are: {names}"))
    })
}

/// Remembers one once `save` has made it.
pub fn add(
    state: &Path,
    name: &str,
    nodes: &[NodeName],
    replace: bool,
    save: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let mut all = all(state)?;
    if !replace && all.iter().any(|one| one.name == name) {
        return Err(Error::new(text!(
            "스냅샷 `{name}`이(가) 이미 있음",
            "there is a snapshot `{name}` already"
        ))
        .hint(text!("`--replace`로 바꿉니다", "`--replace` replaces it")));
    }
    save()?;
    all.retain(|one| one.name != name);
    all.push(Snapshot {
        name: name.to_owned(),
        saved: OffsetDateTime::now_utc()
            .format(&Rfc3339)
            .map_err(|error| failed(state).because(error))?,
        nodes: nodes.to_vec(),
    });
    write(state, all)
}

/// Forgets one.
pub fn remove(state: &Path, name: &str) -> Result<()> {
    let mut all = all(state)?;
    all.retain(|one| one.name != name);
    write(state, all)
}

fn write(state: &Path, all: Vec<Snapshot>) -> Result<()> {
    let one = |Snapshot { name, saved, nodes }| Line { name, saved, nodes };
    let lines: Vec<Line> = all.into_iter().map(one).collect();
    let text = serde_json::to_string(&lines).map_err(|error| failed(state).because(error))?;
    std::fs::create_dir_all(state)
        .and_then(|()| std::fs::write(file(state), text))
        .map_err(|error| failed(state).because(error))
}

fn file(state: &Path) -> PathBuf {
    state.join("vagrant-snapshots.json")
}

fn failed(state: &Path) -> Error {
    Error::new(format!(
        "cannot keep the list of snapshots in {}",
        file(state).display()
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_snapshot_is_remembered_once_it_was_saved() {
        let state = tempfile::tempdir().unwrap();
        let nodes: Vec<NodeName> = vec!["m-k8s".parse().unwrap()];
        let failing = || Err(Error::new("vagrant failed"));
        assert!(add(state.path(), "a", &nodes, false, failing).is_err());
        assert!(all(state.path()).unwrap().is_empty());
        add(state.path(), "a", &nodes, false, || Ok(())).unwrap();
        assert!(add(state.path(), "a", &nodes, false, || Ok(())).is_err());
        add(state.path(), "a", &nodes, true, || Ok(())).unwrap();
        assert_eq!(named(state.path(), "a").unwrap().nodes, nodes);
        assert!(
            named(state.path(), "b")
                .unwrap_err()
                .advice()
                .unwrap()
                .en
                .contains('a')
        );
        remove(state.path(), "a").unwrap();
        assert!(all(state.path()).unwrap().is_empty());
    }
}
