//! What names what across a lab: needs, allowed skips, `${name}`. Reports names nobody has, doubles and cycles.

use serde_yaml::Location;

use super::matcher::Expect;
use super::reader::Reader;
use super::variables::{is_built_in, names};
use super::{Check, Exercise, Lab, Step, raw};
use crate::config::suggest;
use crate::text;
use crate::text::Text;

/// Where exercises were written: file, place of the id, place of each need, and per step the same.
#[derive(Default)]
pub(super) struct Places {
    exercises: Vec<Place>,
    lost: bool,
}

struct Place {
    file: String,
    id: Location,
    needs: Vec<Location>,
    steps: Vec<StepPlace>,
}

struct StepPlace {
    id: Location,
    needs: Vec<Location>,
    expect: Location,
    checks: Vec<CheckPlace>,
}

struct CheckPlace {
    claim: Location,
    expect: Location,
}

impl Places {
    /// Remembers an exercise; call it in the order of the exercises that were read whole.
    pub(super) fn add(&mut self, file: &str, raw: &raw::Exercise) {
        let at = |word: &Option<raw::Word>| word.as_ref().map_or(Location::UNKNOWN, |word| word.location);
        let check = |check: &super::place::At<raw::Check>| CheckPlace {
            claim: check
                .claim
                .as_ref()
                .map_or(check.location, |claim| claim.location),
            expect: check
                .expect
                .as_ref()
                .map_or(check.location, |expect| expect.location),
        };
        let step = |step: &super::place::At<raw::Step>| StepPlace {
            id: step.id.as_ref().map_or(step.location, |id| id.location),
            needs: step.needs.iter().flatten().map(|need| need.location).collect(),
            expect: step
                .expect
                .as_ref()
                .map_or(step.location, |expect| expect.location),
            checks: step.checks.iter().map(check).collect(),
        };
        if raw.id.is_none() || raw.section.is_none() || raw.title.is_none() {
            return self.lose();
        }
        self.exercises.push(Place {
            file: file.to_owned(),
            id: at(&raw.id),
            needs: raw.needs.iter().map(|need| need.location).collect(),
            steps: raw
                .steps
                .iter()
                .flat_map(|steps| steps.iter())
                .filter(|raw| raw.id.is_some())
                .map(step)
                .collect(),
        });
    }

    /// Remembers that an exercise could not be read.
    pub(super) fn lose(&mut self) {
        self.lost = true;
    }

    /// Whether every exercise was read.
    pub(super) fn complete(&self) -> bool {
        !self.lost
    }

    /// Every check: its exercise, the file, its step, and where it names its claims.
    pub(super) fn checks<'lab>(
        &'lab self,
        lab: &'lab Lab,
    ) -> impl Iterator<Item = (&'lab str, &'lab str, &'lab Step, &'lab Check, Location)> {
        let exercises = lab.exercises.iter().zip(&self.exercises);
        let steps = exercises.flat_map(|(exercise, place)| {
            let steps = exercise.steps.iter().zip(&place.steps);
            steps.map(move |(step, at)| (exercise.id.as_str(), place.file.as_str(), step, at))
        });
        steps.flat_map(|(exercise, file, step, place)| {
            let checks = step.checks.iter().zip(&place.checks);
            checks.map(move |(check, at)| (exercise, file, step, check, at.claim))
        })
    }
}

/// Checks every name. `reader.file` is lab.yaml and is so again afterwards.
pub(super) fn check(reader: &mut Reader<'_>, lab: &Lab, raw: &raw::Lab, places: &Places) {
    let file = reader.file.clone();
    let steps = |exercise: &Exercise| {
        exercise
            .steps
            .iter()
            .map(|step| format!("{}/{}", exercise.id, step.id))
            .collect::<Vec<_>>()
    };
    let all: Vec<String> = lab.exercises.iter().flat_map(steps).collect();
    for skip in raw.allowed_skips.iter().filter(|skip| !all.contains(skip)) {
        unknown(
            reader,
            (skip.location, skip),
            ("단계", "step"),
            skip,
            all.iter().map(String::as_str),
        );
    }
    for (at, (exercise, place)) in lab.exercises.iter().zip(&places.exercises).enumerate() {
        reader.file.clone_from(&place.file);
        if lab.exercises[..at].iter().any(|other| other.id == exercise.id) {
            twice(reader, place.id, &exercise.id);
        }
        let ids: Vec<&str> = lab.exercises.iter().map(|other| other.id.as_str()).collect();
        for (need, location) in exercise.needs.iter().zip(&place.needs) {
            if !ids.contains(&need.as_str()) {
                unknown(
                    reader,
                    (*location, need),
                    ("실습", "exercise"),
                    need,
                    ids.iter().copied(),
                );
            } else if reaches(need, &exercise.id, &|id| {
                lab.exercise(id)
                    .map(|found| found.needs.clone())
                    .unwrap_or_default()
            }) {
                cycle(reader, *location, need);
            }
        }
        check_steps(reader, lab, exercise, place);
    }
    reader.file = file;
}

