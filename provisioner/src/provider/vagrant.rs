//! Machines that Vagrant makes: found by `vagrant status`, reached as `vagrant ssh-config` says, started, stopped, saved and removed
//! by Vagrant's own commands. What Vagrant says costs seconds, so it is kept and only looked at again when it may have changed.

pub mod advice;
mod files;
mod found;
pub mod output;
mod program;
mod snapshots;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::machines::{Pins, Place};
use super::{NodeState, Provider, Snapshot, node_image};
use crate::artifact::Bundle;
use crate::cluster::{Cluster, WayOut};
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::paths::Paths;
use crate::text;
use crate::transport::{Endpoint, Login};

pub use files::made;
pub use found::{Found, Machine};

/// The machines of one project.
#[derive(Debug)]
pub struct Vagrant {
    cluster: Cluster,
    project: PathBuf,
    state: PathBuf,
    bundle: Option<Bundle>,
    /// Vagrant locks its machines against itself, and VirtualBox makes one at a time.
    turn: Mutex<()>,
    /// What was found by this process: looking knocks at every machine's port, and sshd turns away who knocks too often.
    found: Mutex<Option<Found>>,
}

impl Vagrant {
    /// The machines of this seat. The bundle is needed only to bring them what they lack.
    pub fn new(paths: &Paths, cluster: &Cluster, bundle: Option<Bundle>) -> Self {
        Self {
            cluster: cluster.clone(),
            project: paths.project.clone(),
            state: paths.state.clone(),
            bundle,
            turn: Mutex::default(),
            found: Mutex::default(),
        }
    }

    fn found(&self) -> Result<Found> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match found.as_ref() {
            Some(known) => Ok(known.clone()),
            None => Ok(found.insert(Found::look(&self.project, &self.state)?).clone()),
        }
    }

    fn forget_found(&self) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Found::forget(&self.state);
    }

    fn machine(&self, node: &NodeName) -> Result<Machine> {
        let found = self.found()?;
        found.machines.get(node.as_str()).cloned().ok_or_else(|| {
            Error::new(text!(
                "Vagrantfile에 이 기계가 없음",
                "the Vagrantfile has no such machine"
            ))
            .on(node)
            .hint(text!(
                "LAB_WORKERS가 정해져 있으면 그 수의 워커만 있습니다; 이름은 `vagrant status`에 나옵니다",
                "with LAB_WORKERS there are only so many workers; `vagrant status` lists the names"
            ))
        })
    }

    fn at(&self, node: &NodeName) -> Result<Place> {
        let machine = self.machine(node)?;
        let login = machine.login.ok_or_else(|| {
            Error::new(text!("노드가 돌고 있지 않음", "the node does not run"))
                .on(node)
                .hint(text!("`lab start {node}`", "`lab start {node}`"))
        })?;
        Ok(Place {
            node: node.clone(),
            address: login.host,
            port: login.port,
            user: login.user,
            logins: login.keys.into_iter().map(Login::Key).collect(),
            identity: Some(machine.identity),
        })
    }

    /// Runs Vagrant; what it said before is old then.
    fn vagrant(&self, arguments: &[&str]) -> Result<String> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let said = program::run(&self.project, arguments);
        self.forget_found();
        said
    }

    fn identities(&self) -> snapshots::Identities {
        files::identities(&self.project)
    }

    fn there(&self, nodes: &[NodeName]) -> Result<Vec<NodeName>> {
        let there = self
            .states()?
            .into_iter()
            .filter(|(_, state)| *state != NodeState::Absent);
        Ok(there
            .map(|(node, _)| node)
            .filter(|node| nodes.is_empty() || nodes.contains(node))
            .collect())
    }
}

