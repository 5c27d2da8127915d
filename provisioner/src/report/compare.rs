//! What is different between two runs: outcomes and verdicts that changed, times that changed notably. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::claim::Verdict;
use crate::event::Outcome;
use crate::report::run::Run;

/// A time counts as changed if it is this many times the other, and at least [`SLACK`] apart.
const FACTOR: f64 = 1.5;

/// Milliseconds below which a change of time is noise.
const SLACK: u64 = 1000;

/// What is different.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// `exercise/step/check node`: how it went, before and after; `None`: it was not there.
    pub outcomes: Vec<Change<Option<Outcome>>>,
    /// Claims: what was found, before and after.
    pub verdicts: Vec<Change<Option<Verdict>>>,
    /// Milliseconds, before and after: exercises, and steps on nodes.
    pub times: Vec<Change<u64>>,
}

/// One thing that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// What.
    pub name: String,
    /// In the first run.
    pub before: T,
    /// In the second.
    pub after: T,
}

/// Compares two runs.
pub fn compare(before: &Run, after: &Run) -> Differences {
    let verdicts = |run: &Run| -> BTreeMap<String, Verdict> {
        run.claims
            .iter()
            .map(|settled| (settled.claim.id.clone(), settled.verdict))
            .collect()
    };
    let (old, new) = (times(before), times(after));
    let notable = |name: &String| {
        let (before, after) = (*old.get(name)?, *new.get(name)?);
        let (low, high) = (before.min(after), before.max(after));
        let notable = high - low >= SLACK && high as f64 >= low as f64 * FACTOR;
        notable.then(|| Change {
            name: name.clone(),
            before,
            after,
        })
    };
    Differences {
        outcomes: changes(&outcomes(before), &outcomes(after)),
        verdicts: changes(&verdicts(before), &verdicts(after)),
        times: old.keys().filter_map(notable).collect(),
    }
}

fn changes<T: Copy + PartialEq>(
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
) -> Vec<Change<Option<T>>> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let change = |name: &String| Change {
        name: name.clone(),
        before: old.get(name).copied(),
        after: new.get(name).copied(),
    };
    let all = names.into_iter().map(change);
    all.filter(|change| change.before != change.after).collect()
}

/// The worst outcome of everything that ran, by name and node.
fn outcomes(run: &Run) -> BTreeMap<String, Outcome> {
    let mut all: BTreeMap<String, Outcome> = BTreeMap::new();
    for (name, did) in each(run) {
        all.entry(name)
            .and_modify(|worst| *worst = (*worst).max(did.outcome))
            .or_insert(did.outcome);
    }
    all
}

/// What was measured whole: exercises that ended, and steps and checks that passed.
fn times(run: &Run) -> BTreeMap<String, u64> {
    let ended = run
        .exercises
        .iter()
        .filter(|exercise| exercise.outcome == Some(Outcome::Passed));
    let mut all: BTreeMap<String, u64> = ended
        .map(|exercise| (exercise.id.clone(), exercise.millis))
        .collect();
    for (name, did) in each(run).filter(|(_, did)| did.outcome == Outcome::Passed) {
        *all.entry(name).or_default() += did.millis;
    }
    all
}

fn each(run: &Run) -> impl Iterator<Item = (String, &crate::report::run::Did)> {
    run.exercises.iter().flat_map(|exercise| {
        exercise.did.iter().map(|did| {
            let node = did
                .node
                .as_ref()
                .map(|node| format!(" {node}"))
                .unwrap_or_default();
            (format!("{}/{}{node}", exercise.id, did.name()), did)
        })
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::event::{Event, What};

    fn run(steps: &[(&str, Outcome, u64)]) -> Run {
        let told = |(step, outcome, millis): &(&str, Outcome, u64)| Event {
            at: String::new(),
            node: Some("m-k8s".parse().unwrap()),
            what: What::StepFinished {
                exercise: "one".into(),
                step: (*step).into(),
                title: None,
                outcome: *outcome,
                millis: *millis,
                command: String::new(),
                output: String::new(),
                reason: None,
            },
        };
        Run::of(&steps.iter().map(told).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_changed_is_named() {
        use Outcome::{Failed, Passed};
        let before = run(&[
            ("same", Passed, 10),
            ("worse", Passed, 10),
            ("gone", Passed, 10),
            ("slow", Passed, 2000),
            ("noise", Passed, 100),
        ]);
        let after = run(&[
            ("same", Passed, 900),
            ("worse", Failed, 9000),
            ("new", Passed, 10),
            ("slow", Passed, 5000),
            ("noise", Passed, 1000),
        ]);
        let found = compare(&before, &after);
        let outcome = |step: &str, before, after| Change {
            name: format!("one/{step} m-k8s"),
            before,
            after,
        };
        assert_eq!(
            found.outcomes,
            [
                outcome("gone", Some(Passed), None),
                outcome("new", None, Some(Passed)),
                outcome("worse", Some(Passed), Some(Failed)),
            ]
        );
        let slow = Change {
            name: "one/slow m-k8s".into(),
            before: 2000,
            after: 5000,
        };
        assert_eq!(found.times, [slow]);
        assert_eq!(compare(&before, &before), Differences::default());
    }
}
