//! What is said at the end of a run: counts, what did not pass, why what was skipped was skipped.

use std::collections::BTreeMap;

use super::line::{Style, duration};
use crate::event::{Counts, Event, Outcome, What};
use crate::report::out::columns;
use crate::text::{Lang, Text};

/// What a run has shown so far.
#[derive(Debug, Default)]
pub(super) struct Summary {
    troubles: Vec<(Outcome, String)>,
    skipped: BTreeMap<String, (Text, u32)>,
}

impl Summary {
    /// Remembers what the end will speak of.
    pub fn take(&mut self, event: &Event) {
        if let What::RunStarted { .. } = event.what {
            *self = Self::default();
        }
        let Some(done) = event.what.done() else { return };
        match done.outcome {
            Outcome::Passed => {}
            Outcome::Skipped => {
                let reason = done
                    .reason
                    .cloned()
                    .unwrap_or_else(|| crate::text!("이유 없음", "no reason given"));
                self.skipped.entry(reason.en.clone()).or_insert((reason, 0)).1 += 1;
            }
            _ => {
                let node = event
                    .node
                    .as_ref()
                    .map(|node| format!("  {node}"))
                    .unwrap_or_default();
                let name = format!("{}/{}{node}", done.exercise, done.name());
                self.troubles.push((done.outcome, name));
            }
        }
    }

    /// The lines.
    pub fn lines(&self, style: &Style, counts: Counts, millis: u64) -> Vec<String> {
        let mut lines = vec![String::new()];
        for (outcome, place) in &self.troubles {
            lines.push(format!(
                "{} {place}  {}",
                style.mark(*outcome),
                style.outcome(*outcome)
            ));
        }
        for (reason, count) in self.skipped.values() {
            let times = match style.lang {
                Lang::Ko => format!("{count}개 건너뜀"),
                Lang::En => format!("{count} skipped"),
            };
            lines.push(format!(
                "{} {times}: {}",
                style.mark(Outcome::Skipped),
                reason.get(style.lang)
            ));
        }
        lines.extend(columns(&table(style, counts, millis)));
        lines
    }
}

fn table(style: &Style, counts: Counts, millis: u64) -> [Vec<String>; 2] {
    let outcomes = [
        (Outcome::Passed, counts.passed),
        (Outcome::Failed, counts.failed),
        (Outcome::Errored, counts.errored),
        (Outcome::Skipped, counts.skipped),
        (Outcome::Blocked, counts.blocked),
    ];
    let mut head: Vec<String> = outcomes
        .iter()
        .map(|(outcome, _)| style.outcome(*outcome).to_owned())
        .collect();
    let mut row: Vec<String> = outcomes.iter().map(|(_, count)| count.to_string()).collect();
    head.push(style.word("시간", "time").to_owned());
    row.push(duration(millis));
    [head, row]
}
