//! What happens, as data: everything a person or a report learns of a verb's work arrives as an [`Event`].

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::node::NodeName;
use crate::text::Text;

/// One thing that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    /// The node it happened on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeName>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// Something worth saying that needs nothing done.
    Note {
        /// The words.
        text: Text,
    },
    /// Something the user should look at.
    Warning {
        /// The words.
        text: Text,
    },
    /// A piece of work began. The same `id` goes on in `WorkProgress` and ends in `WorkFinished`.
    WorkStarted {
        /// Unique within the run.
        id: String,
        /// What is done, as a phrase: "install the agent".
        text: Text,
    },
    /// How far it is.
    WorkProgress {
        /// Of which work.
        id: String,
        /// Units done.
        done: u64,
        /// Units in all, where known.
        total: Option<u64>,
        /// Whether units are bytes.
        bytes: bool,
    },
    /// It ended.
    WorkFinished {
        /// Of which work.
        id: String,
        /// Milliseconds it took.
        millis: u64,
        /// `None`: done. Else what went wrong, one line.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A lab run began.
    RunStarted {
        /// Lab, e.g. `chapter4`.
        lab: String,
        /// Exercises that will run, in order.
        exercises: Vec<String>,
    },
    /// An exercise began.
    ExerciseStarted {
        /// Its id.
        exercise: String,
        /// Its title.
        title: Text,
    },
    /// A step ran on a node (or was skipped or blocked).
    StepFinished {
        /// Of which exercise.
        exercise: String,
        /// The step's id; matrix instances as `start[policy=no]`.
        step: String,
        /// How it went.
        outcome: Outcome,
        /// Milliseconds it took.
        millis: u64,
        /// The script that ran, with variables shown.
        command: String,
        /// Its output, capped.
        output: String,
        /// Why, where not passed.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Text>,
    },
    /// A check looked.
    CheckFinished {
        /// Of which exercise.
        exercise: String,
        /// Of which step.
        step: String,
        /// The check's id.
        check: String,
        /// How it went.
        outcome: Outcome,
        /// Milliseconds it took, retries included.
        millis: u64,
        /// The command that looked.
        command: String,
        /// What it saw, capped.
        output: String,
        /// What was expected and what was found, where not passed.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Text>,
        /// What to try.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<Text>,
    },
    /// An exercise ended: the worst outcome of its steps and checks.
    ExerciseFinished {
        /// Its id.
        exercise: String,
        /// The worst outcome.
        outcome: Outcome,
        /// Milliseconds it took.
        millis: u64,
    },
    /// The run ended.
    RunFinished {
        /// Checks and steps by outcome.
        counts: Counts,
        /// Milliseconds it took.
        millis: u64,
    },
}

/// How something went. Only `Passed` is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Looked, and it holds.
    Passed,
    /// Not done, for a reason that is named.
    Skipped,
    /// Something it needs did not pass.
    Blocked,
    /// Looked, and it does not hold.
    Failed,
    /// Could not look.
    Errored,
}

/// How many of each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the outcomes")]
pub struct Counts {
    pub passed: u32,
    pub skipped: u32,
    pub blocked: u32,
    pub failed: u32,
    pub errored: u32,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Blocked => &mut self.blocked,
            Outcome::Failed => &mut self.failed,
            Outcome::Errored => &mut self.errored,
        } += 1;
    }
}

/// Reads events and changes nothing.
pub trait Reporter: Send {
    /// Takes one event.
    fn report(&mut self, event: &Event);
}

/// Where events go. Cloning is cheap; all clones lead to the same reporters.
#[derive(Clone, Default)]
pub struct Sink {
    reporters: Arc<Mutex<Vec<Box<dyn Reporter>>>>,
}

impl Sink {
    /// Adds a reporter; it sees events from now on.
    pub fn add(&self, reporter: Box<dyn Reporter>) {
        self.reporters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(reporter);
    }

    /// Takes all reporters away (their files are complete once they are dropped).
    pub fn close(&self) {
        self.reporters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Tells every reporter.
    pub fn send(&self, node: Option<&NodeName>, what: What) {
        let event = Event {
            at: now(),
            node: node.cloned(),
            what,
        };
        for reporter in self
            .reporters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter_mut()
        {
            reporter.report(&event);
        }
    }

    /// Says something.
    pub fn note(&self, text: Text) {
        self.send(None, What::Note { text });
    }

    /// Says something the user should look at.
    pub fn warn(&self, text: Text) {
        self.send(None, What::Warning { text });
    }

    /// Begins a piece of work; finish it with [`Work::finish`]. A dropped `Work` counts as failed.
    pub fn work(&self, node: Option<&NodeName>, id: impl Into<String>, text: Text) -> Work {
        let id = id.into();
        self.send(node, What::WorkStarted { id: id.clone(), text });
        Work {
            sink: self.clone(),
            node: node.cloned(),
            id,
            since: std::time::Instant::now(),
            finished: false,
        }
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sink")
    }
}

/// A piece of work in progress.
#[derive(Debug)]
pub struct Work {
    sink: Sink,
    node: Option<NodeName>,
    id: String,
    since: std::time::Instant,
    finished: bool,
}

impl Work {
    /// Says how far it is.
    pub fn progress(&self, done: u64, total: Option<u64>, bytes: bool) {
        self.sink.send(
            self.node.as_ref(),
            What::WorkProgress {
                id: self.id.clone(),
                done,
                total,
                bytes,
            },
        );
    }

    /// It ended; passes the result through.
    pub fn finish<T, E: std::fmt::Display>(mut self, result: Result<T, E>) -> Result<T, E> {
        self.end(result.as_ref().err().map(ToString::to_string));
        result
    }

    fn end(&mut self, error: Option<String>) {
        self.finished = true;
        let millis = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.sink.send(
            self.node.as_ref(),
            What::WorkFinished {
                id: self.id.clone(),
                millis,
                error,
            },
        );
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.finished {
            self.end(Some("interrupted".into()));
        }
    }
}

/// Now, as events write it.
pub fn now() -> String {
    use time::macros::format_description;
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time::OffsetDateTime::now_utc()
        .format(&format)
        .unwrap_or_default()
}
