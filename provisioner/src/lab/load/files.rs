//! The files a step takes to its nodes: each must be a file of the lab's own, below its `files/`.

use sha2::{Digest, Sha256};

use super::Reader;
use crate::config::suggest;
use crate::lab::File;
use crate::lab::files::DIRECTORY;
use crate::lab::raw::Word;
use crate::text;

impl Reader<'_> {
    /// What `files:` names: files, and directories with all in them.
    pub(super) fn step_files(&mut self, raw: &[Word]) -> Vec<File> {
        let mut found: Vec<File> = raw.iter().flat_map(|word| self.step_file(word)).collect();
        found.sort_by(|one, other| one.path.cmp(&other.path));
        found.dedup_by(|one, other| one.path == other.path);
        found
    }

    fn step_file(&mut self, word: &Word) -> Vec<File> {
        let wrong = |part: &str| part.is_empty() || part == "." || part == "..";
        if word.split('/').any(wrong) || word.contains('\\') {
            let hint = text!(
                "이 lab의 {DIRECTORY}/ 아래 경로를 적으세요",
                "write a path below the lab's own {DIRECTORY}/"
            );
            let message = text!(
                "`{}`: 파일이 lab의 디렉터리를 벗어남",
                "`{}` leaves the lab's directory",
                **word
            );
            self.report(word.location, message, Some(hint));
            return vec![];
        }
        let path = format!("{DIRECTORY}/{}", **word);
        let below = format!("{path}/");
        let here = |file: &str| file == path || file.starts_with(&below);
        // The file itself, what is in it, or a directory it is in.
        let touches = |file: &str| here(file) || path.starts_with(&format!("{file}/"));
        if let Some((file, why)) = self.files.refused.iter().find(|(file, _)| touches(file)) {
            let message = text!("`{file}`: {}", "`{file}`: {}", why);
            self.report(word.location, message, None);
            return vec![];
        }
        let texts = self.files.iter().filter(|(file, _)| here(file));
        let found: Vec<File> = texts
            .map(|(file, text)| File::new(&file[DIRECTORY.len() + 1..], text))
            .collect();
        if found.is_empty() {
            let known = self.files.keys().filter_map(|file| file.strip_prefix("files/"));
            let hint = suggest::hint(word, known);
            let message = text!("파일 `{path}`이(가) 없음", "there is no file `{path}`");
            self.report(word.location, message, Some(hint));
        }
        found
    }
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            sha256: hex::encode(Sha256::digest(text)),
            text: text.to_owned(),
        }
    }
}
