//! Nodes as OCI containers on this Linux machine: systemd as pid 1, each root a btrfs subvolume, all of it held by one keeper
//! process per state directory. Decides nothing about what is on a node.

mod bake;
pub mod bridge;
pub mod command;
pub mod container;
pub mod control_group;
pub mod disk;
pub mod egress;
pub mod host;
pub mod host_settings;
pub mod keeper;
mod lifetime;
pub mod namespace;
pub mod network;
pub mod orchestrator;
pub mod packages;
pub mod root;
pub mod runtime;
pub mod shelf;
pub mod snapshot;
pub mod subvolume;
mod together;

use std::path::{Path, PathBuf};

use crate::artifact::Bundle;
use crate::cluster::{Cluster, Node, WayOut};
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::paths::Paths;
use crate::provider::{NodeState, Provider, Snapshot};
use crate::text;
use crate::transport::{Endpoint, HostKeys, Login};

use keeper::Keeper;
use together::together;

/// The nodes of one state directory.
#[derive(Debug)]
pub struct Local {
    state: PathBuf,
    cache: PathBuf,
    cluster: Cluster,
    bundle: Option<Bundle>,
    program: PathBuf,
    offline: bool,
}

impl Local {
    /// The nodes of this seat. The bundle is needed only to create a node.
    pub fn new(paths: &Paths, cluster: &Cluster, bundle: Option<Bundle>) -> Self {
        let program = PathBuf::from("/proc/self/exe");
        Self {
            state: paths.state.clone(),
            cache: paths.cache.clone(),
            cluster: cluster.clone(),
            bundle,
            program,
            offline: false,
        }
    }

    /// There is no way out for nodes to be had.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Starts the keeper from this `lab` binary rather than from the running program.
    #[must_use]
    pub fn with_program(mut self, program: &Path) -> Self {
        self.program = program.to_owned();
        self
    }

    fn node(&self, name: &NodeName) -> Result<&Node> {
        self.cluster.node(name).ok_or_else(|| {
            Error::usage(text!(
                "{}: 클러스터에 없는 노드",
                "no node `{}` in the cluster",
                name
            ))
        })
    }

    fn keeper(&self) -> Result<Option<Keeper>> {
        Keeper::find(&self.state)
    }

    fn running_keeper(&self) -> Result<Keeper> {
        self.keeper()?.ok_or_else(|| {
            Error::new(text!("클러스터가 떠 있지 않음", "the cluster does not run"))
                .hint(text!("`lab up`으로 띄우세요", "bring it up with `lab up`"))
        })
    }

    fn state_of(&self, keeper: Option<&Keeper>, name: &NodeName) -> Result<NodeState> {
        let Some(keeper) = keeper else {
            return Ok(if disk::listed(&self.state, name) {
                NodeState::Stopped
            } else {
                NodeState::Absent
            });
        };
        match runtime::status(keeper, name)? {
            Some(state) => Ok(state),
            None if subvolume::exists(keeper, &self.state, name) => Ok(NodeState::Stopped),
            None => Ok(NodeState::Absent),
        }
    }

    fn create(&self, keeper: &Keeper, node: &Node) -> Result<()> {
        let place = disk::node(&self.state, &node.name);
        if subvolume::exists(keeper, &self.state, &node.name) {
            return Ok(());
        }
        subvolume::remove(keeper, &place)?;
        let bundle = self.bundle.as_ref().ok_or_else(|| {
            Error::new("no bundle to create the node from")
                .on(&node.name)
                .hint(text!("`lab up`으로 만드세요", "create it with `lab up`"))
        })?;
        let base = subvolume::import(keeper, &self.state, bundle)?;
        let fresh = disk::unfinished(&place);
        subvolume::remove(keeper, &fresh)?;
        subvolume::copy(keeper, &base, &fresh, false)?;
        root::prepare(&keeper.inside(&fresh), &self.state, node)?;
        disk::list(&self.state, &node.name)?;
        subvolume::put(keeper, &fresh, &place)
    }

    fn halt(&self, keeper: &Keeper, name: &NodeName) -> Result<()> {
        runtime::stop(keeper, name)?;
        runtime::delete(keeper, name)?;
        network::detach(keeper, name)
    }
}

