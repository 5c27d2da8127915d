//! One change of a plan: where, what is done, and why.

use serde::Serialize;

use super::{Mark, external, registry};
use crate::node::NodeName;
use crate::text::Text;

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
        from: Source,
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

/// Where packages come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The bundle's node image.
    Bundle,
    /// The machine's own package sources.
    Machine,
}
