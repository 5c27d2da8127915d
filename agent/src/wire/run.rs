//! A command that the orchestrator has run on a node. Types only; the agent's handler runs it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A command, as argv. No shell is involved unless argv names one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Added to the agent's small fixed environment.
    pub env: BTreeMap<String, String>,
    /// Working directory; the user's home where absent.
    pub directory: Option<String>,
    /// Whether `Data` frames will follow as standard input; otherwise it is empty.
    pub stdin: bool,
    /// Run on a pseudo-terminal of this size.
    pub pty: Option<Pty>,
    /// Milliseconds until the whole process group is ended.
    pub deadline_ms: Option<u64>,
    /// Bytes of stdout and stderr each that are sent; what exceeds it is counted and dropped. `None`: all of it.
    pub cap: Option<u64>,
}

/// A pseudo-terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pty {
    /// `TERM` of the process.
    pub term: String,
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
}
