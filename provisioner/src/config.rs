//! cluster.yaml -> [`Cluster`]. Every problem at once, each with file:line:column and a hint. No I/O but reading the text given.

pub mod shape;
pub mod suggest;
pub mod tree;

mod check;
mod kubernetes;
mod nodes;
mod raw;
mod scalar;

pub use nodes::MAX_NODES;

pub use crate::cluster::{Cluster, Egress, Kubernetes, Network, Node, ProviderKind, Registry};

/// A place in a file and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// File as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: crate::text::Text,
    /// What to do.
    pub hint: Option<crate::text::Text>,
}

impl Cluster {
    /// Reads a cluster from the text of `file`. Errors: every problem there is, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let tree = tree::parse(file, text).map_err(|problem| vec![problem])?;
        let mut problems = shape::problems(file, &tree, &Self::schema());
        let mut cluster = None;
        match tree::read::<raw::Cluster>(file, text) {
            Ok(raw) => {
                let (checked, more) = check::check(file, &raw);
                cluster = checked;
                problems.extend(more);
            }
            // A value of the wrong kind: the comparison with the schema has said so, and more.
            Err(problem) if problems.is_empty() => problems.push(problem),
            Err(_) => {}
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        match cluster {
            Some(cluster) if problems.is_empty() => Ok(cluster),
            _ => Err(problems),
        }
    }

    /// The JSON Schema (draft-07) of cluster.yaml.
    pub fn schema() -> serde_json::Value {
        shape::schema::<raw::Cluster>()
    }
}

#[cfg(test)]
mod tests;
