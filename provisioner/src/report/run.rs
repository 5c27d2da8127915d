//! A run, put together from its events alone: exercises with what was done and checked, verdicts, times, versions.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::claim::Verdict;
use crate::event::{ClusterSeen, Counts, Event, Heading, Measured, Outcome, Unit, What};
use crate::lab::verdict::{Settled, verdicts};
use crate::node::NodeName;
use crate::text;
use crate::text::Text;

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The lab.
    pub lab: String,
    /// Its title, where the events tell it.
    pub title: Option<Text>,
    /// When it began, RFC 3339.
    pub started: String,
    /// How long it took; `None`: it was ended from outside.
    pub millis: Option<u64>,
    /// Steps and checks by outcome.
    pub counts: Counts,
    /// The exercises that ran, in their order.
    pub exercises: Vec<Exercise>,
    /// What was measured, in the order it was.
    pub measures: Vec<Measure>,
    /// The claims with their verdicts, in the order of the ledger.
    pub claims: Vec<Settled>,
    /// Where it ran.
    pub cluster: Option<ClusterSeen>,
    /// Whether it is of all exercises of the lab.
    #[serde(skip)]
    whole: bool,
}

/// What a check measured on a node.
#[derive(Clone, Debug, Serialize)]
pub struct Measure {
    /// Of which exercise.
    pub exercise: String,
    /// `step/check`.
    pub name: String,
    /// Where.
    pub node: Option<NodeName>,
    /// What was measured.
    pub title: Text,
    /// In which unit.
    pub unit: Unit,
    /// The numbers, or words.
    pub values: Vec<Measured>,
}

/// An exercise that ran, or should have.
#[derive(Clone, Debug, Serialize)]
pub struct Exercise {
    /// Its id.
    pub id: String,
    /// The heading of the notes.
    pub section: String,
    /// Its title.
    pub title: Text,
    /// The worst of its steps and checks; `None`: it did not end.
    pub outcome: Option<Outcome>,
    /// Milliseconds it took.
    pub millis: u64,
    /// What was done and checked, in order.
    pub did: Vec<Did>,
}

/// A step or a check on a node.
#[derive(Clone, Debug, Serialize)]
pub struct Did {
    /// The step, with the values of its matrix.
    pub step: String,
    /// The check; `None`: the step itself.
    pub check: Option<String>,
    /// Its title.
    pub title: Option<Text>,
    /// Where.
    pub node: Option<NodeName>,
    /// How it went.
    pub outcome: Outcome,
    /// Milliseconds it took.
    pub millis: u64,
    /// The command, as a person would type it.
    pub command: String,
    /// What it printed.
    pub output: String,
    /// Why it did not pass.
    pub reason: Option<Text>,
    /// What to try.
    pub hint: Option<Text>,
    /// Its recording, relative to the report.
    pub cast: Option<String>,
}

impl Did {
    /// `step` or `step/check`.
    pub fn name(&self) -> String {
        match &self.check {
            Some(check) => format!("{}/{check}", self.step),
            None => self.step.clone(),
        }
    }
}

