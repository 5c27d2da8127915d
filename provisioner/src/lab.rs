//! A lab as data: exercises, their steps and checks, read from YAML and checked. Pure: runs nothing, reads no file but the
//! ones it is given as text.

pub mod embedded;
pub mod files;
pub mod load;
pub mod matcher;
pub mod measure;
pub mod notes;
pub mod place;
pub mod progress;
pub mod proof;
pub mod sabotage;
pub mod skeleton;
pub mod step;
pub mod variables;
pub mod verdict;

mod ledger;
mod raw;
mod reader;
mod references;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::{Heading, Outline};
use crate::node::NodeName;
use crate::text::Text;

pub use crate::claim::Claim;
pub use matcher::Expect;
pub use measure::Measure;

/// A lab.
#[derive(Clone, Debug)]
pub struct Lab {
    /// Its name: the directory's.
    pub name: String,
    /// Its title.
    pub title: Text,
    /// Steps (`exercise/step`) that may be skipped without the run being judged incomplete.
    pub allowed_skips: Vec<String>,
    /// Variables of the lab itself.
    pub variables: BTreeMap<String, String>,
    /// The ledger: the statements of the notes.
    pub claims: Vec<Claim>,
    /// Exercises in the order of the notes.
    pub exercises: Vec<Exercise>,
}

/// An exercise.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Its id, unique in the lab.
    pub id: String,
    /// The heading of the notes it belongs to.
    pub section: String,
    /// Its title.
    pub title: Text,
    /// Exercises whose steps are set up before it.
    pub needs: Vec<String>,
    /// Names of containers it makes; if one of another's is there, the exercise is blocked.
    pub containers: Vec<String>,
    /// Images whose containers its commands hit as a whole; if one of another's is there, the exercise is blocked.
    pub exclusive: Vec<String>,
    /// Its steps, each after the ones it needs.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its id, unique in the exercise.
    pub id: String,
    /// What it is about: what a person is shown instead of its id.
    pub title: Text,
    /// Where it runs.
    pub hosts: Hosts,
    /// Steps of the same exercise that must have passed. Without `needs` in the file: the step before it.
    pub needs: Vec<String>,
    /// Conditions; where one does not hold, the step is skipped.
    pub when: When,
    /// One instance per combination of values.
    pub matrix: BTreeMap<String, Vec<String>>,
    /// Files its nodes get first.
    pub files: Vec<File>,
    /// What it does.
    pub action: Action,
    /// How long the action may take, before `LAB_PATIENCE`.
    pub deadline: Duration,
    /// What the action must lead to.
    pub expect: Expect,
    /// Values later steps get as variables.
    pub capture: Vec<Capture>,
    /// What must hold afterwards.
    pub checks: Vec<Check>,
    /// Undoes it. Runs at the end of the exercise, however it ended.
    pub cleanup: Option<String>,
    /// Breaks what it did, for `lab test --sabotage`; without it the cleanup does.
    pub sabotage: Option<String>,
}

/// A file of the lab that goes to nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path below the lab's `files/`, and below `$files` on the node.
    pub path: String,
    /// Its digest, hex.
    pub sha256: String,
    /// All of it.
    pub text: String,
}

/// Where a step or check runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// The master.
    Master,
    /// The first worker.
    Worker,
    /// Every worker.
    Workers,
    /// Every node.
    All,
    /// Nodes by name.
    Named(Vec<NodeName>),
}

/// Conditions of a step. Absent ones hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// Container engines, one of which is the node's; none: any.
    pub engine: Vec<agent::wire::Engine>,
    /// Whether the internet must be reachable from the node (`true`), or must not (`false`).
    pub online: Option<bool>,
    /// At least this many workers.
    pub workers: Option<usize>,
    /// Where nodes come from.
    pub provider: Option<crate::config::ProviderKind>,
    /// Whether the cluster has Kubernetes.
    pub kubernetes: Option<bool>,
    /// That there is an external registry.
    pub registry: Option<Outside>,
}

/// What of a registry outside the lab a step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// That there is one.
    External,
    /// One that takes charts.
    Charts,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: only checks.
    Nothing,
    /// Runs a bash script, strictly.
    Solve(String),
    /// Stops and boots the node.
    RestartNode,
    /// Restarts the node's container engine.
    RestartEngine,
}

/// A value taken from a step's output.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The variable's name.
    pub name: String,
    /// Which stream.
    pub from: Stream,
    /// Its first group (or the whole match); without it all of the output, trimmed.
    pub regex: Option<regex::Regex>,
}

/// An output stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Looks, and changes nothing.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its id, unique in the step.
    pub id: String,
    /// What holds if it passes, as a phrase: "the container runs".
    pub title: Text,
    /// The statements of the notes it settles; `${name}` stands for a value of the step's matrix.
    pub claims: Vec<String>,
    /// Where it looks; the step's hosts if absent.
    pub hosts: Option<Hosts>,
    /// The bash script that looks.
    pub run: String,
    /// What it must see.
    pub expect: Expect,
    /// What the lines of its output measure.
    pub measure: Option<Measure>,
    /// How often it looks again.
    pub retries: u32,
    /// The pause before it looks again.
    pub delay: Duration,
    /// How long one look may take.
    pub deadline: Duration,
    /// What to try if it fails.
    pub hint: Option<Text>,
    /// Why it holds without its step: it cannot be seen to fail.
    pub already_true: Option<Text>,
    /// Breaks what it looks at, and nothing that another check looks at. Runs where the check looks.
    pub sabotage: Option<String>,
}

impl Lab {
    /// What a report is told of it.
    pub fn outline(&self) -> Outline {
        let heading = |exercise: &Exercise| Heading {
            id: exercise.id.clone(),
            section: exercise.section.clone(),
            title: exercise.title.clone(),
        };
        Outline {
            title: self.title.clone(),
            exercises: self.exercises.iter().map(heading).collect(),
            claims: self.claims.clone(),
        }
    }

    /// The exercise of this id.
    pub fn exercise(&self, id: &str) -> Option<&Exercise> {
        self.exercises.iter().find(|exercise| exercise.id == id)
    }

    /// The claims a check settles, whatever the values of its step's matrix.
    pub fn claims_of<'lab>(
        &'lab self,
        exercise: &str,
        step: &Step,
        check: &Check,
    ) -> impl Iterator<Item = &'lab Claim> {
        let instances = step::instances(step).into_iter();
        let names: Vec<String> = instances
            .map(|instance| format!("{exercise}/{}/{}", instance.name, check.id))
            .collect();
        let named = move |claim: &&Claim| claim.checks.iter().any(|check| names.contains(check));
        self.claims.iter().filter(named)
    }

    /// The exercises `id` needs, transitively, each after its own needs; without `id` itself.
    pub fn needs(&self, id: &str) -> Vec<&Exercise> {
        let mut found = vec![];
        self.collect_needs(id, &mut found, 0);
        found
    }

    fn collect_needs<'lab>(&'lab self, id: &str, found: &mut Vec<&'lab Exercise>, depth: usize) {
        // Loading refused cycles; the depth only guards a lab built otherwise.
        let Some(exercise) = self.exercise(id).filter(|_| depth <= self.exercises.len()) else {
            return;
        };
        for need in &exercise.needs {
            self.collect_needs(need, found, depth + 1);
            if let Some(needed) = self.exercise(need)
                && !found.iter().any(|other| other.id == needed.id)
            {
                found.push(needed);
            }
        }
    }
}