impl Provider for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn states(&self) -> Result<Vec<(NodeName, NodeState)>> {
        let keeper = self.keeper()?;
        let known = keeper
            .as_ref()
            .map(runtime::statuses)
            .transpose()?
            .unwrap_or_default();
        let of = |node: &Node| {
            let state = match known.get(node.name.as_str()) {
                Some(state) => *state,
                None => self.state_of(keeper.as_ref(), &node.name)?,
            };
            Ok((node.name.clone(), state))
        };
        self.cluster.nodes.iter().map(of).collect()
    }

    fn prepare(&self) -> Result<()> {
        let keeper = self.start_keeper()?;
        host_settings::raise(keeper.instance(), &self.state)?;
        root::orchestrator_key(&self.state)?;
        let Some(bundle) = &self.bundle else { return Ok(()) };
        subvolume::import(&keeper, &self.state, bundle)?;
        subvolume::forget_old(&keeper, &self.state, bundle)
    }

    fn boot(&self, name: &NodeName) -> Result<()> {
        let node = self.node(name)?;
        let keeper = self.start_keeper()?;
        match self.state_of(Some(&keeper), name)? {
            NodeState::Up => return Ok(()),
            NodeState::Paused => return runtime::resume(&keeper, name),
            NodeState::Stopped | NodeState::Absent => {}
        }
        self.create(&keeper, node).map_err(|error| error.on(name))?;
        runtime::delete(&keeper, name)?;
        network::attach(&keeper, node, &self.cluster)?;
        container::write(&keeper, &disk::node(&self.state, name), node)?;
        runtime::start(&keeper, name)
    }

    fn endpoint(&self, name: &NodeName) -> Result<Endpoint> {
        let node = self.node(name)?;
        let keeper = self.running_keeper().map_err(|error| error.on(name))?;
        if self.state_of(Some(&keeper), name)? != NodeState::Up {
            return Err(
                Error::new(text!("노드가 돌고 있지 않음", "the node does not run"))
                    .on(name)
                    .hint(text!("`lab start {}`", "`lab start {}`", name)),
            );
        }
        Ok(Endpoint {
            node: name.clone(),
            address: node.address.into(),
            port: 22,
            network: Some(keeper.network()),
            user: "root".into(),
            sudo: false,
            logins: vec![Login::Key(root::orchestrator_key(&self.state)?)],
            host_keys: HostKeys::Pinned(vec![root::host_key(&self.state, name)?]),
        })
    }

    fn stop(&self, name: &NodeName) -> Result<()> {
        match self.keeper()? {
            Some(keeper) => self.halt(&keeper, name),
            None => Ok(()),
        }
    }

    fn destroy(&self, name: &NodeName) -> Result<()> {
        let Some(keeper) = self.keeper()? else {
            return disk::unlist(&self.state, name);
        };
        runtime::delete(&keeper, name)?;
        network::detach(&keeper, name)?;
        let place = disk::node(&self.state, name);
        subvolume::remove(&keeper, &disk::unfinished(&place))?;
        subvolume::remove(&keeper, &place)?;
        disk::unlist(&self.state, name)
    }

    fn dismantle(&self) -> Result<()> {
        self.end()
    }

    fn save(&self, snapshot: &str, replace: bool) -> Result<()> {
        snapshot::save(
            &self.running_keeper()?,
            &self.state,
            &self.cluster,
            snapshot,
            replace,
        )
    }

    fn restore(&self, snapshot: &str, nodes: &[NodeName]) -> Result<()> {
        let keeper = self.start_keeper()?;
        let nodes = snapshot::chosen(&keeper, &self.state, snapshot, nodes)?;
        together(&nodes, |name| {
            runtime::delete(&keeper, name)?;
            snapshot::put_back(&keeper, &self.state, snapshot, name)?;
            self.boot(name)
        })
    }

    fn snapshots(&self) -> Result<Vec<Snapshot>> {
        // After a host reboot the disk is there and nobody holds it: only a keeper can say what is on it.
        if self.keeper()?.is_none() && !disk::image(&self.state).exists() {
            return Ok(vec![]);
        }
        snapshot::list(&self.start_keeper()?, &self.state)
    }

    fn saves(&self) -> bool {
        true
    }

    fn bundle(&self) -> Option<&Bundle> {
        self.bundle.as_ref()
    }

    fn packages(&self, packages: &[String], have: &[String], into: &Path) -> Result<Vec<PathBuf>> {
        let base = subvolume::newest_base(&self.running_keeper()?, &self.state)?;
        packages::write(&base, packages, have, into)
    }

    fn forget(&self, snapshot: &str) -> Result<()> {
        snapshot::forget(&self.start_keeper()?, &self.state, snapshot)
    }

    fn way_out(&self) -> Result<Option<WayOut>> {
        egress::look(self.keeper()?.as_ref(), &self.cluster, self.offline).map(Some)
    }

    fn let_out(&self, open: bool) -> Result<()> {
        match (open, self.keeper()?) {
            (true, _) => egress::open(&self.start_keeper()?, &self.state, &self.cluster),
            (false, Some(keeper)) => egress::close(&keeper),
            (false, None) => Ok(()),
        }
    }
}
