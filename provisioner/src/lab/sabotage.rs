//! Breaking what was solved, one thing at a time: what there is to break, which checks must notice, and what it means if they do
//! not. Pure: who breaks and looks is the runner.

use std::collections::BTreeMap;

use serde::Serialize;

use super::step::{Instance, check_name, instances};
use super::{Action, Exercise, Step};
use crate::event::Outcome;
use crate::text;
use crate::text::Text;

/// How checks (`exercise/step/check`) were seen to be.
pub type Looks = BTreeMap<String, Outcome>;

/// One thing to break.
#[derive(Clone, Debug)]
pub struct Break {
    /// `exercise/step`, with the values of the matrix; with `/check` where the check says how.
    pub name: String,
    /// Which step of the exercise is broken.
    pub at: usize,
    /// Which instance of it.
    pub instance: Instance,
    /// What breaks it: bash, run strictly.
    pub script: String,
    /// Whether the exercise says how: `sabotage`. Else it is the step's cleanup.
    pub written: bool,
    /// Which of the step's checks says how, and must then be the only one to notice; `None`: the step.
    pub check: Option<usize>,
    /// After which steps it is tried, until it is noticed.
    pub moments: Vec<usize>,
}

/// What came of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The break's name.
    pub name: String,
    /// `exercise/step`, as in `allowed-skips`.
    pub step: String,
    /// What it means.
    pub verdict: Verdict,
    /// Checks that had to notice, and did.
    pub noticed: Vec<String>,
    /// Checks of other things that no longer held either.
    pub also: Vec<String>,
}

/// What a break shows about the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The right checks failed, and no other.
    Noticed,
    /// Its step was skipped.
    Skipped,
    /// The step's cleanup alone does not undo it, and nothing else says how to break it.
    Unbroken,
    /// No check failed that should have.
    Missed,
    /// Checks of other things failed as well.
    TooBroad,
    /// The checks that should have failed could not look.
    CannotLook,
    /// Its `sabotage` did not work.
    CannotBreak,
    /// Its step did not pass.
    NotSolved,
    /// The exercise could not be brought back to where it was.
    NotRestored,
}

impl Verdict {
    /// Whether the checks may stay as they are; a skip is judged by the lab's `allowed-skips`.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Noticed | Self::Unbroken)
    }

    /// In words.
    pub fn words(self) -> Text {
        match self {
            Self::Noticed => text!("알아챔", "noticed"),
            Self::Skipped => text!("건너뜀", "skipped"),
            Self::Unbroken => text!(
                "뒷정리만으로는 되돌려지지 않음",
                "its cleanup alone does not undo it"
            ),
            Self::Missed => text!("알아챈 점검이 없음", "missed: no check of it failed"),
            Self::TooBroad => text!(
                "상관없는 점검까지 실패함",
                "too broad: checks of other things failed as well"
            ),
            Self::CannotLook => text!("볼 수 없음", "cannot look"),
            Self::CannotBreak => text!("`sabotage`가 실패함", "its `sabotage` failed"),
            Self::NotSolved => text!("단계가 통과하지 못함", "its step did not pass"),
            Self::NotRestored => text!("되돌려 놓지 못함", "what was broken could not be put back"),
        }
    }
}

impl Break {
    /// The finding about it.
    pub fn found(&self, exercise: &Exercise, verdict: Verdict) -> Finding {
        Finding {
            name: self.name.clone(),
            step: format!("{}/{}", exercise.id, exercise.steps[self.at].id),
            verdict,
            noticed: vec![],
            also: vec![],
        }
    }

    /// The checks one or all of which must notice, once the step `moment` is done.
    pub fn watching(&self, exercise: &Exercise, moment: usize) -> Vec<String> {
        let step = &exercise.steps[self.at];
        let of = |step: &Step, instance: &Instance| -> Vec<String> {
            let names = step.checks.iter();
            names.map(|check| check_name(exercise, instance, check)).collect()
        };
        let own = of(step, &self.instance);
        if let Some(check) = self.check {
            return own.into_iter().skip(check).take(1).collect();
        }
        let building = builds_on(&exercise.steps, self.at).into_iter();
        let done = building.filter(|at| *at <= moment).map(|at| &exercise.steps[at]);
        let theirs = done.flat_map(|step| instances(step).into_iter().flat_map(move |one| of(step, &one)));
        own.into_iter().chain(theirs).collect()
    }
}

