//! Which machines there are, kept in the state directory: what Vagrant said, as long as the files it keeps are the same and machines
//! that ran still answer at their port.

use std::collections::BTreeMap;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::files::{self, identities};
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
    /// Whether Vagrant knows such a machine, in whatever state it is.
    fn exists(&self) -> bool {
        self.status.state != NOT_CREATED
    }

    /// As a node. A machine that is neither there nor absent is an error that says what to do.
    pub fn node_state(&self) -> Result<NodeState> {
        match self.status.state.as_str() {
            "running" => Ok(NodeState::Up),
            NOT_CREATED => Ok(NodeState::Absent),
            "paused" | "suspended" => Ok(NodeState::Paused),
            "poweroff" | "saved" | "stopped" | "shutoff" | "off" | "aborted" | "aborted-saved" => {
                Ok(NodeState::Stopped)
            }
            other => Err(unclear(&self.status.provider, other)),
        }
    }
}

/// What Vagrant calls a machine that was not made.
const NOT_CREATED: &str = "not_created";

/// A state that is none of a node's: it passes, or something has to be done.
fn unclear(provider: &str, state: &str) -> Error {
    let (what, hint) = match (provider, state) {
        // libvirt's word for a machine that runs and has no address, as any that boots.
        ("libvirt", "inaccessible") => (
            text!(
                "기계가 돌지만 아직 주소가 없음",
                "the machine runs and has no address yet"
            ),
            text!(
                "부팅하는 중이면 기다렸다가 다시 하고, 그대로면 `vagrant reload`로 다시 시작하세요",
                "wait and try again, if it is booting; if it stays so, `vagrant reload` boots it anew"
            ),
        ),
        (_, "starting" | "stopping" | "saving" | "restoring" | "shutting_down") => (
            text!(
                "Vagrant나 하이퍼바이저가 이 기계를 다루는 중: `{state}`",
                "Vagrant or the hypervisor is at work on the machine: `{state}`"
            ),
            text!("기다렸다가 다시 하세요", "wait, then try again"),
        ),
        _ => (
            text!(
                "반쯤 만들어진 기계: Vagrant가 `{state}`라고 함",
                "a machine that is half made: Vagrant calls it `{state}`"
            ),
            text!(
                "`vagrant destroy -f` 뒤에 `vagrant up`으로 다시 만드세요",
                "make it anew: `vagrant destroy -f`, then `vagrant up`"
            ),
        ),
    };
    Error::new(what).hint(hint)
}

impl Found {
    /// What is known, or what Vagrant says now.
    pub fn look(project: &Path, state: &Path) -> Result<Self> {
        let files = files::digest(project);
        let kept = std::fs::read(file(state)).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        if let Some(kept) = kept.filter(|kept| kept.files == files && kept.holds()) {
            return Ok(kept);
        }
        let found = Self::ask(project)?;
        found.keep(state)?;
        Ok(found)
    }

    /// The next look asks Vagrant.
    pub fn forget(state: &Path) {
        // One that cannot be removed is compared with the machines' files and ports all the same.
        let _ = std::fs::remove_file(file(state));
    }

    fn ask(project: &Path) -> Result<Self> {
        let identities = identities(project);
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
            // After asking, which Vagrant notes as well.
            files: files::digest(project),
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
            None => !machine.exists(),
        })
    }
}

fn listens(login: &Login) -> bool {
    let found = (login.host.as_str(), login.port).to_socket_addrs();
    found.is_ok_and(|mut all| all.any(|address| TcpStream::connect_timeout(&address, OPEN).is_ok()))
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
            ("aborted-saved", NodeState::Stopped),
            ("paused", NodeState::Paused),
        ] {
            assert_eq!(machine(state).node_state().unwrap(), expected, "{state}");
        }
        for (provider, state, advice) in [
            ("virtualbox", "inaccessible", "vagrant destroy"),
            ("libvirt", "preparing", "vagrant destroy"),
            ("libvirt", "inaccessible", "vagrant reload"),
            ("libvirt", "shutting_down", "wait"),
            ("virtualbox", "saving", "wait"),
        ] {
            let mut machine = machine(state);
            machine.status.provider = provider.into();
            let error = machine.node_state().unwrap_err();
            assert!(error.advice().unwrap().en.contains(advice), "{provider} {state}");
        }
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
