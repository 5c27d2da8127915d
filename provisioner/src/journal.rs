//! What was changed, as lines of JSON that are only ever added to. Ids and outcomes, never content. Nothing is decided by it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};

/// The journal of a seat.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Opens (or begins) the journal in a state directory.
    pub fn open(state: &Path) -> Result<Self> {
        let path = state.join("journal.jsonl");
        let failed =
            |error: std::io::Error| Error::new(format!("cannot open {}", path.display())).because(error);
        std::fs::create_dir_all(state).map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed)?;
        Ok(Self { file })
    }

    /// A change began or ended; `error` is what went wrong, one line.
    pub fn write(&mut self, change: &str, outcome: &str, error: Option<&str>) -> Result<()> {
        let line = serde_json::json!({"at": crate::event::now(), "change": change, "outcome": outcome, "error": error});
        let failed = |error| Error::new("cannot write the journal").because(error);
        self.file
            .write_all(format!("{line}\n").as_bytes())
            .map_err(failed)
    }
}
