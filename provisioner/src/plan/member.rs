//! What a node of Kubernetes is known by, and what it talks to: whoever plans, hinders or makes a member looks here.

use agent::wire::Engine;

use super::Mark;
use crate::config::{Cluster, Kubernetes};

/// The authority of Kubernetes itself, on every node that belongs to it.
pub const AUTHORITY: &str = "/etc/kubernetes/pki/ca.crt";
/// kubelet.
pub const KUBELET: &str = "kubelet.service";
/// Programs that a node of Kubernetes has in its image.
pub const PROGRAMS: [&str; 3] = ["kubeadm", "kubelet", "kubectl"];

/// The socket of the runtime that Kubernetes' nodes talk to.
pub fn cri_socket(engine: Engine) -> &'static str {
    match engine {
        Engine::CriO => "unix:///run/crio/crio.sock",
        Engine::Docker | Engine::Containerd | Engine::Podman => "unix:///run/containerd/containerd.sock",
    }
}

/// What a node remembers of the cluster it was made a part of.
pub fn mark(cluster: &Cluster, kubernetes: &Kubernetes) -> Mark {
    mark_on(cluster.master().engine, cluster, kubernetes)
}

/// The same, had the master this engine.
pub(super) fn mark_on(engine: Engine, cluster: &Cluster, kubernetes: &Kubernetes) -> Mark {
    let Kubernetes {
        version,
        pods,
        services,
    } = kubernetes;
    let (address, runtime) = (cluster.master().address, cri_socket(engine));
    Mark::of(
        "kubernetes",
        &format!("{version} {pods} {services} {address} {runtime}"),
        false,
    )
}
