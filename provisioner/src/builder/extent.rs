//! What belongs in a bundle beyond what every cluster needs.

use std::collections::BTreeSet;

/// What belongs in a bundle beyond what every cluster needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The node image, as cluster.yaml names it, e.g. `debian-13`; empty: the first there is a recipe for.
    pub node_image: String,
    /// The version of Kubernetes, if any, e.g. `1.34.4`.
    pub kubernetes: Option<String>,
    /// Engines of nodes, as cluster.yaml writes them.
    pub engines: BTreeSet<String>,
}
