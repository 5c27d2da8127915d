//! How far a person has come in an exercise, judged from one look at its checks and what is there of it. Pure: looking is the
//! runner's.

use std::collections::{BTreeMap, BTreeSet};

use super::Exercise;
use super::step::{Instance, instances};
use crate::event::Outcome;

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All its checks hold; or it has none and `lab solve` did it.
    Holds,
    /// Its checks do not hold any more, or it has none; this step, which needs it, holds: the person went on.
    WentOn(String),
    /// Not done, as far as can be seen.
    Open,
}

/// What is on the nodes of an exercise.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Whether anything of it is there.
    pub begun: bool,
    /// Steps (by id) that `lab solve` carried out to the end.
    pub solved: BTreeSet<String>,
}

/// The outcomes of one look, by step (with the matrix's values) and check.
pub type Looks = BTreeMap<(String, String), Outcome>;

/// How each step stands, in their order. Where nothing of the exercise is there, nothing that holds is taken for the trace of a step
/// before, since what is to be absent in the end is absent in the beginning, too. A step that no check tells anything of is done if
/// `lab solve` did it.
pub fn standings(exercise: &Exercise, looks: &Looks, trace: &Trace) -> Vec<Standing> {
    let holding: Vec<Option<bool>> = exercise
        .steps
        .iter()
        .map(|step| {
            let all: Vec<Option<bool>> = instances(step)
                .iter()
                .map(|instance| holds(exercise, &step.id, instance, looks))
                .collect();
            if all.contains(&Some(false)) {
                Some(false)
            } else {
                let told = all.into_iter().flatten().next();
                told.or_else(|| trace.solved.contains(&step.id).then_some(true))
            }
        })
        .collect();
    let after = |at: usize| {
        let id = &exercise.steps[at].id;
        let later = exercise.steps.iter().zip(&holding).skip(at + 1);
        let mut later = later
            .filter(|(step, holds)| **holds == Some(true) && needs(exercise, &step.id).contains(id.as_str()));
        later.next().map(|(step, _)| step.id.clone())
    };
    let standing = |(at, holds): (usize, &Option<bool>)| match holds {
        Some(true) => Standing::Holds,
        _ if !trace.begun => Standing::Open,
        _ => after(at).map_or(Standing::Open, Standing::WentOn),
    };
    holding.iter().enumerate().map(standing).collect()
}

/// Whether the checks of an instance of a step hold; `None` where none of them tells: they hold without the step, or nobody
/// looked.
pub fn holds(exercise: &Exercise, step: &str, instance: &Instance, looks: &Looks) -> Option<bool> {
    let step = exercise.steps.iter().find(|one| one.id == step)?;
    let telling = step.checks.iter().filter(|check| check.already_true.is_none());
    let seen: Vec<&Outcome> = telling
        .filter_map(|check| looks.get(&(instance.name.clone(), check.id.clone())))
        .collect();
    (!seen.is_empty()).then(|| seen.iter().all(|outcome| **outcome == Outcome::Passed))
}

/// The steps a step needs, and those they need.
pub fn needs<'lab>(exercise: &'lab Exercise, step: &str) -> BTreeSet<&'lab str> {
    let (mut open, mut found) = (vec![step], BTreeSet::new());
    while let Some(id) = open.pop() {
        let needed = exercise.steps.iter().filter(|one| one.id == id);
        for need in needed.flat_map(|one| &one.needs) {
            if found.insert(need.as_str()) {
                open.push(need);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::files::Files;
    use super::super::load::load;
    use super::*;
    use Standing::{Holds, Open};

    const STEPS: &str = "id: one
section: s
title: t
steps:
- {id: pull, title: t, solve: x}
- {id: run, title: t, solve: x, matrix: {tag: [a, b]}, checks: [{id: c, title: t, run: x, expect: {exit-code: 0}}]}
- {id: stop, title: t, solve: x, checks: [{id: c, title: t, run: x, expect: {exit-code: 0}}]}
- {id: apart, title: t, needs: [pull], solve: x, checks: [{id: c, title: t, run: x, expect: {exit-code: 0}}, {id: so, title: t, run: x, expect: {exit-code: 0}, already-true: t}]}
- {id: free, title: t, needs: [stop], solve: x}
";

    fn seen(passed: &[&str], begun: bool) -> Vec<Standing> {
        let files: Files = [
            ("lab.yaml".into(), "title: t\nexercises: [one.yaml]\n".into()),
            ("one.yaml".into(), STEPS.into()),
        ]
        .into();
        let lab = load("test", &files, None)
            .map_err(|problems| format!("{problems:#?}"))
            .unwrap();
        let mut looks = Looks::new();
        for step in ["run[tag=a]", "run[tag=b]", "stop", "apart"] {
            let outcome = if passed.contains(&step) {
                Outcome::Passed
            } else {
                Outcome::Failed
            };
            looks.insert((step.into(), "c".into()), outcome);
        }
        looks.insert(("apart".into(), "so".into()), Outcome::Passed);
        let solved = passed.iter().map(|step| (*step).to_owned()).collect();
        standings(&lab.exercises[0], &looks, &Trace { begun, solved })
    }

    fn went_on(to: &str) -> Standing {
        Standing::WentOn(to.into())
    }

    #[test]
    fn a_step_is_done_if_it_holds_or_one_that_needs_it_does() {
        for (passed, begun, expected) in [
            (&[][..], true, [Open, Open, Open, Open, Open]),
            (&["run[tag=a]"], true, [Open, Open, Open, Open, Open]),
            (
                &["run[tag=a]", "run[tag=b]"],
                true,
                [went_on("run"), Holds, Open, Open, Open],
            ),
            (
                &["stop"],
                true,
                [went_on("stop"), went_on("stop"), Holds, Open, Open],
            ),
            // Nothing is there: that nothing runs is no sign of having stopped it.
            (&["stop"], false, [Open, Open, Holds, Open, Open]),
            // What no check tells of is done if it was done by `lab solve`; what checks tell of is not, whoever did it.
            (
                &["free"],
                true,
                [went_on("free"), went_on("free"), went_on("free"), Open, Holds],
            ),
            (&["run"], true, [Open, Open, Open, Open, Open]),
            (&["apart"], true, [went_on("apart"), Open, Open, Holds, Open]),
        ] {
            assert_eq!(seen(passed, begun), expected, "{passed:?} {begun}");
        }
    }

    #[test]
    fn needs_are_followed_to_the_first() {
        let files: Files = [
            ("lab.yaml".into(), "title: t\nexercises: [one.yaml]\n".into()),
            ("one.yaml".into(), STEPS.into()),
        ]
        .into();
        let lab = load("test", &files, None).unwrap();
        let found: Vec<&str> = needs(&lab.exercises[0], "free").into_iter().collect();
        assert_eq!(found, ["pull", "run", "stop"]);
    }
}
