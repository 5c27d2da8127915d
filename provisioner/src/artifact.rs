//! A bundle as plain data: which files it is, by digest. Making it is `builder`'s, naming its parts `bundle`'s.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A bundle that is complete and verified, ready for nodes to install from.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// SHA-256 over all artifacts, in hex: changes when anything in it does.
    pub digest: String,
    /// The node image: a tar (zstd) of a root file system.
    pub node_image: Artifact,
    /// OCI images, each a layout directory.
    pub images: Vec<Image>,
    /// The mirror's storage, a tar (zstd) to unpack at [`MIRROR_STORAGE`]: all images in distribution's own layout.
    pub mirror: Artifact,
    /// Kubernetes, if it was asked for.
    pub kubernetes: Option<Kubernetes>,
    /// Programs of the nodes' engines, by engine: each a tar (zstd) to unpack at the root of a node.
    pub engines: BTreeMap<String, Artifact>,
}

/// Kubernetes of one version.
#[derive(Clone, Debug)]
pub struct Kubernetes {
    /// Without the `v`, e.g. `1.34.4`.
    pub version: String,
    /// Its programs: a tar (zstd) to unpack at the root of a node.
    pub programs: Artifact,
    /// Images of its control plane and of its pods, by the full references kubeadm asks for.
    pub images: Vec<Image>,
}

/// Where the mirror keeps its storage on a node.
pub const MIRROR_STORAGE: &str = "/var/lib/lab/mirror";

/// A file of the bundle.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// An OCI image of the bundle.
#[derive(Clone, Debug)]
pub struct Image {
    /// As exercises name it, e.g. `nginx:stable`; of Kubernetes, with its registry.
    pub reference: String,
    /// OCI layout directory.
    pub layout: PathBuf,
    /// Digest of its manifest, `sha256:…`.
    pub manifest: String,
}
