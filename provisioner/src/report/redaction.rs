//! What no report may show: the lab's own secrets, and anything that is a private key. Finds them in a text and puts a word in
//! their place. Does not know where they come from.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::event::What;
use crate::pki::Secret;
use crate::text::Text;

/// What stands where a secret stood.
pub const WORD: &str = "[redacted]";

/// A shorter line of a secret may be a word like any other.
const LEAST: usize = 16;

/// A password that is shorter would hide half of every text, and nothing of itself.
const SHORT: usize = 4;

/// A private key, whoever made it; one whose end is missing goes on to the end of the text.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s)-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----.*?(-----END ([A-Z0-9]+ )*PRIVATE KEY-----|\z)")
        .ok()
});

/// Knows the secrets. Without any it still knows what a private key looks like.
#[derive(Clone, Default)]
pub struct Redaction {
    lines: Vec<String>,
}

impl Redaction {
    /// Hides these, line by line: who prints a key without its first line prints the key all the same.
    pub fn new(secrets: &[Secret]) -> Self {
        let lines = secrets.iter().flat_map(|secret| secret.expose().lines());
        let telling = lines.filter(|line| line.len() >= LEAST && !line.starts_with("-----"));
        Self {
            lines: telling.map(str::to_owned).collect(),
        }
    }

    /// Hides these as well, whole: a password has one line, and may be short.
    #[must_use]
    pub fn and(mut self, words: &[Secret]) -> Self {
        let telling = words
            .iter()
            .map(Secret::expose)
            .filter(|word| word.len() >= SHORT);
        self.lines.extend(telling.map(str::to_owned));
        self
    }

    /// Where secrets are in a text, in order, none touching another.
    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        let keys = KEY
            .iter()
            .flat_map(|key| key.find_iter(text))
            .map(|found| found.range());
        let own = self.lines.iter().flat_map(|line| {
            let found = text.match_indices(line.as_str());
            found.map(|(at, line)| at..at + line.len())
        });
        let mut all: Vec<Range<usize>> = keys.chain(own).collect();
        all.sort_by_key(|range| range.start);
        let mut apart: Vec<Range<usize>> = vec![];
        for range in all {
            match apart.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => apart.push(range),
            }
        }
        apart
    }

    /// The text without its secrets.
    pub fn of(&self, text: &str) -> String {
        let (mut shown, mut done) = (String::with_capacity(text.len()), 0);
        for secret in self.find(text) {
            shown += &text[done..secret.start];
            shown += WORD;
            done = secret.end;
        }
        shown + &text[done..]
    }

    /// What happened, without the secrets in what was typed, printed and found.
    pub fn of_event(&self, mut what: What) -> What {
        if let What::StepFinished {
            command,
            output,
            reason,
            ..
        }
        | What::CheckFinished {
            command,
            output,
            reason,
            ..
        } = &mut what
        {
            *command = self.of(command);
            *output = self.of(output);
            *reason = reason.take().map(|Text { ko, en }| Text {
                ko: self.of(&ko),
                en: self.of(&en),
            });
        }
        what
    }
}

impl std::fmt::Debug for Redaction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(WORD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_lines_of_secrets_are_hidden_and_nothing_else() {
        let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\nshort\n-----END PRIVATE KEY-----\n");
        let redaction = Redaction::new(&[Secret::new(pem.clone())]);
        let check = |text: &str, expected: &str| assert_eq!(redaction.of(text), expected, "{text}");
        check("한글 short", "한글 short");
        check(&format!("한글 {pem}끝"), "한글 [redacted]\n끝");
        check(&format!("x{body}{body}y{body}"), "x[redacted]y[redacted]");
        check("-----BEGIN RSA PRIVATE KEY-----\nabc", "[redacted]");
        check(
            "-----BEGIN CERTIFICATE-----\nabc",
            "-----BEGIN CERTIFICATE-----\nabc",
        );
        assert_eq!(format!("{redaction:?}"), WORD);
    }

    #[test]
    fn a_password_is_hidden_however_short() {
        let words = ["sesame", "c3R1ZGVudDpzZXNhbWU=", "a"].map(Secret::new);
        let redaction = Redaction::default().and(&words);
        let shown = redaction.of("opens at sesame, \"auth\": \"c3R1ZGVudDpzZXNhbWU=\", a cat");
        assert_eq!(shown, "opens at [redacted], \"auth\": \"[redacted]\", a cat");
    }
}
