//! What a command must have led to. Pure: an ended command comes in, a mismatch goes out. Output is compared trimmed.

use regex::Regex;

use super::variables::{Variables, expand};
use crate::text;
use crate::text::Text;

/// All of these must hold.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// The exit code; a command ended by signal N counts as 128 + N. `None`: 0.
    pub exit_code: Option<i32>,
    /// Matchers of standard output.
    pub stdout: Vec<Matcher>,
    /// Matchers of standard error.
    pub stderr: Vec<Matcher>,
    /// How the hosts' standard outputs relate.
    pub across_hosts: Option<Across>,
}

/// How several hosts' outputs relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// All the same.
    Equal,
    /// All different.
    Distinct,
}

/// One matcher; its text may hold `${name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matcher {
    /// The whole output.
    Exactly(String),
    /// Some part of it.
    Contains(String),
    /// No part of it.
    NotContains(String),
    /// A regular expression that matches somewhere; values of variables match literally.
    Matches(String),
    /// This many lines.
    LineCount(usize),
}

/// An ended command, as matchers see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Expect {
    /// What of this does not hold; `None`: all of it does.
    pub fn mismatch(&self, seen: &Seen, variables: &Variables) -> Option<Text> {
        let wanted = self.exit_code.unwrap_or(0);
        if seen.code != wanted {
            let said = last_line(if seen.stderr.trim().is_empty() {
                &seen.stdout
            } else {
                &seen.stderr
            });
            let said = if said.is_empty() {
                String::new()
            } else {
                format!(" ({said})")
            };
            let code = seen.code;
            return Some(text!(
                "종료 코드: {wanted} 기대, {code} 받음{said}",
                "exit code: expected {wanted}, got {code}{said}"
            ));
        }
        let first = |matchers: &[Matcher], output: &str| {
            matchers.iter().find_map(|one| one.mismatch(output, variables))
        };
        first(&self.stdout, &seen.stdout).or_else(|| {
            first(&self.stderr, &seen.stderr).map(|Text { ko, en }| Text {
                ko: format!("stderr: {ko}"),
                en: format!("stderr: {en}"),
            })
        })
    }

    /// How the outputs of several hosts fail to relate; `None`: they do.
    pub fn across(&self, outputs: &[(String, String)]) -> Option<Text> {
        let listed = || {
            let all = outputs
                .iter()
                .map(|(host, output)| format!("{host} {}", shown(output)));
            all.collect::<Vec<_>>().join(", ")
        };
        let pairs = || {
            outputs
                .iter()
                .enumerate()
                .flat_map(|(at, one)| outputs[at + 1..].iter().map(move |other| (one, other)))
        };
        match self.across_hosts? {
            Across::Equal if pairs().any(|(one, other)| one.1.trim() != other.1.trim()) => Some(text!(
                "모든 노드에서 같아야 함: {}",
                "should be equal on all nodes: {}",
                listed()
            )),
            Across::Distinct if pairs().any(|(one, other)| one.1.trim() == other.1.trim()) => Some(text!(
                "노드마다 달라야 함: {}",
                "should differ on every node: {}",
                listed()
            )),
            _ => None,
        }
    }
}

impl Matcher {
    /// The text that may hold `${name}`.
    pub fn template(&self) -> Option<&str> {
        match self {
            Self::Exactly(text) | Self::Contains(text) | Self::NotContains(text) | Self::Matches(text) => {
                Some(text)
            }
            Self::LineCount(_) => None,
        }
    }

    fn mismatch(&self, output: &str, variables: &Variables) -> Option<Text> {
        let output = output.trim();
        let filled = |template: &str| expand(template, variables);
        let (holds, wanted) = match self {
            Self::Exactly(text) => {
                let text = filled(text);
                (
                    output == text.trim(),
                    text!("{} 기대", "expected {}", shown(&text)),
                )
            }
            Self::Contains(text) => {
                let text = filled(text);
                (
                    output.contains(&text),
                    text!(
                        "{}이(가) 들어 있기를 기대",
                        "expected it to contain {}",
                        shown(&text)
                    ),
                )
            }
            Self::NotContains(text) => {
                let text = filled(text);
                (
                    !output.contains(&text),
                    text!(
                        "{}이(가) 없기를 기대",
                        "expected it not to contain {}",
                        shown(&text)
                    ),
                )
            }
            Self::Matches(pattern) => {
                let literal = variables
                    .iter()
                    .map(|(name, value)| (name.clone(), regex::escape(value)))
                    .collect();
                let pattern = expand(pattern, &literal);
                let found = Regex::new(&pattern).is_ok_and(|regex| regex.is_match(output));
                (found, text!("/{pattern}/ 기대", "expected /{pattern}/"))
            }
            Self::LineCount(wanted) => (
                output.lines().count() == *wanted,
                text!("{wanted}줄 기대", "expected {wanted} line(s)"),
            ),
        };
        let Text { ko, en } = wanted;
        (!holds).then(|| Text {
            ko: format!("{ko}, {} 받음", shown(output)),
            en: format!("{en}, got {}", shown(output)),
        })
    }
}

/// Output on one line, quoted, at most 200 characters, none of which steers a terminal.
fn shown(output: &str) -> String {
    let mut line = output
        .trim()
        .chars()
        .map(|one| if one == '\n' { '⏎' } else { one });
    let short: String = line.by_ref().take(200).filter(|one| !one.is_control()).collect();
    let rest = if line.next().is_some() { "…" } else { "" };
    format!("\"{short}{rest}\"")
}

fn last_line(output: &str) -> String {
    output
        .trim()
        .lines()
        .last()
        .unwrap_or_default()
        .chars()
        .take(200)
        .filter(|one| !one.is_control())
        .collect()
}

#[cfg(test)]
mod tests;
