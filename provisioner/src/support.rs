//! What a bug report needs, in one file that may be shown to others: texts are taken in one by one, cleaned of secrets, and written
//! with a list of what was removed from which, and why. Where the texts come from is not known here, but for those of nodes.

mod archive;
mod cleaning;
pub mod node;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

pub use archive::Packing;
pub use cleaning::{Cleaner, Kind};

use crate::error::Result;
use crate::text;
use crate::text::Lang;

/// Bytes of one text that are kept: its end.
const LONGEST: usize = 4 << 20;
/// The list of what was removed.
const REMOVED: &str = "removed.txt";

/// Texts for a bug report, without their secrets.
#[derive(Debug)]
pub struct Collection {
    cleaner: Cleaner,
    texts: BTreeMap<String, String>,
    removed: Vec<Removed>,
}

/// How often a kind of secret was removed from a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The text's name.
    pub file: String,
    /// What was removed.
    pub kind: Kind,
    /// How often.
    pub count: usize,
}

impl Collection {
    /// Nothing yet.
    pub fn new(cleaner: Cleaner) -> Self {
        Self {
            cleaner,
            texts: BTreeMap::new(),
            removed: vec![],
        }
    }

    /// Takes a text in, under the name it has in the archive; a long one loses its beginning.
    pub fn add(&mut self, name: impl Into<String>, text: &str) {
        let name = name.into();
        // Cleaned before it is cut: a secret that lost its beginning could not be told.
        let (clean, counts) = self.cleaner.clean(text);
        self.removed
            .extend(counts.into_iter().map(|(kind, count)| Removed {
                file: name.clone(),
                kind,
                count,
            }));
        self.texts.insert(name, end(clean));
    }

    /// The same, of a value.
    pub fn add_json(&mut self, name: impl Into<String>, value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string());
        self.add(name, &text);
    }

    /// The same, of a file; one that is not there is left out, one that cannot be read is said.
    pub fn add_file(&mut self, name: impl Into<String>, path: &Path) {
        match std::fs::read(path) {
            Ok(bytes) => self.add(name, &String::from_utf8_lossy(&bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.add(name, &format!("cannot read {}: {error}", path.display())),
        }
    }

    /// What was removed so far.
    pub fn removed(&self) -> &[Removed] {
        &self.removed
    }

    /// Writes all of it to a new file that only its owner may read.
    pub fn write(&mut self, file: &Path, packing: Packing, lang: Lang) -> Result<()> {
        let list = self.list(lang);
        self.texts.insert(REMOVED.into(), list);
        archive::write(file, packing, &self.texts)
    }

    fn list(&self, lang: Lang) -> String {
        let mut lines = vec![
            text!(
                "이 묶음에서 지운 것. 지운 자리에는 {}이(가) 있습니다. 보내기 전에 한번 훑어보세요.",
                "What was removed from this archive. {} stands in its place. Look through it before you send it.",
                crate::report::redaction::WORD
            )
            .get(lang)
            .to_owned(),
            String::new(),
        ];
        lines.extend(self.removed.iter().map(|removed| {
            let why = removed.kind.why();
            format!("{}: {} × {}", removed.file, removed.count, why.get(lang))
        }));
        if self.removed.is_empty() {
            lines.push(
                text!("지울 것이 없었음", "there was nothing to remove")
                    .get(lang)
                    .to_owned(),
            );
        }
        let never = text!(
            "처음부터 넣지 않는 것: 노드의 디스크와 스냅샷, 열쇠 파일(pki, ssh), LAB_·XDG_·언어·프록시가 아닌 환경 변수",
            "Never collected: the nodes' disks and snapshots, key files (pki, ssh), environment variables other than LAB_, XDG_, language and proxies"
        );
        lines.extend([String::new(), never.get(lang).to_owned(), String::new()]);
        lines.join("\n")
    }
}

/// The last of a text, from a line's beginning.
fn end(text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    let rest = text
        .bytes()
        .skip(text.len() - LONGEST)
        .position(|byte| byte == b'\n');
    let from = text.len() - LONGEST + rest.map_or(LONGEST, |at| at + 1);
    format!("…\n{}", &text[from..])
}

#[cfg(test)]
mod tests;
