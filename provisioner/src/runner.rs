//! Runs exercises: steps in order on their nodes, checks after each, cleanups at the end however it ended. Tells events;
//! what matchers say decides each outcome.

mod checks;
pub mod classroom;
pub mod progress;
mod prove;
mod record;
mod sabotage;
mod setting;
mod solve;
mod steps;
mod tally;

use std::sync::Mutex;
use std::time::Instant;

use crate::event::{Outcome, Sink, What};
use crate::interrupt::Interrupt;
use crate::lab::{Exercise, Lab};
use crate::node::NodeName;
use crate::text;
use crate::text::Text;
use classroom::{Classroom, millis};
pub use tally::Tally;

/// Runs exercises of one lab in one classroom.
pub struct Runner<'run> {
    /// The lab.
    pub lab: &'run Lab,
    /// Where.
    pub classroom: &'run Classroom<'run>,
    /// Where events go.
    pub sink: &'run Sink,
    /// Whether to stop.
    pub interrupt: &'run Interrupt,
    /// Whether to go on with the next exercise after one that did not pass.
    pub keep_going: bool,
    tally: Mutex<Tally>,
}

/// What is done of an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Solve, check, clean up.
    Whole,
    /// Only solve: somebody else goes on from there.
    Setup,
    /// Only check what is there.
    Checks,
    /// Solve, check, break what was solved and put it back, clean up.
    Sabotage,
}

impl<'run> Runner<'run> {
    /// A runner that has run nothing yet.
    pub fn new(
        lab: &'run Lab,
        classroom: &'run Classroom<'run>,
        sink: &'run Sink,
        interrupt: &'run Interrupt,
        keep_going: bool,
    ) -> Self {
        Self {
            lab,
            classroom,
            sink,
            interrupt,
            keep_going,
            tally: Mutex::default(),
        }
    }

    /// Runs the exercises in order and says what it came to.
    pub async fn run(&self, exercises: &[&Exercise]) -> Tally {
        let since = Instant::now();
        let ids = exercises.iter().map(|exercise| exercise.id.clone()).collect();
        self.sink.send(
            None,
            What::RunStarted {
                lab: self.lab.name.clone(),
                exercises: ids,
            },
        );
        let (mut stopped, mut interrupted) = (false, None);
        for exercise in exercises {
            let outcome = match stopped || self.interrupt.requested() {
                true => self.block(exercise),
                false => self.exercise(exercise, Part::Whole).await,
            };
            stopped |= outcome > Outcome::Skipped && !self.keep_going;
            if self.interrupt.requested() && outcome > Outcome::Skipped {
                interrupted.get_or_insert(&exercise.id);
            }
        }
        let tally = Tally {
            interrupted: interrupted.cloned(),
            ..self.tally()
        };
        self.sink.send(
            None,
            What::RunFinished {
                counts: tally.counts,
                millis: millis(since.elapsed()),
            },
        );
        tally
    }

    /// Runs one exercise, with what it needs, and cleans up.
    async fn exercise(&self, exercise: &Exercise, part: Part) -> Outcome {
        let since = Instant::now();
        self.sink.send(
            None,
            What::ExerciseStarted {
                exercise: exercise.id.clone(),
                title: exercise.title.clone(),
            },
        );
        let mut outcome = Outcome::Skipped;
        let mut begun = vec![];
        for (one, part) in self.parts(exercise, part) {
            outcome = worst(outcome, self.prepare(one).await);
            if outcome > Outcome::Skipped {
                break;
            }
            begun.push(one);
            outcome = worst(outcome, self.steps(one, part).await);
        }
        for one in begun.iter().rev() {
            outcome = worst(outcome, self.clean(one).await);
        }
        self.sink.send(
            None,
            What::ExerciseFinished {
                exercise: exercise.id.clone(),
                outcome,
                millis: millis(since.elapsed()),
            },
        );
        outcome
    }