/// The steps that need the one at `at`, directly or not.
pub fn builds_on(steps: &[Step], at: usize) -> Vec<usize> {
    let mut found = vec![at];
    for (later, step) in steps.iter().enumerate().skip(at + 1) {
        if found.iter().any(|before| step.needs.contains(&steps[*before].id)) {
            found.push(later);
        }
    }
    found.split_off(1)
}

/// The steps after which a break of the one at `at` can be noticed: itself if it has checks, else those that build on it.
/// Empty: nobody looks. A check that holds without its step is not asked.
pub fn moments(steps: &[Step], at: usize) -> Vec<usize> {
    let checked = |at: &usize| steps[*at].checks.iter().any(|check| check.already_true.is_none());
    if checked(&at) {
        return vec![at];
    }
    builds_on(steps, at).into_iter().filter(checked).collect()
}

/// Everything that can be broken, in the order of the steps; what a check says of itself before what its step is broken by.
pub fn breaks(exercise: &Exercise) -> Vec<Break> {
    let mut all = vec![];
    for (at, step) in exercise.steps.iter().enumerate() {
        let moments = moments(&exercise.steps, at);
        let whole = step.sabotage.as_ref().or(match step.action {
            Action::Nothing => None,
            _ => step.cleanup.as_ref(),
        });
        for instance in instances(step) {
            let named = |name, script: &String, written, check| Break {
                name,
                at,
                instance: instance.clone(),
                script: script.clone(),
                written,
                check,
                moments: moments.clone(),
            };
            for (number, check) in step.checks.iter().enumerate() {
                let name = check_name(exercise, &instance, check);
                let script = check.sabotage.as_ref();
                all.extend(script.map(|script| named(name, script, true, Some(number))));
            }
            if let Some(script) = whole.filter(|_| !moments.is_empty()) {
                let name = format!("{}/{}", exercise.id, instance.name);
                all.push(named(name, script, step.sabotage.is_some(), None));
            }
        }
    }
    all
}

/// The steps (`exercise/step`) that nothing breaks, and why.
pub fn unbroken(exercise: &Exercise) -> Vec<(String, Text)> {
    let broken: Vec<usize> = breaks(exercise).iter().map(|one| one.at).collect();
    let why = |(at, step): (usize, &Step)| {
        let why = if moments(&exercise.steps, at).is_empty() {
            text!("보는 점검이 없음", "no check looks at it")
        } else if step.action == Action::Nothing {
            text!("보기만 하는 단계", "it only looks")
        } else {
            text!(
                "`cleanup`도 `sabotage`도 없음",
                "it has neither `cleanup` nor `sabotage`"
            )
        };
        (format!("{}/{}", exercise.id, step.id), why)
    };
    let steps = exercise.steps.iter().enumerate();
    steps.filter(|(at, _)| !broken.contains(at)).map(why).collect()
}

/// Fills in what a break shows: of the checks that held before, those `watching` must fail after it, and no other may.
pub fn judge(mut finding: Finding, watching: &[String], before: &Looks, after: &Looks) -> Finding {
    let held = before.iter().filter(|(_, outcome)| **outcome == Outcome::Passed);
    let mut blind = false;
    for name in held.map(|(name, _)| name) {
        let seen = after.get(name).copied();
        match (watching.contains(name), seen) {
            (_, Some(Outcome::Passed)) => {}
            (true, Some(Outcome::Failed)) => finding.noticed.push(name.clone()),
            (true, _) => blind = true,
            (false, _) => finding.also.push(name.clone()),
        }
    }
    finding.verdict = match (finding.noticed.is_empty(), blind, finding.also.is_empty()) {
        (true, true, _) => Verdict::CannotLook,
        (true, false, _) => Verdict::Missed,
        (false, _, false) => Verdict::TooBroad,
        (false, _, true) => Verdict::Noticed,
    };
    finding
}

#[cfg(test)]
mod tests;
