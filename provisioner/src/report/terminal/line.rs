//! Words and marks of one event: pure, event in, lines out.

use unicode_width::UnicodeWidthStr;

use crate::event::{Done, Outcome, What};
use crate::node::NodeName;
use crate::text::Lang;

/// Language, colour, and the width of the column of node names so far.
#[derive(Debug)]
pub(super) struct Style {
    pub lang: Lang,
    color: bool,
    nodes: usize,
}

/// How far a work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub done: u64,
    pub total: Option<u64>,
    pub bytes: bool,
}

impl Amount {
    /// Hundredths done, where the whole is known.
    pub fn percent(self) -> Option<u64> {
        self.total
            .filter(|total| *total > 0)
            .map(|total| self.done.min(total).saturating_mul(100) / total)
    }

    /// `40%  178.4/446.0 MiB`, `3/12`, `12.5 MiB`.
    pub fn words(self) -> String {
        let unit = |value: u64| {
            if self.bytes {
                bytes(value)
            } else {
                value.to_string()
            }
        };
        match (self.percent(), self.total) {
            (Some(percent), Some(total)) => format!("{percent:>3}%  {}/{}", unit(self.done), unit(total)),
            _ => unit(self.done),
        }
    }
}

/// Bytes for a person.
pub(super) fn bytes(value: u64) -> String {
    crate::report::out::bytes(value)
}

/// `0.4s`, `2m03s`.
pub(super) fn duration(millis: u64) -> String {
    crate::report::out::duration(millis)
}

impl Style {
    pub fn new(lang: Lang, color: bool) -> Self {
        Self {
            lang,
            color,
            nodes: 6,
        }
    }

    /// The word in this language.
    pub fn word(&self, ko: &'static str, en: &'static str) -> &'static str {
        match self.lang {
            Lang::Ko => ko,
            Lang::En => en,
        }
    }

    /// `text` in an SGR colour.
    pub fn paint(&self, sgr: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\x1b[{sgr}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Node and words, the node padded to the widest name yet.
    pub fn label(&mut self, node: Option<&NodeName>, words: &str) -> String {
        let Some(node) = node else { return words.to_owned() };
        self.nodes = self.nodes.max(node.as_str().width());
        let padding = " ".repeat(self.nodes - node.as_str().width());
        format!("{}{padding}  {words}", self.paint("36", node.as_str()))
    }

    /// `✓`, `✗`, …
    pub fn mark(&self, outcome: Outcome) -> String {
        match outcome {
            Outcome::Passed => self.paint("32", "✓"),
            Outcome::Skipped => self.paint("33", "-"),
            Outcome::Blocked => self.paint("33", "·"),
            Outcome::Failed | Outcome::Errored => self.paint("31", "✗"),
        }
    }

    /// The name of an outcome.
    pub fn outcome(&self, outcome: Outcome) -> &'static str {
        let (ko, en) = outcome.words();
        self.word(ko, en)
    }

    /// `✓ LABEL  0.4s`, with what went wrong after it.
    pub fn ended(&self, outcome: Outcome, label: &str, millis: u64, error: Option<&str>) -> String {
        let error = error
            .map(|error| format!("  {}", self.paint("31", error)))
            .unwrap_or_default();
        let time = match outcome {
            Outcome::Skipped | Outcome::Blocked => String::new(),
            _ => format!("  {}", self.paint("2", &duration(millis))),
        };
        format!("{} {label}{time}{error}", self.mark(outcome))
    }

    /// Lines of every event that is neither work nor the end of a run.
    pub fn lines(&mut self, node: Option<&NodeName>, what: &What) -> Vec<String> {
        match what {
            What::Note { text } => vec![format!("  {}", self.label(node, text.get(self.lang)))],
            What::Warning { text } => {
                let mark = self.paint("33", "!");
                vec![format!("{mark} {}", self.label(node, text.get(self.lang)))]
            }
            What::RunStarted { lab, exercises } => {
                let count = match self.lang {
                    Lang::Ko => format!("연습 {}개", exercises.len()),
                    Lang::En => format!("{} exercise(s)", exercises.len()),
                };
                vec![format!("{}  {count}", self.paint("1", lab))]
            }
            What::ExerciseStarted { exercise, title } => {
                vec![
                    String::new(),
                    format!("{}  {exercise}", self.paint("1", title.get(self.lang))),
                ]
            }
            _ => what.done().map_or_else(Vec::new, |done| self.seen(node, &done)),
        }
    }

    /// The title, with the values of the matrix where the step has one; the id where there is no title.
    fn name(&self, done: &Done<'_>) -> String {
        let Some(title) = done.title else {
            return done.check.unwrap_or(done.step).to_owned();
        };
        let values = done.step.find('[').map(|at| format!(" {}", &done.step[at..]));
        format!("{}{}", title.get(self.lang), values.unwrap_or_default())
    }

    fn seen(&mut self, node: Option<&NodeName>, done: &Done<'_>) -> Vec<String> {
        let name = self.name(done);
        let words = match done.reason {
            Some(reason) if done.outcome != Outcome::Passed => {
                let state = match done.outcome {
                    Outcome::Failed => String::new(),
                    other => format!(" ({})", self.outcome(other)),
                };
                format!("{name}{state}: {}", printable(reason.get(self.lang)))
            }
            None if done.outcome > Outcome::Passed => format!("{name} ({})", self.outcome(done.outcome)),
            _ => name,
        };
        let label = self.label(node, &words);
        let mut lines = vec![self.ended(done.outcome, &label, done.millis, None)];
        if matches!(done.outcome, Outcome::Failed | Outcome::Errored) {
            lines.extend(self.details(done));
        }
        lines
    }

    /// What a person needs to go on: the hint, the command that reproduces it, the end of its output.
    fn details(&self, done: &Done<'_>) -> Vec<String> {
        let mut lines = vec![];
        if let Some(hint) = done.hint {
            lines.extend(block(self.word("힌트", "hint"), hint.get(self.lang)));
        }
        lines.extend(block(self.word("명령", "command"), done.command));
        lines.extend(block(self.word("출력", "output"), done.output));
        lines
    }
}

/// Lines of an output that are shown, the last ones …
const LINES: usize = 200;
/// … and bytes of each, about.
const WIDTH: usize = 2000;

/// `    head: text`, a text of several lines indented below its head.
fn block(head: &str, text: &str) -> Vec<String> {
    let text = text.trim_end();
    let skipped = text.lines().count().saturating_sub(LINES);
    let mut lines: Vec<String> = text.lines().skip(skipped).map(printable).collect();
    if skipped > 0 {
        lines.insert(0, format!("[… {skipped}: events.jsonl]"));
    }
    match lines.as_slice() {
        [] => vec![],
        [line] => vec![format!("    {head}: {line}")],
        lines => {
            let indented = lines.iter().map(|line| format!("      {line}"));
            [format!("    {head}:")].into_iter().chain(indented).collect()
        }
    }
}

/// A line without control characters and escape sequences: output of nodes never steers the user's terminal, nor floods it.
fn printable(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars();
    while let Some(char) = rest.next() {
        match char {
            _ if text.len() > WIDTH => {
                text.push('…');
                break;
            }
            '\x1b' if rest.as_str().starts_with('[') => {
                rest.next();
                rest.find(|char| ('@'..='~').contains(char));
            }
            '\t' => text.push(char),
            char if char.is_control() => {}
            char => text.push(char),
        }
    }
    text
}
