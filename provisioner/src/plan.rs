//! Decides what to change. Does no I/O: facts come in, a plan goes out. Judged from facts, never from the journal.

pub mod certificates;
mod change;
pub mod egress;
pub mod engine;
pub mod external;
pub mod kubernetes;
pub mod machine;
mod mark;
pub mod member;
pub mod mirror;
pub mod node;
pub mod obstacle;
mod problem;
mod query;
pub mod registry;
pub mod trust;
mod view;

pub use change::{Action, Change, Content, Source, UnitStep};
pub use mark::Mark;
pub use problem::Problem;
pub use query::query;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::{Cluster, Node};
use crate::error::Result;
use crate::facts::Observed;
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
    kubernetes::order(cluster, &mut plan);
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
