//! A lab's files as they are written: scalars with their place, nothing checked yet. Everything may be absent and unknown
//! keys pass: [`crate::config::shape`] reports both, from the JSON Schemas derived here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::place::{At, OneOrMany};
use crate::text::Text;

/// A scalar and its place.
pub type Word = At<String>;

/// A lab: what its exercises have in common. labs/NAME/lab.yaml
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "lab.yaml", deny_unknown_fields)]
pub struct Lab {
    /// The lab's title.
    #[schemars(required)]
    pub title: Option<At<Text>>,
    /// Exercise files beside this one, in the order of the notes.
    #[schemars(required)]
    pub exercises: Option<Vec<Word>>,
    /// Variables every script gets.
    #[serde(default)]
    pub variables: BTreeMap<String, Word>,
    /// Steps, as exercise/step, that may be skipped.
    #[serde(default)]
    pub allowed_skips: Vec<Word>,
    /// The engine whose words the scripts are in; exercises and steps may say otherwise.
    pub engine: Option<At<OneOrMany>>,
    /// The file that holds the claims of the notes.
    pub claims: Option<Word>,
}

/// An exercise.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "exercise", deny_unknown_fields)]
pub struct Exercise {
    /// Its id: letters, digits and dashes.
    #[schemars(required)]
    pub id: Option<Word>,
    /// The heading of the notes.
    #[schemars(required)]
    pub section: Option<Word>,
    /// What a person reads.
    #[schemars(required)]
    pub title: Option<At<Text>>,
    /// The engines its steps are for, if not the lab's: docker, containerd, cri-o, podman or any.
    pub engine: Option<At<OneOrMany>>,
    /// Exercises set up before this one.
    #[serde(default)]
    pub needs: Vec<Word>,
    /// Names of the containers it makes.
    #[serde(default)]
    pub containers: Vec<Word>,
    /// Images whose containers its commands hit as a whole: no container but its own may use them.
    #[serde(default)]
    pub exclusive: Vec<Word>,
    /// Its steps.
    #[schemars(required)]
    pub steps: Option<At<Vec<At<Step>>>>,
}

/// A step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Step {
    /// Its id: letters, digits and dashes.
    #[schemars(required)]
    pub id: Option<Word>,
    /// What it is about, for the person who watches.
    #[schemars(required)]
    pub title: Option<At<Text>>,
    /// master, worker (the first), workers, all, a node's name, or a list of names.
    pub hosts: Option<At<OneOrMany>>,
    /// Steps that must have passed; without it the step before.
    pub needs: Option<Vec<Word>>,
    /// Conditions, else it is skipped.
    pub when: Option<When>,
    /// One instance of the step per value.
    #[serde(default)]
    pub matrix: BTreeMap<String, At<Vec<Word>>>,
    /// Files of the lab, below its files/, that are on the node before the script runs.
    #[serde(default)]
    pub files: Vec<Word>,
    /// The bash script that solves it.
    pub solve: Option<Word>,
    /// Instead of a script: restart the node or its engine.
    pub restart: Option<Word>,
    /// How long it may take, e.g. 60s.
    pub deadline: Option<Word>,
    /// What it must lead to.
    pub expect: Option<At<Expect>>,
    /// Values for later steps, by the variable's name.
    #[serde(default)]
    pub capture: BTreeMap<String, At<Capture>>,
    /// What must hold afterwards.
    #[serde(default)]
    pub checks: Vec<At<Check>>,
    /// The bash script that undoes it.
    pub cleanup: Option<Word>,
    /// The bash script by which `lab test --sabotage` breaks what it did; the cleanup without it.
    pub sabotage: Option<Word>,
}

/// Conditions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct When {
    /// docker, containerd, cri-o or podman; a list of them; or any.
    pub engine: Option<At<OneOrMany>>,
    /// Whether the internet is reachable: true or false.
    pub online: Option<Word>,
    /// The least number of workers.
    pub workers: Option<Word>,
    /// local, vagrant or inventory.
    pub provider: Option<Word>,
    /// Whether the cluster has Kubernetes: true or false.
    pub kubernetes: Option<Word>,
    /// external: cluster.yaml names a registry beside the lab's own; charts: one that takes Helm charts.
    pub registry: Option<Word>,
}

/// A value of the output.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Capture {
    /// stdout or stderr.
    pub from: Option<Word>,
    /// Its first group is the value.
    pub regex: Option<Word>,
}

/// A check.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Check {
    /// Its id: letters, digits and dashes.
    #[schemars(required)]
    pub id: Option<Word>,
    /// What holds if it passes.
    #[schemars(required)]
    pub title: Option<At<Text>>,
    /// The id of the claim it settles, or a list; ${name} is a value of the matrix.
    pub claim: Option<At<OneOrMany>>,
    /// Where it looks; the step's hosts without it.
    pub hosts: Option<At<OneOrMany>>,
    /// The bash script that looks.
    #[schemars(required)]
    pub run: Option<Word>,
    /// What it must see.
    #[schemars(required)]
    pub expect: Option<At<Expect>>,
    /// Its output is lines of a name and a number, which reports draw as bars.
    pub measure: Option<At<Measure>>,
    /// How often it looks again.
    pub retries: Option<Word>,
    /// The pause before, e.g. 500ms.
    pub delay: Option<Word>,
    /// How long one look may take, e.g. 60s.
    pub deadline: Option<Word>,
    /// What to try if it fails.
    pub hint: Option<At<Text>>,
    /// Why it holds without its step: `lab test` does not ask it to fail.
    pub already_true: Option<At<Text>>,
    /// The bash script by which `lab test --sabotage` breaks what this check looks at, and no other.
    pub sabotage: Option<Word>,
}

/// What a check measures.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Measure {
    /// bytes, seconds, count or word.
    #[schemars(required)]
    pub unit: Option<Word>,
    /// What the numbers or words are of.
    #[schemars(required)]
    pub title: Option<At<Text>>,
}

/// Matchers; all must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Expect {
    /// The exit code; 0 without it.
    pub exit_code: Option<Word>,
    /// Standard output, trimmed.
    pub stdout: Option<At<Stream>>,
    /// Standard error, trimmed.
    pub stderr: Option<At<Stream>>,
    /// equal or distinct: how the hosts' outputs relate.
    pub across_hosts: Option<Word>,
}

/// Matchers of one stream; all must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Stream {
    /// The whole output.
    pub exactly: Option<Word>,
    /// Texts it contains.
    pub contains: Option<At<OneOrMany>>,
    /// Texts it does not contain.
    pub not_contains: Option<At<OneOrMany>>,
    /// A regular expression that matches somewhere.
    pub matches: Option<Word>,
    /// How many lines it has.
    pub line_count: Option<Word>,
}

/// A statement of the notes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Claim {
    /// Its id.
    #[schemars(required)]
    pub id: Option<Word>,
    /// The heading of the notes.
    #[schemars(required)]
    pub section: Option<Word>,
    /// Where the notes make it: a line, lines as 143-146, or a list of these.
    #[schemars(required)]
    pub lines: Option<At<OneOrMany>>,
    /// One sentence, in our words.
    #[schemars(required)]
    pub claim: Option<At<Text>>,
    /// confirmed, refuted, differs, unsettled or opinion.
    #[schemars(required)]
    pub expect: Option<Word>,
    /// Why, where it is not confirmed.
    pub reason: Option<At<Text>>,
    /// The checks that name it, for who reads the ledger; `lab lint` holds them against the checks.
    pub checks: Option<Vec<Word>>,
}
