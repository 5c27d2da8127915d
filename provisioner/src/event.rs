//! What happens, as data: everything a person or a report learns of a verb's work arrives as an [`Event`].

mod about;
mod done;
mod sink;

pub use about::{
    ClusterSeen, ExternalSeen, Heading, Measured, NodeSeen, Outline, RegistrySeen, TrustSeen, Unit, Value,
};
pub use done::Done;
pub use sink::{Reporter, Sink, Work, now};

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
    /// What the lab is about, before it runs.
    LabRead {
        /// Its exercises and claims.
        outline: Outline,
    },
    /// Where it will run, before it runs.
    ClusterSeen {
        /// Nodes, registry, trust and versions.
        cluster: ClusterSeen,
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
        /// Its title, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Text>,
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
        /// Its title.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Text>,
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
    /// A check that passed has measured something.
    Measured {
        /// Of which exercise.
        exercise: String,
        /// Of which step.
        step: String,
        /// The check.
        check: String,
        /// What was measured.
        title: Text,
        /// In which unit.
        unit: Unit,
        /// The numbers, or words.
        values: Vec<Measured>,
    },
    /// What a step's terminal showed was recorded.
    Recorded {
        /// Of which exercise.
        exercise: String,
        /// Of which step.
        step: String,
        /// The cast, relative to the report.
        file: String,
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

impl Outcome {
    /// Its name, Korean and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Passed => ("통과", "passed"),
            Self::Skipped => ("건너뜀", "skipped"),
            Self::Blocked => ("막힘", "blocked"),
            Self::Failed => ("실패", "failed"),
            Self::Errored => ("오류", "errored"),
        }
    }
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
