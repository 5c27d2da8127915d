//! The one door for what a verb prints: data to stdout, words to stderr.

use std::io::{IsTerminal, Write};

use unicode_width::UnicodeWidthStr;

use crate::config::Problem;
use crate::config::excerpt::Excerpt;
use crate::error::Error;
use crate::text::{Lang, Text};

/// Writes what a verb has to say.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// Language of words.
    pub lang: Lang,
    /// Whether stderr takes colour.
    pub color: bool,
}

impl Out {
    /// For this process: colour only on a terminal, never with `NO_COLOR`.
    pub fn new(lang: Lang) -> Self {
        let color = std::io::stderr().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { lang, color }
    }

    /// A line of data on stdout. A closed pipe is not an error.
    pub fn line(&self, line: impl AsRef<str>) {
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "{}", line.as_ref());
    }

    /// Raw bytes on stdout.
    pub fn bytes(&self, bytes: &[u8]) {
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
    }

    /// Raw bytes on stderr: another program's words.
    pub fn words(&self, bytes: &[u8]) {
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(bytes).and_then(|()| stderr.flush());
    }

    /// A line of words on stderr.
    pub fn say(&self, line: impl AsRef<str>) {
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(stderr, "{}", line.as_ref());
    }

    /// A value as JSON on stdout, one document, indented.
    pub fn json(&self, value: &impl serde::Serialize) {
        if let Ok(text) = serde_json::to_string_pretty(value) {
            self.line(text);
        }
    }

    /// Rows in aligned columns on stdout; the first row is the head. Hangul counts two columns.
    pub fn table(&self, rows: &[Vec<String>]) {
        for line in columns(rows) {
            self.line(line);
        }
    }

    /// An error, whole: what, why, output, hint.
    pub fn error(&self, error: &Error) {
        let (bold, red, plain) = if self.color {
            ("\x1b[1m", "\x1b[31m", "\x1b[0m")
        } else {
            ("", "", "")
        };
        let node = error.node().map(|node| format!("{node}: ")).unwrap_or_default();
        self.say(format!(
            "{red}error{plain}: {bold}{node}{}{plain}",
            error.what().get(self.lang)
        ));
        for cause in error.causes() {
            self.say(format!("caused by: {cause}"));
        }
        if let Some(output) = error
            .printed()
            .map(str::trim_end)
            .filter(|output| !output.is_empty())
        {
            self.say(format!("output: {}", output.replace('\n', "\n        ")));
        }
        if let Some(hint) = error.advice() {
            self.say(format!("{}: {}", self.word_hint(), hint.get(self.lang)));
        }
    }

    /// The line a problem is in, carets under the token.
    fn excerpt(&self, line: usize, excerpt: &Excerpt) {
        let Excerpt {
            line: text,
            before,
            width,
        } = excerpt;
        let (red, plain) = if self.color {
            ("\x1b[31m", "\x1b[0m")
        } else {
            ("", "")
        };
        let (blanks, carets) = (" ".repeat(*before), "^".repeat(*width));
        self.say(format!("{line:>5} | {text}"));
        self.say(format!("      | {blanks}{red}{carets}{plain}"));
    }

    /// Problems of a file, each with its place.
    pub fn problems(&self, problems: &[Problem]) {
        for problem in problems {
            let Problem {
                file,
                line,
                column,
                message,
                hint,
                excerpt,
            } = problem;
            self.say(format!("{file}:{line}:{column}: {}", message.get(self.lang)));
            if let Some(excerpt) = excerpt {
                self.excerpt(*line, excerpt);
            }
            if let Some(hint) = hint {
                self.say(format!("  {}: {}", self.word_hint(), hint.get(self.lang)));
            }
        }
    }

    /// Asks a question on the terminal; an empty answer is `otherwise`. `None`: nobody is there to answer.
    pub fn ask(&self, question: &Text, otherwise: bool) -> Option<bool> {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
            return None;
        }
        let choices = if otherwise { "[Y/n]" } else { "[y/N]" };
        let mut answer = String::new();
        loop {
            let _ = write!(std::io::stderr().lock(), "{} {choices} ", question.get(self.lang));
            answer.clear();
            match stdin.read_line(&mut answer) {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
            if let Some(answer) = parse_answer(&answer, otherwise) {
                return Some(answer);
            }
        }
    }

    fn word_hint(&self) -> &'static str {
        match self.lang {
            Lang::Ko => "힌트",
            Lang::En => "hint",
        }
    }
}

/// Yes or no, in both languages; nothing is `otherwise`; anything else is no answer.
fn parse_answer(answer: &str, otherwise: bool) -> Option<bool> {
    match answer.trim().to_lowercase().as_str() {
        "" => Some(otherwise),
        "y" | "yes" | "네" | "예" | "응" => Some(true),
        "n" | "no" | "아니오" | "아니요" => Some(false),
        _ => None,
    }
}

/// Bytes for a person: `512 B`, `41.3 MiB`.
pub fn bytes(value: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let mut scaled = (value, 0);
    let mut unit = "B";
    for next in units {
        if scaled.0 < 1024 {
            break;
        }
        scaled = (scaled.0 / 1024, scaled.0 % 1024 * 10 / 1024);
        unit = next;
    }
    if unit == "B" {
        format!("{value} B")
    } else {
        format!("{}.{} {unit}", scaled.0, scaled.1)
    }
}

/// A time for a person: `0.4s`, `2m03s`.
pub fn duration(millis: u64) -> String {
    match millis {
        0..60_000 => format!("{}.{}s", millis / 1000, millis % 1000 / 100),
        _ => format!("{}m{:02}s", millis / 60_000, millis % 60_000 / 1000),
    }
}

/// Pads every column but the last to its widest cell.
pub fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{bytes, columns, parse_answer};

    #[test]
    fn hangul_takes_two_columns() {
        let rows = vec![
            vec!["노드".into(), "상태".into()],
            vec!["m-k8s".into(), "up".into()],
        ];
        assert_eq!(columns(&rows), ["노드   상태", "m-k8s  up"]);
    }

    #[test]
    fn bytes_have_one_decimal() {
        for (value, words) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (446 << 20, "446.0 MiB"),
            (3 << 30, "3.0 GiB"),
        ] {
            assert_eq!(bytes(value), words);
        }
    }

    #[test]
    fn an_answer_is_yes_no_or_asked_again() {
        for (answer, parsed) in [
            ("\n", Some(true)),
            ("Y\n", Some(true)),
            ("네", Some(true)),
            ("no", Some(false)),
            ("perhaps", None),
        ] {
            assert_eq!(parse_answer(answer, true), parsed, "{answer}");
        }
        assert_eq!(parse_answer("", false), Some(false));
    }
}
