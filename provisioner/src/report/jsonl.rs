//! Every event as one line of JSON in a file.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};
use crate::event::{Event, Reporter};

/// Writes events.jsonl.
#[derive(Debug)]
pub struct Jsonl {
    file: File,
}

impl Jsonl {
    /// Into a new file.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path)
            .map_err(|error| Error::new(format!("cannot write {}", path.display())).because(error))?;
        Ok(Self { file })
    }
}

impl Reporter for Jsonl {
    fn report(&mut self, event: &Event) {
        if let Ok(mut line) = serde_json::to_vec(event) {
            line.push(b'\n');
            // One write per line: a killed run leaves whole lines.
            let _ = self.file.write_all(&line);
        }
    }
}
