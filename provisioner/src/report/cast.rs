//! Recordings of terminals, as asciicast version 2 (<https://docs.asciinema.org/manual/asciicast/v2/>): a file per step and node
//! beside the report, which plays what was typed and what came back, as fast as it came. What runs is decided elsewhere.

mod tape;

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::error::{Error, Result};
use crate::report::redaction::Redaction;
use crate::text::{Lang, Text};
pub use tape::Tape;

/// The directory of the casts in a report.
const DIRECTORY: &str = "casts";

/// The terminal they are recorded for.
const SIZE: (u32, u32) = (120, 30);

/// Seconds of silence that a player need not sit through.
const IDLE: u32 = 2;

/// Where a run's casts go.
#[derive(Debug)]
pub struct Casts {
    directory: PathBuf,
    lang: Lang,
    redaction: Redaction,
}

/// What was recorded.
#[derive(Debug)]
pub struct About<'a> {
    /// `exercise`, `step` and `node`: together the name of the file.
    pub name: [&'a str; 3],
    /// A line for the player's head.
    pub title: Text,
    /// What a person would have typed.
    pub typed: String,
}

impl Casts {
    /// Beside a report.
    pub fn create(report: &Path, lang: Lang, redaction: Redaction) -> Result<Self> {
        let directory = report.join(DIRECTORY);
        fs::create_dir_all(&directory).map_err(|error| cannot(&directory).because(error))?;
        Ok(Self {
            directory,
            lang,
            redaction,
        })
    }

    /// Writes a cast under a name nobody has yet; its path relative to the report.
    pub fn write(&self, about: &About<'_>, tape: &Tape) -> Result<String> {
        let header = json!({
            "version": 2,
            "width": SIZE.0,
            "height": SIZE.1,
            "timestamp": tape.began().unix_timestamp(),
            "idle_time_limit": IDLE,
            "title": self.redaction.of(about.title.get(self.lang)),
            "env": {"SHELL": "/bin/bash"},
        });
        let prompt = self.redaction.of(about.typed.trim_end()).replace('\n', "\r\n> ");
        let mut lines = vec![header, json!([0.0, "o", format!("$ {prompt}\r\n")])];
        let events = tape.events(&self.redaction, self.lang);
        lines.extend(events.into_iter().map(|event| {
            let seconds = event.at.as_micros() as f64 / 1e6;
            json!([seconds, event.kind, event.data])
        }));
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let (file, mut open) = self.open(about)?;
        let written = open.write_all(text.as_bytes());
        written.map_err(|error| cannot(&self.directory.join(&file)).because(error))?;
        Ok(format!("{DIRECTORY}/{file}"))
    }

    /// A step that several exercises need runs several times: the second cast gets a number.
    fn open(&self, about: &About<'_>) -> Result<(String, fs::File)> {
        let name = about.name.map(plain).join(".");
        let mut count = 1;
        loop {
            let file = match count {
                1 => format!("{name}.cast"),
                count => format!("{name}.{count}.cast"),
            };
            let path = self.directory.join(&file);
            match fs::File::create_new(&path) {
                Ok(open) => return Ok((file, open)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => count += 1,
                Err(error) => return Err(cannot(&path).because(error)),
            }
        }
    }
}

/// Whether this names a cast in a report's own directory, as the events of a run say it.
pub fn is_name(file: &str) -> bool {
    let name = file
        .strip_prefix(DIRECTORY)
        .and_then(|rest| rest.strip_prefix('/'));
    let letter = |one: char| one.is_ascii_alphanumeric() || "._-".contains(one);
    name.is_some_and(|name| name.chars().all(letter) && !name.starts_with('.') && name.ends_with(".cast"))
}

/// Letters that mean nothing to a file system or in an address: `start[policy=no]` becomes `start-policy-no`.
fn plain(word: &str) -> String {
    let letter = |one: char| {
        if one.is_ascii_alphanumeric() || "._".contains(one) {
            one
        } else {
            '-'
        }
    };
    let word: String = word.chars().map(letter).take(80).collect();
    word.trim_matches(['-', '.']).to_owned()
}

fn cannot(path: &Path) -> Error {
    Error::new(format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests;
