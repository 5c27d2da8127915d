//! Reads one file of a lab at a time and collects its problems, each where it stands.

use serde_yaml::Location;

use super::files::Files;
use crate::config::{Cluster, Problem, excerpt};
use crate::text::Text;

/// Reads one file at a time and collects its problems.
pub(super) struct Reader<'lab> {
    pub(super) file: String,
    pub(super) cluster: Option<&'lab Cluster>,
    pub(super) files: &'lab Files,
    pub(super) problems: Vec<Problem>,
    /// Engines the scripts being read are for; none: any.
    pub(super) engines: Vec<agent::wire::Engine>,
}

impl Reader<'_> {
    pub(super) fn report(&mut self, location: Location, message: Text, hint: Option<Text>) {
        self.problems
            .push(Problem::at(&self.file, location, message, hint));
    }

    /// Reports a word that is written at or after `location`, at the word itself.
    pub(super) fn report_word(&mut self, location: Location, word: &str, message: Text, hint: Option<Text>) {
        let mut problem = Problem::at(&self.file, location, message, hint);
        if let Some(text) = text_of(self.files, &self.file) {
            (problem.line, problem.column) = excerpt::find(text, (problem.line, problem.column), word);
        }
        self.problems.push(problem);
    }
}

/// The text of `labs/NAME/FILE`.
pub(super) fn text_of<'files>(files: &'files Files, path: &str) -> Option<&'files str> {
    let (_, file) = path.rsplit_once('/')?;
    files.get(file).map(String::as_str)
}
