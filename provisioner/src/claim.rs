//! A statement of the notes as plain data: what it says and where, what a run is expected to find, which checks look.
//! Reading it from a ledger is `lab`'s; so is what a run makes of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// One statement of the notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its id, which checks name.
    pub id: String,
    /// The heading of the notes.
    pub section: String,
    /// Where in the notes it is made, in order, none overlapping.
    pub lines: Vec<Lines>,
    /// One sentence, in our words.
    pub claim: Text,
    /// What a run is expected to find.
    pub expect: Verdict,
    /// Why, where it is not confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// The checks that settle it, as `exercise/step/check`; of a step with a matrix as `exercise/step[name=value]/check`.
    pub checks: Vec<String>,
}

/// Lines of the notes, the first being 1; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Lines {
    /// The first.
    pub first: usize,
    /// The last, not before the first.
    pub last: usize,
}

impl Lines {
    /// `145` or `143-146`.
    pub fn read(words: &str) -> Option<Self> {
        let number = |word: &str| word.trim().parse::<usize>().ok().filter(|line| *line > 0);
        let (first, last) = words.split_once('-').unwrap_or((words, words));
        let lines = Self {
            first: number(first)?,
            last: number(last)?,
        };
        (lines.first <= lines.last).then_some(lines)
    }

    /// Whether a line is one of them.
    pub fn holds(self, line: usize) -> bool {
        (self.first..=self.last).contains(&line)
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(formatter, "{}", self.first)
        } else {
            write!(formatter, "{}-{}", self.first, self.last)
        }
    }
}

impl From<Lines> for String {
    fn from(lines: Lines) -> Self {
        lines.to_string()
    }
}

impl TryFrom<String> for Lines {
    type Error = String;

    fn try_from(words: String) -> Result<Self, String> {
        Self::read(&words).ok_or_else(|| format!("not lines of the notes: `{words}`"))
    }
}

/// What is made of a claim: expected by a ledger, found by a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The notes are right.
    Confirmed,
    /// The notes are wrong here.
    Refuted,
    /// True with the book's versions, not with these.
    Differs,
    /// No experiment settles it here.
    Unsettled,
    /// A judgement or advice: nothing an experiment could settle anywhere.
    Opinion,
}

impl Verdict {
    /// Each, in the order reports show them.
    pub const ALL: [Self; 5] = [
        Self::Confirmed,
        Self::Refuted,
        Self::Differs,
        Self::Unsettled,
        Self::Opinion,
    ];

    /// Words a ledger may use, in the order of [`Verdict::ALL`].
    pub const WORDS: [&str; 5] = ["confirmed", "refuted", "differs", "unsettled", "opinion"];

    /// The verdict of a word.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .zip(Self::WORDS)
            .find_map(|(verdict, known)| (word == known).then_some(verdict))
    }

    /// Its word in a ledger.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// Its name, Korean and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Confirmed => ("맞음", "confirmed"),
            Self::Refuted => ("틀림", "refuted"),
            Self::Differs => ("버전에 따라 다름", "differs by version"),
            Self::Unsettled => ("확인되지 않음", "not settled"),
            Self::Opinion => ("의견", "opinion"),
        }
    }

    /// Whether checks have to look before it can be said.
    pub fn is_checked(self) -> bool {
        matches!(self, Self::Confirmed | Self::Refuted | Self::Differs)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written() {
        for (words, expected) in [
            ("7", Some("7")),
            ("143-146", Some("143-146")),
            ("5 - 5", Some("5")),
            ("0", None),
            ("9-3", None),
            ("3-", None),
            ("", None),
            ("all", None),
        ] {
            assert_eq!(
                Lines::read(words).map(|lines| lines.to_string()).as_deref(),
                expected,
                "{words}"
            );
        }
    }

    #[test]
    fn words_are_those_of_json() {
        for verdict in Verdict::ALL {
            let json = serde_json::to_string(&verdict).unwrap();
            assert_eq!(json, format!("\"{}\"", verdict.word()));
            assert_eq!(Verdict::read(verdict.word()), Some(verdict));
        }
    }
}
