//! Which snapshots the lab has had Vagrant save, and when: Vagrant itself remembers only their names, a machine at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::provider::Snapshot;
use crate::text;

/// What tells each machine from one of the same name made later.
pub type Identities = BTreeMap<String, String>;

#[derive(Serialize, Deserialize)]
struct Line {
    name: String,
    saved: String,
    nodes: Vec<NodeName>,
    /// Of the machines that were saved.
    #[serde(default)]
    identities: Identities,
}

impl Line {
    /// Without machines that were made anew since: they have no such snapshot.
    fn of(mut self, now: &Identities) -> Option<Self> {
        let same = |node: &NodeName| {
            let was = self.identities.get(node.as_str());
            was.is_none_or(|was| now.get(node.as_str()) == Some(was))
        };
        self.nodes = self.nodes.iter().filter(|node| same(node)).cloned().collect();
        (!self.nodes.is_empty()).then_some(self)
    }
}

/// All that these machines have, oldest first.
pub fn all(state: &Path, now: &Identities) -> Result<Vec<Snapshot>> {
    let one = |Line {
                   name, saved, nodes, ..
               }| Snapshot { name, saved, nodes };
    Ok(lines(state, now)?.into_iter().map(one).collect())
}

fn lines(state: &Path, now: &Identities) -> Result<Vec<Line>> {
    let text = match std::fs::read_to_string(file(state)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        text => text.map_err(|error| failed(state).because(error))?,
    };
    let lines: Vec<Line> = serde_json::from_str(&text).map_err(|error| failed(state).because(error))?;
    Ok(lines.into_iter().filter_map(|line| line.of(now)).collect())
}

/// The one of this name.
pub fn named(state: &Path, now: &Identities, name: &str) -> Result<Snapshot> {
    let all = all(state, now)?;
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
    now: &Identities,
    (name, replace): (&str, bool),
    nodes: &[NodeName],
    save: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let mut all = lines(state, now)?;
    if !replace && all.iter().any(|one| one.name == name) {
        return Err(Error::new(text!(
            "스냅샷 `{name}`이(가) 이미 있음",
            "there is a snapshot `{name}` already"
        ))
        .hint(text!("`--replace`로 바꿉니다", "`--replace` replaces it")));
    }
    save()?;
    all.retain(|one| one.name != name);
    all.push(Line {
        name: name.to_owned(),
        saved: OffsetDateTime::now_utc()
            .format(&Rfc3339)
            .map_err(|error| failed(state).because(error))?,
        nodes: nodes.to_vec(),
        identities: now.clone(),
    });
    write(state, &all)
}

/// Forgets one.
pub fn remove(state: &Path, now: &Identities, name: &str) -> Result<()> {
    let mut all = lines(state, now)?;
    all.retain(|one| one.name != name);
    write(state, &all)
}

fn write(state: &Path, lines: &[Line]) -> Result<()> {
    let text = serde_json::to_string(lines).map_err(|error| failed(state).because(error))?;
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

    fn machines(identity: &str) -> Identities {
        Identities::from([("m-k8s".into(), identity.into()), ("w1-k8s".into(), "b".into())])
    }

    #[test]
    fn a_snapshot_is_remembered_once_it_was_saved() {
        let (state, now) = (tempfile::tempdir().unwrap(), machines("a"));
        let nodes: Vec<NodeName> = vec!["m-k8s".parse().unwrap()];
        let added = |replace, saved: Result<()>| add(state.path(), &now, ("a", replace), &nodes, || saved);
        assert!(added(false, Err(Error::new("vagrant failed"))).is_err());
        assert!(all(state.path(), &now).unwrap().is_empty());
        added(false, Ok(())).unwrap();
        assert!(added(false, Ok(())).is_err());
        added(true, Ok(())).unwrap();
        assert_eq!(named(state.path(), &now, "a").unwrap().nodes, nodes);
        let unknown = named(state.path(), &now, "b").unwrap_err();
        assert!(unknown.advice().unwrap().en.contains('a'));
        remove(state.path(), &now, "a").unwrap();
        assert!(all(state.path(), &now).unwrap().is_empty());
    }

    #[test]
    fn a_machine_made_anew_has_no_snapshot_of_the_one_before() {
        let state = tempfile::tempdir().unwrap();
        let names = ["m-k8s", "w1-k8s"];
        let nodes: Vec<NodeName> = names.map(|name| name.parse().unwrap()).into();
        add(state.path(), &machines("a"), ("fresh", false), &nodes, || Ok(())).unwrap();
        let fresh = named(state.path(), &machines("another"), "fresh").unwrap();
        assert_eq!(fresh.nodes, nodes[1..]);
        assert!(all(state.path(), &Identities::new()).unwrap().is_empty());
    }
}
