//! The files Vagrant keeps of its machines, which tell without asking it whether something may have changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// Names of the machines that were made, by the files Vagrant keeps of them. Costs nothing.
pub fn made(project: &Path) -> Vec<String> {
    identities(project).into_keys().collect()
}

/// Another one whenever a machine is made, or Vagrant was at work: a forwarded port may be another machine's then.
pub(super) fn digest(project: &Path) -> String {
    short(&format!("{:?} {:?}", identities(project), last_work()))
}

/// When Vagrant last wrote down in what state a machine of anybody's was, as it does in all it does with one.
fn last_work() -> Option<SystemTime> {
    let own = std::env::var_os("VAGRANT_HOME").filter(|path| !path.is_empty());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".vagrant.d"));
    let index = own
        .map(PathBuf::from)
        .or_else(home)?
        .join("data/machine-index/index");
    index.metadata().ok()?.modified().ok()
}

/// What tells a machine from one of the same name made later: its provider and Vagrant's id of it, as a digest.
pub(super) fn identities(project: &Path) -> BTreeMap<String, String> {
    let own = std::env::var_os("VAGRANT_DOTFILE_PATH").filter(|path| !path.is_empty());
    let machines = project
        .join(own.map_or_else(|| PathBuf::from(".vagrant"), PathBuf::from))
        .join("machines");
    let entries = |path: &Path| {
        let mut all: Vec<PathBuf> = std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        all.sort();
        all
    };
    let mut found = BTreeMap::new();
    for machine in entries(&machines) {
        for provider in entries(&machine) {
            let name = machine
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if let Ok(id) = std::fs::read_to_string(provider.join("id")) {
                found.insert(name, short(&format!("{} {id}", provider.display())));
            }
        }
    }
    found
}

fn short(text: &str) -> String {
    let mut digest = hex::encode(Sha256::digest(text));
    digest.truncate(16);
    digest
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn machines_are_known_by_vagrants_own_files() {
        let project = tempfile::Builder::new().prefix("실습 하나").tempdir().unwrap();
        assert!(made(project.path()).is_empty());
        let place = project.path().join(".vagrant/machines/m-k8s/docker");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::create_dir_all(project.path().join(".vagrant/machines/w1-k8s/docker")).unwrap();
        assert!(made(project.path()).is_empty(), "a directory alone is no machine");
        std::fs::write(place.join("id"), "abc").unwrap();
        assert_eq!(made(project.path()), ["m-k8s"]);
        let before = identities(project.path());
        std::fs::write(place.join("id"), "abd").unwrap();
        assert_ne!(identities(project.path()), before);
    }
}