impl Provider for Vagrant {
    fn name(&self) -> &'static str {
        "vagrant"
    }

    fn states(&self) -> Result<Vec<(NodeName, NodeState)>> {
        let found = self.found()?;
        let one = |name: &NodeName| match found.machines.get(name.as_str()) {
            Some(machine) => machine.node_state().map_err(|error| error.on(name)),
            None => Ok(NodeState::Absent),
        };
        let nodes = self.cluster.nodes.iter().map(|node| &node.name);
        nodes.map(|name| Ok((name.clone(), one(name)?))).collect()
    }

    fn prepare(&self) -> Result<()> {
        Ok(())
    }

    fn boot(&self, node: &NodeName) -> Result<()> {
        match self.machine(node)?.node_state().map_err(|error| error.on(node))? {
            NodeState::Up => Ok(()),
            NodeState::Paused => self.vagrant(&["resume", node.as_str()]).map(drop),
            _ => self.vagrant(&["up", node.as_str()]).map(drop),
        }
        .map_err(|error| error.on(node))
    }

    fn endpoint(&self, node: &NodeName) -> Result<Endpoint> {
        Pins::of(&self.state).endpoint(&self.at(node)?)
    }

    fn place(&self, node: &NodeName) -> Result<Option<(Pins, Place)>> {
        Ok(Some((Pins::of(&self.state), self.at(node)?)))
    }

    fn stop(&self, node: &NodeName) -> Result<()> {
        self.vagrant(&["halt", node.as_str()])
            .map(drop)
            .map_err(|error| error.on(node))
    }

    fn destroy(&self, node: &NodeName) -> Result<()> {
        self.vagrant(&["destroy", "-f", node.as_str()])
            .map(drop)
            .map_err(|error| error.on(node))
    }

    fn dismantle(&self) -> Result<()> {
        self.forget_found();
        Ok(())
    }

    fn save(&self, snapshot: &str, replace: bool) -> Result<()> {
        let nodes = self.there(&[])?;
        // One that somebody made without the lab is not replaced unasked.
        let force: &[&str] = if replace { &["--force"] } else { &[] };
        snapshots::add(
            &self.state,
            &self.identities(),
            (snapshot, replace),
            &nodes,
            || {
                for node in &nodes {
                    let arguments = [&["snapshot", "save"], force, &[node.as_str(), snapshot]].concat();
                    self.vagrant(&arguments).map_err(|error| error.on(node))?;
                }
                Ok(())
            },
        )
    }

    fn restore(&self, snapshot: &str, nodes: &[NodeName]) -> Result<()> {
        let saved = snapshots::named(&self.state, &self.identities(), snapshot)?;
        for node in self
            .there(nodes)?
            .iter()
            .filter(|node| saved.nodes.contains(node))
        {
            let arguments = ["snapshot", "restore", "--no-provision", node.as_str(), snapshot];
            self.vagrant(&arguments).map_err(|error| error.on(node))?;
        }
        Ok(())
    }

    fn snapshots(&self) -> Result<Vec<Snapshot>> {
        snapshots::all(&self.state, &self.identities())
    }

    fn resumes(&self) -> bool {
        true
    }

    fn saves(&self) -> bool {
        // Containers have no snapshots in Vagrant.
        self.found().is_ok_and(|found| {
            found
                .machines
                .values()
                .all(|machine| machine.status.provider != "docker")
        })
    }

    fn bundle(&self) -> Option<&Bundle> {
        self.bundle.as_ref()
    }

    fn packages(&self, packages: &[String], have: &[String], into: &Path) -> Result<Vec<PathBuf>> {
        let bundle = self.bundle.as_ref().ok_or_else(|| {
            Error::new("no bundle to take packages from").hint(text!("`lab up`으로 하세요", "use `lab up`"))
        })?;
        node_image::packages(&bundle.node_image.path, packages, have, into)
    }

    fn forget(&self, snapshot: &str) -> Result<()> {
        let saved = snapshots::named(&self.state, &self.identities(), snapshot)?;
        for node in self.there(&saved.nodes)? {
            let arguments = ["snapshot", "delete", node.as_str(), snapshot];
            self.vagrant(&arguments).map_err(|error| error.on(&node))?;
        }
        snapshots::remove(&self.state, &self.identities(), snapshot)
    }

    fn way_out(&self) -> Result<Option<WayOut>> {
        Ok(None)
    }

    fn let_out(&self, _open: bool) -> Result<()> {
        Ok(())
    }
}
