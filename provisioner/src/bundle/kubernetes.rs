//! Which versions of Kubernetes a bundle can hold, and what goes with each. Pure.

/// Versions, the default first.
pub const OFFERED: [&str; 1] = ["1.34.4"];

/// The sandbox image of a version, as `kubeadm config images list` names it.
pub fn pause(_version: &str) -> &'static str {
    "registry.k8s.io/pause:3.10.1"
}
