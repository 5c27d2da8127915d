//! Which machines there are, kept in the state directory: what Vagrant said, as long as the files it keeps of its machines are the
//! same and those that ran still answer at their port.

use std::collections::BTreeMap;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::output::{self, Login, Status};
use super::program;
use crate::error::{Error, Result};
use crate::provider::NodeState;
use crate::text;

/// How long a forwarded port of this computer may take to be opened.
const OPEN: Duration = Duration::from_millis(500);

/// All machines of a project.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Found {
    /// By name.
    pub machines: BTreeMap<String, Machine>,
    /// Digest of the files Vagrant keeps of them.
    files: String,
}

/// One machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// What Vagrant says of it.
    pub status: Status,
    /// How Vagrant logs in, if it runs.
    pub login: Option<Login>,
    /// Changes when the machine is made anew.
    pub identity: String,
}

impl Machine {
    /// As a node. A machine that is neither there nor absent is an error that says what to do.
    pub fn node_state(&self) -> Result<NodeState> {
        match self.status.state.as_str() {
            "running" => Ok(NodeState::Up),
            "not_created" => Ok(NodeState::Absent),
            "paused" | "suspended" => Ok(NodeState::Paused),
            "poweroff" | "saved" | "stopped" | "shutoff" | "off" | "aborted" => Ok(NodeState::Stopped),
            other => Err(Error::new(text!(
                "반쯤 만들어진 기계: Vagrant가 `{other}`라고 함",
                "a machine that is half made: Vagrant calls it `{other}`"
            ))
            .hint(text!(
                "`vagrant destroy -f` 뒤에 `vagrant up`으로 다시 만드세요",
                "make it anew: `vagrant destroy -f`, then `vagrant up`"
            ))),
        }
    }
}

/// Names of the machines that were made, by the files Vagrant keeps of them. Costs nothing.
pub fn made(project: &Path) -> Vec<String> {
    identities(project).into_keys().collect()
}

impl Found {
    /// What is known, or what Vagrant says now.
    pub fn look(project: &Path, state: &Path) -> Result<Self> {
        let identities = identities(project);
        let files = digest(&format!("{identities:?}"));
        let kept = std::fs::read(file(state)).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        if let Some(kept) = kept.filter(|kept| kept.files == files && kept.holds()) {
            return Ok(kept);
        }
        let found = Self::ask(project, &identities, files)?;
        found.keep(state)?;
        Ok(found)
    }

    /// The next look asks Vagrant.
    pub fn forget(state: &Path) {
        // One that cannot be removed is compared with the machines' files and ports all the same.
        let _ = std::fs::remove_file(file(state));
    }

    fn ask(project: &Path, identities: &BTreeMap<String, String>, files: String) -> Result<Self> {
        let statuses = output::status(&program::run(project, &["status"])?);
        let running: Vec<&str> = statuses
            .iter()
            .filter(|(_, status)| status.state == "running")
            .map(|(name, _)| name.as_str())
            .collect();
        let logins = match running.as_slice() {
            [] => BTreeMap::new(),
            running => output::logins(&program::run(project, &[&["ssh-config"], running].concat())?),
        };
        let machine = |(name, status): (String, Status)| {
            let machine = Machine {
                status,
                login: logins.get(&name).cloned(),
                identity: identities.get(&name).cloned().unwrap_or_default(),
            };
            (name, machine)
        };
        Ok(Self {
            machines: statuses.into_iter().map(machine).collect(),
            files,
        })
    }

    fn keep(&self, state: &Path) -> Result<()> {
        let path = file(state);
        let failed =
            |error: std::io::Error| Error::new(format!("cannot write {}", path.display())).because(error);
        std::fs::create_dir_all(state).map_err(failed)?;
        let bytes = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        let fresh = tempfile::NamedTempFile::new_in(state).map_err(failed)?;
        std::fs::write(fresh.path(), bytes).map_err(failed)?;
        fresh
            .persist(&path)
            .map(drop)
            .map_err(|error| failed(error.error))
    }

    /// Whether every machine that was made ran, and still does. Those that did not may run now.
    fn holds(&self) -> bool {
        self.machines.values().all(|machine| match &machine.login {
            Some(login) => listens(login),
            None => machine.status.state == "not_created",
        })
    }
}

fn listens(login: &Login) -> bool {
    let found = (login.host.as_str(), login.port).to_socket_addrs();
    found.is_ok_and(|mut all| all.any(|address| TcpStream::connect_timeout(&address, OPEN).is_ok()))
}

/// What tells a machine from one of the same name made later: its provider and Vagrant's id of it, as a digest.
fn identities(project: &Path) -> BTreeMap<String, String> {
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
                found.insert(name, digest(&format!("{} {id}", provider.display())));
            }
        }
    }
    found
}

fn digest(text: &str) -> String {
    let mut digest = hex::encode(Sha256::digest(text));
    digest.truncate(16);
    digest
}

fn file(state: &Path) -> PathBuf {
    state.join("vagrant.json")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn machine(state: &str) -> Machine {
        Machine {
            status: Status {
                state: state.into(),
                provider: "virtualbox".into(),
            },
            login: None,
            identity: String::new(),
        }
    }

    #[test]
    fn a_machine_half_made_is_named_with_what_to_do() {
        for (state, expected) in [
            ("running", NodeState::Up),
            ("not_created", NodeState::Absent),
            ("poweroff", NodeState::Stopped),
            ("aborted", NodeState::Stopped),
            ("paused", NodeState::Paused),
        ] {
            assert_eq!(machine(state).node_state().unwrap(), expected, "{state}");
        }
        let error = machine("inaccessible").node_state().unwrap_err();
        assert!(error.what().en.contains("inaccessible"));
        assert!(error.advice().unwrap().en.contains("vagrant destroy"));
    }

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

    #[test]
    fn what_was_said_holds_while_the_port_is_open() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut running = machine("running");
        running.login = Some(Login {
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port(),
            ..Login::default()
        });
        let found = |machine: Machine| Found {
            machines: BTreeMap::from([("m-k8s".to_owned(), machine)]),
            files: String::new(),
        };
        assert!(found(running.clone()).holds());
        drop(listener);
        assert!(!found(running).holds());
        assert!(found(machine("not_created")).holds());
        assert!(!found(machine("poweroff")).holds(), "it may run by now");
    }
}