fn check_steps(reader: &mut Reader<'_>, lab: &Lab, exercise: &Exercise, place: &Place) {
    let ids: Vec<&str> = exercise.steps.iter().map(|step| step.id.as_str()).collect();
    let needs = |id: &str| {
        exercise
            .steps
            .iter()
            .find(|step| step.id == id)
            .map(|step| step.needs.clone())
            .unwrap_or_default()
    };
    let mut captured: Vec<&str> = vec![];
    for (at, (step, place)) in exercise.steps.iter().zip(&place.steps).enumerate() {
        if ids[..at].contains(&step.id.as_str()) {
            twice(reader, place.id, &step.id);
        }
        for (need, location) in step.needs.iter().zip(&place.needs) {
            if !ids.contains(&need.as_str()) {
                unknown(
                    reader,
                    (*location, need),
                    ("단계", "step"),
                    need,
                    ids.iter().copied(),
                );
            } else if reaches(need, &step.id, &needs) {
                cycle(reader, *location, need);
            } else if !ids[..at].contains(&need.as_str()) {
                let message = text!(
                    "단계 `{need}`은(는) 이 단계보다 앞에 있어야 함",
                    "the step `{need}` must be written before this one"
                );
                reader.report(*location, message, None);
            }
        }
        variables(reader, lab, step, place.expect, &step.expect, &captured);
        for (check, place) in step.checks.iter().zip(&place.checks) {
            // Rule 7 of the format: what a person typed has no captures, so a check cannot use one.
            variables(reader, lab, step, place.expect, &check.expect, &[]);
        }
        captured.extend(step.capture.iter().map(|capture| capture.name.as_str()));
    }
}

fn variables(
    reader: &mut Reader<'_>,
    lab: &Lab,
    step: &Step,
    at: Location,
    expect: &Expect,
    captured: &[&str],
) {
    let matchers = expect.stdout.iter().chain(&expect.stderr);
    let used: Vec<&str> = matchers
        .filter_map(|matcher| matcher.template())
        .flat_map(names)
        .collect();
    for name in used {
        let known = is_built_in(name)
            || lab.variables.contains_key(name)
            || step.matrix.contains_key(name)
            || captured.contains(&name);
        if !known {
            let others = lab
                .variables
                .keys()
                .chain(step.matrix.keys())
                .map(String::as_str)
                .chain(captured.iter().copied());
            let others: Vec<&str> = others.chain(super::variables::CONSTANT).collect();
            let word = format!("${{{name}}}");
            unknown(
                reader,
                (at, &word),
                ("변수", "variable"),
                name,
                others.iter().copied(),
            );
        }
    }
}

fn reaches(from: &str, target: &str, needs: &dyn Fn(&str) -> Vec<String>) -> bool {
    let (mut open, mut seen) = (vec![from.to_owned()], vec![]);
    while let Some(id) = open.pop() {
        if id == target {
            return true;
        }
        if !seen.contains(&id) {
            open.extend(needs(&id));
            seen.push(id);
        }
    }
    false
}

/// Reports a name nobody has, where the word it is in is written, at or after a location.
pub(super) fn unknown<'known>(
    reader: &mut Reader<'_>,
    (at, word): (Location, &str),
    (ko, en): (&str, &str),
    name: &str,
    known: impl Iterator<Item = &'known str> + Clone,
) {
    let message: Text = text!("모르는 {ko} `{name}`", "unknown {en} `{name}`");
    reader.report_word(at, word, message, Some(suggest::hint(name, known)));
}

fn twice(reader: &mut Reader<'_>, at: Location, id: &str) {
    reader.report(
        at,
        text!("id `{id}`이(가) 두 번 나옴", "the id `{id}` appears twice"),
        None,
    );
}

fn cycle(reader: &mut Reader<'_>, at: Location, need: &str) {
    reader.report(
        at,
        text!(
            "`needs`가 제자리로 돌아옴: `{need}`",
            "`needs` goes round in a circle through `{need}`"
        ),
        None,
    );
}
