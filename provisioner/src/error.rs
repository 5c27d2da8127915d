//! The one error type of the orchestrator, and the exit codes it ends with.

use std::error::Error as StdError;
use std::fmt;

use crate::node::NodeName;
use crate::text::{Lang, Text};

/// Exit codes of `lab`. Documented in `lab --help` and the README; never change a meaning.
pub mod exit {
    /// Everything asked for was done, and whatever was checked holds.
    pub const OK: u8 = 0;
    /// The lab ran, and something in it failed, errored, was blocked, or was skipped without being allowed to.
    pub const LAB: u8 = 1;
    /// The command line or a file of the user is wrong.
    pub const USAGE: u8 = 2;
    /// The lab could not do what was asked: a node, a tool, the disk, the network.
    pub const CANNOT: u8 = 3;
    /// `lab doctor` (or a verb that needs it) found something the host lacks.
    pub const HOST: u8 = 4;
    /// Interrupted by Ctrl-C or SIGTERM, after cleaning up.
    pub const INTERRUPTED: u8 = 130;
}

/// What could not be done, where, why, and what to do about it.
#[derive(Debug)]
pub struct Error(Box<Parts>);

#[derive(Debug)]
struct Parts {
    what: Text,
    node: Option<NodeName>,
    causes: Vec<String>,
    output: Option<String>,
    hint: Option<Text>,
    exit: u8,
}

/// Result of anything that can fail with an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that ends `lab` with [`exit::CANNOT`]. `what`: lower case, names the thing, no full stop.
    pub fn new(what: impl Into<Text>) -> Self {
        Self(Box::new(Parts {
            what: what.into(),
            node: None,
            causes: vec![],
            output: None,
            hint: None,
            exit: exit::CANNOT,
        }))
    }

    /// An error in what the user wrote: ends `lab` with [`exit::USAGE`].
    pub fn usage(what: impl Into<Text>) -> Self {
        Self::new(what).exit(exit::USAGE)
    }

    /// The node it happened on.
    #[must_use]
    pub fn on(mut self, node: &NodeName) -> Self {
        self.0.node = Some(node.clone());
        self
    }

    /// Why: the error below and everything below that.
    #[must_use]
    pub fn because(mut self, cause: impl StdError) -> Self {
        let mut next: Option<&dyn StdError> = Some(&cause);
        while let Some(error) = next {
            self.0.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// Why, in words.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.0.causes.push(cause.into());
        self
    }

    /// What the command printed.
    #[must_use]
    pub fn output(mut self, output: impl Into<String>) -> Self {
        self.0.output = Some(output.into());
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Text>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Ends `lab` with this code, one of [`exit`].
    #[must_use]
    pub fn exit(mut self, code: u8) -> Self {
        self.0.exit = code;
        self
    }

    /// The code `lab` ends with.
    pub fn exit_code(&self) -> u8 {
        self.0.exit
    }

    /// What could not be done.
    pub fn what(&self) -> &Text {
        &self.0.what
    }

    /// The node it happened on, if one.
    pub fn node(&self) -> Option<&NodeName> {
        self.0.node.as_ref()
    }

    /// Causes, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    /// What the command printed, if one ran.
    pub fn printed(&self) -> Option<&str> {
        self.0.output.as_deref()
    }

    /// All of it but the output, on one line, for one error among several.
    pub fn told(&self) -> Text {
        let node = self.node().map(|node| format!("{node}: ")).unwrap_or_default();
        let causes: String = self.causes().iter().map(|cause| format!(": {cause}")).collect();
        let line = |lang| {
            let hint = self.advice().map(|hint| format!(" ({})", hint.get(lang)));
            format!(
                "{node}{}{causes}{}",
                self.what().get(lang),
                hint.unwrap_or_default()
            )
        };
        Text {
            ko: line(Lang::Ko),
            en: line(Lang::En),
        }
    }

    /// What to do about it, if anything.
    pub fn advice(&self) -> Option<&Text> {
        self.0.hint.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(node) = &self.0.node {
            write!(formatter, "{node}: ")?;
        }
        write!(formatter, "{}", self.0.what)?;
        self.0
            .causes
            .iter()
            .try_for_each(|cause| write!(formatter, ": {cause}"))
    }
}

impl StdError for Error {}
