//! A part of a bundle that not every cluster needs: programs of nodes, and images of these. Pure.

use std::collections::BTreeMap;

use super::recipe::Recipes;

/// Recipes of a part, and which of its programs a node has.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name, e.g. `kubernetes-1.34.4`.
    pub name: String,
    /// Its version, where it has one for all of it.
    pub version: String,
    /// The engine it belongs to, if any, as cluster.yaml writes it.
    pub engine: String,
    /// Programs, then the images of them.
    pub recipes: Recipes,
    /// The programs a node has: the recipe that makes each, by absolute path.
    pub programs: BTreeMap<String, String>,
}