    fn parts<'lab>(&'lab self, exercise: &'lab Exercise, part: Part) -> Vec<(&'lab Exercise, Part)> {
        let needs = self
            .lab
            .needs(&exercise.id)
            .into_iter()
            .map(|need| (need, Part::Setup));
        needs.chain([(exercise, part)]).collect()
    }

    /// Sets up what an exercise needs, with its files, and leaves it there, for a person to go on. The exercise itself begins anew:
    /// what `lab solve` did of it is taken back.
    pub async fn set_up(&self, exercise: &Exercise) -> Tally {
        self.take_back_left(exercise).await;
        for need in self.lab.needs(&exercise.id) {
            if self.prepare(need).await > Outcome::Skipped {
                break;
            }
            self.steps(need, Part::Setup).await;
        }
        for step in &exercise.steps {
            let nodes = crate::lab::step::nodes(&step.hosts, self.classroom.cluster);
            if let Err(error) = self.place(exercise, step, &nodes).await {
                let told = Told::simple(&step.id, Outcome::Errored, error.told());
                self.tell(exercise, error.node(), told);
            }
        }
        self.tally()
    }

    /// Runs only an exercise's checks, on what is there.
    pub async fn check(&self, exercise: &Exercise) -> Tally {
        self.steps(exercise, Part::Checks).await;
        self.tally()
    }

    /// What it has come to so far.
    fn tally(&self) -> Tally {
        self.tally
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    fn block(&self, exercise: &Exercise) -> Outcome {
        let reason = text!(
            "앞의 실습이 통과하지 못함 (--keep-going이면 계속함)",
            "an exercise before it did not pass (--keep-going goes on)"
        );
        for step in &exercise.steps {
            self.tell(
                exercise,
                None,
                Told::simple(&step.id, Outcome::Blocked, reason.clone()),
            );
        }
        let outcome = Outcome::Blocked;
        self.sink.send(
            None,
            What::ExerciseFinished {
                exercise: exercise.id.clone(),
                outcome,
                millis: 0,
            },
        );
        outcome
    }

    fn count(&self, exercise: &str, step: &str, outcome: Outcome, check: bool) {
        let mut tally = self
            .tally
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        tally.counts.add(outcome);
        let plain = step.split('[').next().unwrap_or(step);
        let name = format!("{exercise}/{plain}");
        match outcome {
            Outcome::Passed if check => *tally.passed_checks.entry(exercise.to_owned()).or_default() += 1,
            Outcome::Skipped if !tally.skipped.contains(&name) => tally.skipped.push(name),
            _ => {}
        }
    }

    /// Tells that a step ended on a node.
    fn tell(&self, exercise: &Exercise, node: Option<&NodeName>, told: Told) {
        self.count(&exercise.id, &told.step, told.outcome, false);
        let Told {
            step,
            outcome,
            millis,
            command,
            output,
            reason,
        } = told;
        let id = step.split('[').next();
        let title = exercise
            .steps
            .iter()
            .find(|one| Some(one.id.as_str()) == id)
            .map(|one| one.title.clone());
        let exercise = exercise.id.clone();
        let what = What::StepFinished {
            exercise,
            step,
            title,
            outcome,
            millis,
            command,
            output,
            reason,
        };
        self.sink.send(node, self.classroom.redaction.of_event(what));
    }
}

/// A step that ended.
struct Told {
    step: String,
    outcome: Outcome,
    millis: u64,
    command: String,
    output: String,
    reason: Option<Text>,
}

impl Told {
    fn simple(step: &str, outcome: Outcome, reason: Text) -> Self {
        let (step, command, output) = (step.to_owned(), String::new(), String::new());
        Self {
            step,
            outcome,
            millis: 0,
            command,
            output,
            reason: Some(reason),
        }
    }
}

/// The worse of two, where something that passed outweighs something skipped.
fn worst(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Skipped, Outcome::Passed) | (Outcome::Passed, Outcome::Skipped) => Outcome::Passed,
        _ => one.max(other),
    }
}

#[cfg(test)]
mod tests;
