//! Decides what to change. Does no I/O: facts come in, a plan goes out. Judged from facts, never from the journal.

pub mod certificates;
pub mod egress;
pub mod engine;
pub mod external;
pub mod kubernetes;
pub mod machine;
mod mark;
pub mod mirror;
pub mod node;
pub mod obstacle;
mod problem;
mod query;
pub mod registry;
pub mod trust;
mod view;

pub use mark::Mark;
pub use problem::Problem;
pub use query::query;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::{Cluster, Node};
use crate::error::Result;
use crate::facts::Observed;
use crate::node::NodeName;
use crate::text::Text;
use view::View;

/// What `lab up` will do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plan {
    /// Changes, each after those it depends on.
    pub changes: Vec<Change>,
    /// What is wrong and cannot be repaired by a change.
    pub problems: Vec<Problem>,
}

/// One change.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// Unique in the plan, the same in the next: `docker.w1-k8s`.
    pub id: String,
    /// Where; `None`: on the orchestrator.
    pub node: Option<NodeName>,
    /// What is done.
    pub action: Action,
    /// Ids that must be done before.
    pub after: Vec<String>,
    /// What is done, as a phrase.
    pub text: Text,
    /// Why.
    pub why: Text,
}

/// What a change does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Create and start the node, reach it and read its facts.
    Boot,
    /// Open or close the nodes' way out.
    Egress {
        /// Whether it is to be open.
        open: bool,
    },
    /// Make the authority.
    IssueAuthority,
    /// Issue the leaf of the registry's host.
    IssueLeaf,
    /// Write a file on the node.
    PutFile {
        /// Absolute path.
        path: String,
        /// Permission bits.
        mode: u32,
        /// What is written.
        content: Content,
    },
    /// Install packages, and what they need.
    InstallPackages {
        /// Their names.
        packages: Vec<String>,
        /// Where they come from.
        from: machine::Source,
    },
    /// Unpack the programs an engine has of the bundle.
    InstallPrograms {
        /// The engine, as cluster.yaml writes it.
        engine: String,
    },
    /// Stop units, and start them at boot no more.
    Retire {
        /// The units.
        units: Vec<String>,
    },
    /// Write down on somebody's machine what was there before the lab.
    Record,
    /// Set the clock to ours.
    SetClock,
    /// Write the mirror's program, as the node image has it.
    MirrorProgram,
    /// Make the node's engines trust the authority.
    Trust {
        /// `host:port` names.
        registries: Vec<String>,
    },
    /// Act on a unit.
    Unit {
        /// The unit.
        unit: String,
        /// Whether it is enabled as well.
        enable: bool,
        /// What it is told.
        step: UnitStep,
        /// Remembered on the node once that is done.
        mark: Mark,
    },
    /// Unpack the bundle's images where the mirror serves them.
    MirrorContent,
    /// Run the registry's container in place of the one that is there.
    RegistryContainer(registry::Definition),
    /// Push the proof image to the registry.
    ProvePush(registry::Proof),
    /// Pull the proof image by digest and compare.
    ProvePull(registry::Proof),
    /// Have to do with the external registry.
    External {
        /// What of it.
        step: external::Step,
    },
    /// Write down on somebody's machine what was there before Kubernetes.
    KubernetesRecord,
    /// Unpack the bundle's programs of Kubernetes on somebody's machine.
    KubernetesPrograms {
        /// Remembered on the node once that is done.
        mark: Mark,
    },
    /// Bring containerd on somebody's machine the images of Kubernetes that the node can need.
    KubernetesImages {
        /// Remembered on the node once that is done.
        mark: Mark,
    },
    /// Make this node the control plane; what a cut short attempt left goes first.
    KubernetesInit {
        /// Remembered on the node once that is done.
        mark: Mark,
    },
    /// Make this node a worker of the cluster; what another cluster left goes first.
    KubernetesJoin {
        /// Remembered on the node once that is done.
        mark: Mark,
    },
    /// Renew the certificates of the control plane, and let its parts read them.
    KubernetesRenew {
        /// Whether its kubelet's has ended too, so that it cannot renew it itself.
        kubelet: bool,
    },
    /// Wait until the API calls these nodes ready.
    KubernetesReady {
        /// All that can be reached.
        nodes: Vec<NodeName>,
    },
}

