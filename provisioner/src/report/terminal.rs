//! A verb's work as a person watches it, on stderr. On a terminal: a line per running work with spinner or bar, finished
//! lines above. Elsewhere (CI, a pipe): plain lines, no control characters. Decides no outcome; only shows them.

mod line;
mod live;
mod plain;
mod summary;

use std::io::{IsTerminal, Write};
use std::time::Instant;

use crate::event::{Event, Outcome, Reporter, What};
use crate::node::NodeName;
use crate::report::out::Out;
use crate::report::run::Run;
use crate::text::Text;

use line::Style;
use live::Live;
use plain::Plain;
use summary::Summary;

/// What was said at the end of a run, said again from its events.
pub fn summary(events: &[Event], out: Out) -> Vec<String> {
    let mut summary = Summary::default();
    events.iter().for_each(|event| summary.take(event));
    let run = Run::of(events);
    let style = Style::new(out.lang, out.color && std::io::stdout().is_terminal());
    let millis = run.millis.unwrap_or_default();
    let mut lines = summary.lines(&style, run.counts, millis);
    lines.remove(0);
    lines.insert(0, format!("{}  {}", run.lab, run.started));
    if run.millis.is_none() {
        lines.push(style.word("끝나지 않은 실행", "the run did not end").to_owned());
    }
    lines.extend(run.verdict_counts().map(|counts| counts.get(out.lang).to_owned()));
    lines
}

/// Reporter for a person.
pub struct Terminal {
    style: Style,
    screen: Screen,
    summary: Summary,
}

/// Where lines go.
enum Screen {
    Plain(Plain),
    Live(Live),
}

/// A running work: which, and the words it is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    node: Option<NodeName>,
    id: String,
}

impl Terminal {
    /// For this process' stderr: live on a terminal, plain lines elsewhere.
    pub fn standard(out: Out) -> Self {
        let stderr = std::io::stderr();
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if stderr.is_terminal() && !dumb {
            Self::with(out, Screen::Live(Live::new()))
        } else {
            Self::plain(out, Box::new(stderr))
        }
    }

    /// Plain lines to `writer`.
    pub fn plain(out: Out, writer: Box<dyn Write + Send>) -> Self {
        Self::with(out, Screen::Plain(Plain::new(writer)))
    }

    fn with(out: Out, screen: Screen) -> Self {
        Self {
            style: Style::new(out.lang, out.color),
            screen,
            summary: Summary::default(),
        }
    }

    fn print(&mut self, lines: &[String]) {
        for line in lines {
            match &mut self.screen {
                Screen::Plain(plain) => plain.print(line),
                Screen::Live(live) => live.print(line),
            }
        }
    }

    fn work_started(&mut self, key: Key, text: &Text) {
        let label = self.style.label(key.node.as_ref(), text.get(self.style.lang));
        match &mut self.screen {
            Screen::Plain(plain) => plain.start(key, label, Instant::now()),
            Screen::Live(live) => live.start(key, label),
        }
    }

    fn work_progress(&mut self, key: &Key, amount: line::Amount) {
        match &mut self.screen {
            Screen::Plain(plain) => plain.progress(key, amount, Instant::now()),
            Screen::Live(live) => live.progress(key, amount),
        }
    }

    fn work_finished(&mut self, key: &Key, millis: u64, error: Option<&str>) {
        let label = match &mut self.screen {
            Screen::Plain(plain) => plain.finish(key),
            Screen::Live(live) => live.finish(key),
        };
        let label = label.unwrap_or_else(|| self.style.label(key.node.as_ref(), &key.id));
        let outcome = if error.is_none() {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        let line = self.style.ended(outcome, &label, millis, error);
        self.print(&[line]);
    }
}

impl Reporter for Terminal {
    fn report(&mut self, event: &Event) {
        let node = event.node.as_ref();
        let key = |id: &str| Key {
            node: node.cloned(),
            id: id.to_owned(),
        };
        self.summary.take(event);
        match &event.what {
            What::WorkStarted { id, text } => self.work_started(key(id), text),
            What::WorkProgress {
                id,
                done,
                total,
                bytes,
            } => {
                let amount = line::Amount {
                    done: *done,
                    total: *total,
                    bytes: *bytes,
                };
                self.work_progress(&key(id), amount);
            }
            What::WorkFinished { id, millis, error } => {
                self.work_finished(&key(id), *millis, error.as_deref())
            }
            What::RunFinished { counts, millis } => {
                let lines = self.summary.lines(&self.style, *counts, *millis);
                self.print(&lines);
            }
            other => {
                let lines = self.style.lines(node, other);
                self.print(&lines);
            }
        }
    }
}

#[cfg(test)]
mod tests;
