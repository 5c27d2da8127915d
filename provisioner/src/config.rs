//! cluster.yaml -> [`Cluster`]. Every problem at once, each with file:line:column and a hint. No I/O but reading the text given.

pub mod excerpt;
pub mod shape;
pub mod suggest;
pub mod tree;

mod check;
mod external;
mod kubernetes;
mod nodes;
mod raw;
mod scalar;
mod ssh;

pub use check::IMAGE;
pub use nodes::MAX_NODES;

use agent::wire::Engine;
use excerpt::Excerpt;
use serde_yaml::Location;

pub use crate::cluster::{
    Cluster, Egress, External, Kubernetes, Login, Network, Node, Product, ProviderKind, Registry, Ssh,
};

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
    /// The line and the token in it, where there is one.
    pub excerpt: Option<Excerpt>,
}

impl Problem {
    /// A problem at a location of `file`, without its line.
    pub fn at(
        file: &str,
        location: Location,
        message: crate::text::Text,
        hint: Option<crate::text::Text>,
    ) -> Self {
        let (line, column) = tree::position(location);
        Self {
            file: file.to_owned(),
            line,
            column,
            message,
            hint,
            excerpt: None,
        }
    }

    /// With its line, from the text of its file.
    #[must_use]
    pub fn quoting(mut self, text: &str) -> Self {
        self.excerpt = Excerpt::of(text, self.line, self.column);
        self
    }
}

impl Cluster {
    /// Reads a cluster from the text of `file`. Errors: every problem there is, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        Self::parse_with(file, text, None)
    }

    /// The same with another engine for the nodes that name none of their own.
    pub fn parse_with(file: &str, text: &str, engine: Option<Engine>) -> Result<Self, Vec<Problem>> {
        let quoting = |problem: Problem| problem.quoting(text);
        Self::read(file, text, engine).map_err(|problems| problems.into_iter().map(quoting).collect())
    }

    fn read(file: &str, text: &str, engine: Option<Engine>) -> Result<Self, Vec<Problem>> {
        let tree = tree::parse(file, text).map_err(|problem| vec![problem])?;
        let mut problems = shape::problems(file, &tree, &Self::schema());
        let mut cluster = None;
        match tree::read::<raw::Cluster>(file, text) {
            Ok(raw) => {
                let (checked, more) = check::check(file, &raw, engine);
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