impl Run {
    /// Puts a run together.
    pub fn of(events: &[Event]) -> Self {
        let mut run = Self {
            lab: String::new(),
            title: None,
            started: events.first().map(|event| event.at.clone()).unwrap_or_default(),
            millis: None,
            counts: Counts::default(),
            exercises: vec![],
            measures: vec![],
            claims: verdicts(events),
            cluster: None,
            whole: false,
        };
        let mut headings: BTreeMap<&str, &Heading> = BTreeMap::new();
        for event in events {
            match &event.what {
                What::LabRead { outline } => {
                    run.title = Some(outline.title.clone());
                    headings = outline
                        .exercises
                        .iter()
                        .map(|heading| (heading.id.as_str(), heading))
                        .collect();
                }
                What::ClusterSeen { cluster } => run.cluster = Some(cluster.clone()),
                What::RunStarted { lab, exercises } => {
                    run.lab.clone_from(lab);
                    run.started.clone_from(&event.at);
                    run.exercises = exercises
                        .iter()
                        .map(|id| exercise(id, headings.get(id.as_str()).copied()))
                        .collect();
                    run.whole = headings.keys().all(|id| exercises.iter().any(|one| one == id));
                }
                What::ExerciseStarted { exercise, title } => run.exercise(exercise).title = title.clone(),
                What::ExerciseFinished {
                    exercise,
                    outcome,
                    millis,
                } => {
                    let exercise = run.exercise(exercise);
                    exercise.outcome = Some(*outcome);
                    exercise.millis = *millis;
                }
                What::Measured {
                    exercise,
                    step,
                    check,
                    title,
                    unit,
                    values,
                } => run.measures.push(Measure {
                    exercise: exercise.clone(),
                    name: format!("{step}/{check}"),
                    node: event.node.clone(),
                    title: title.clone(),
                    unit: *unit,
                    values: values.clone(),
                }),
                What::Recorded { exercise, step, file } => {
                    run.recorded(exercise, (step, event.node.as_ref()), file);
                }
                What::RunFinished { millis, .. } => run.millis = Some(*millis),
                _ => run.take(event),
            }
        }
        run
    }

    /// How many claims of each verdict, in a line; of a run of some exercises, only those that these look at. `None`: there are none.
    pub fn verdict_counts(&self) -> Option<Text> {
        let claims: Vec<&Settled> = self.claims.iter().filter(|claim| self.concerns(claim)).collect();
        let count = |verdict| {
            let of = claims.iter().filter(|settled| settled.verdict == verdict);
            (of.count(), verdict.words())
        };
        let counted = Verdict::ALL.map(count);
        let ko = counted.map(|(count, (ko, _))| format!("{ko} {count}")).join(", ");
        let en = counted.map(|(count, (_, en))| format!("{count} {en}")).join(", ");
        let there = !claims.is_empty();
        there.then(|| text!("노트의 주장: {ko}", "claims of the notes: {en}"))
    }

    fn concerns(&self, settled: &Settled) -> bool {
        let exercises = settled
            .claim
            .checks
            .iter()
            .filter_map(|check| check.split('/').next());
        let ran = |id: &str| self.exercises.iter().any(|exercise| exercise.id == id);
        self.whole || exercises.into_iter().any(ran)
    }

    fn take(&mut self, event: &Event) {
        let Some(done) = event.what.done() else { return };
        let did = Did {
            step: done.step.to_owned(),
            check: done.check.map(str::to_owned),
            title: done.title.cloned(),
            node: event.node.clone(),
            outcome: done.outcome,
            millis: done.millis,
            command: done.command.to_owned(),
            output: done.output.to_owned(),
            reason: done.reason.cloned(),
            hint: done.hint.cloned(),
            cast: None,
        };
        // Counted here, not taken from the end: a killed run has none.
        self.counts.add(did.outcome);
        self.exercise(done.exercise).did.push(did);
    }

    /// Ties a recording to the step on the node it is of.
    fn recorded(&mut self, exercise: &str, (step, node): (&str, Option<&NodeName>), file: &str) {
        let mut did = self.exercise(exercise).did.iter_mut().rev();
        let of = |did: &&mut Did| did.check.is_none() && did.step == step && did.node.as_ref() == node;
        if let Some(did) = did.find(of) {
            did.cast = Some(file.to_owned());
        }
    }

    fn exercise(&mut self, id: &str) -> &mut Exercise {
        let at = self
            .exercises
            .iter()
            .position(|exercise| exercise.id == id)
            .unwrap_or_else(|| {
                self.exercises.push(exercise(id, None));
                self.exercises.len() - 1
            });
        &mut self.exercises[at]
    }
}

fn exercise(id: &str, heading: Option<&Heading>) -> Exercise {
    Exercise {
        id: id.to_owned(),
        section: heading.map(|heading| heading.section.clone()).unwrap_or_default(),
        title: heading.map_or_else(|| id.into(), |heading| heading.title.clone()),
        outcome: None,
        millis: 0,
        did: vec![],
    }
}

#[cfg(test)]
mod tests;