/// What a file holds. Certificates and keys by reference: they never enter a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// This text.
    Text(String),
    /// What is there, with this block of the lab's in it.
    Block(String),
    /// The leaf and its authority.
    LeafCertificate,
    /// The leaf's key.
    LeafKey,
}

/// What a unit is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitStep {
    /// Start it.
    Start,
    /// Read its configuration anew; start it if it does not run.
    Reload,
    /// Stop and start it.
    Restart,
}

impl Plan {
    /// Whether there is nothing to change and nothing wrong.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.problems.is_empty()
    }

    /// Ids of the changes.
    pub fn ids(&self) -> Vec<&str> {
        self.changes.iter().map(|change| change.id.as_str()).collect()
    }

    /// Changes of this plan that `now`, made once more is known of the world, shows to be needless. Where that shows more to do
    /// for Kubernetes than was planned, all of that is left for a plan of its own.
    pub fn needless(&self, now: &Self) -> Vec<String> {
        let kubernetes = |id: &&str| id.starts_with("kubernetes");
        let more = now.ids().into_iter().filter(kubernetes).any(|id| !self.has(id));
        let gone = |id: &&str| !now.has(id) || (more && kubernetes(id));
        self.ids().into_iter().filter(gone).map(str::to_owned).collect()
    }

    fn add(&mut self, id: String, node: Option<&Node>, action: Action, after: &[&str], words: (Text, Text)) {
        let node = node.map(|node| node.name.clone());
        let after = after.iter().map(|id| (*id).to_owned()).collect();
        self.changes.push(Change {
            id,
            node,
            action,
            after,
            text: words.0,
            why: words.1,
        });
    }

    fn has(&self, id: &str) -> bool {
        self.changes.iter().any(|change| change.id == id)
    }

    /// Whether nothing is wrong on this node that no change repairs.
    fn is_sound(&self, node: &Node) -> bool {
        self.problems
            .iter()
            .all(|problem| problem.node.as_ref() != Some(&node.name))
    }
}

/// What must change so that the cluster is as described.
pub fn plan(cluster: &Cluster, observed: &Observed) -> Result<Plan> {
    let mut plan = Plan::default();
    if machine::unfit(cluster, observed, &mut plan) || obstacle::other_settings(cluster, observed, &mut plan)
    {
        return Ok(plan);
    }
    trust::issue(cluster, observed, &mut plan);
    egress::plan(cluster, observed, &mut plan);
    for node in &cluster.nodes {
        let view = View::new(node, observed);
        if view.silent() {
            continue;
        }
        obstacle::clock(cluster, &view, observed.now, &mut plan);
        node::plan(cluster, &view, &mut plan)?;
        egress::resolver(cluster, observed, &view, &mut plan)?;
        if cluster.provider.makes_nodes() {
            engine::install(&view, &mut plan)?;
        } else {
            machine::prepare(cluster, &view, &mut plan)?;
        }
        trust::install(cluster, &view, &mut plan);
        kubernetes::prepare(cluster, &view, &mut plan)?;
        engine::plan(cluster, &view, &mut plan)?;
    }
    let view = View::new(cluster.registry_host(), observed);
    if !view.silent() {
        mirror::plan(&view, &mut plan)?;
        if plan.is_sound(view.node) {
            registry::plan(cluster, &view, &mut plan)?;
            registry::prove(cluster, observed, &mut plan);
        }
    }
    kubernetes::cluster(cluster, observed, &mut plan);
    external::plan(cluster, observed, &mut plan);
    machine::order(cluster, &mut plan);
    // A dependency that is already so needs no waiting for.
    let ids: std::collections::BTreeSet<String> =
        plan.changes.iter().map(|change| change.id.clone()).collect();
    for change in &mut plan.changes {
        change.after.retain(|id| ids.contains(id));
    }
    Ok(plan)
}

fn id(what: &str, node: &Node) -> String {
    format!("{what}.{}", node.name)
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
