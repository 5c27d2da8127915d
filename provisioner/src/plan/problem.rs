//! What is wrong and no change repairs: said to the person, with what to do.

use serde::Serialize;

use crate::error::{Error, exit};
use crate::node::NodeName;
use crate::text::Text;

/// What a plan cannot repair.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// Where; `None`: on this host.
    pub node: Option<NodeName>,
    /// What is wrong.
    pub text: Text,
    /// What to do.
    pub hint: Text,
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let error = Self::new(problem.text).hint(problem.hint);
        match &problem.node {
            Some(node) => error.on(node),
            None => error.exit(exit::HOST),
        }
    }
}
