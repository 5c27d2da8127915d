//! Times and what was measured, as bars.

use super::{Places, node};
use crate::event::{Unit, Value};
use crate::render::page::{Bar, Both, Chart};
use crate::report::out::{bytes, duration};
use crate::report::run::{Exercise, Measure, Run};

/// Steps whose times are drawn.
const SLOWEST: usize = 20;

/// A share of the longest in hundredths.
pub(super) fn share(millis: u64, longest: u64) -> u64 {
    millis.saturating_mul(100) / longest.max(1)
}

pub(super) fn exercise_times(run: &Run) -> Vec<Bar> {
    let ended = || run.exercises.iter().filter(|exercise| exercise.millis > 0);
    let longest = ended().map(|exercise| exercise.millis).max().unwrap_or(0);
    let bar = |exercise: &Exercise| Bar {
        name: exercise.id.clone(),
        node: String::new(),
        amount: duration(exercise.millis),
        share: share(exercise.millis, longest),
        place: format!("exercise-{}", exercise.id),
    };
    ended().map(bar).collect()
}

pub(super) fn step_times(run: &Run, places: &Places) -> Vec<Bar> {
    let mut all: Vec<(u64, Bar)> = vec![];
    for exercise in &run.exercises {
        for (at, did) in exercise.did.iter().enumerate().filter(|(_, did)| did.millis > 0) {
            let bar = Bar {
                name: format!("{}/{}", exercise.id, did.name()),
                node: node(did),
                amount: duration(did.millis),
                share: 0,
                place: places.get(&exercise.id, at),
            };
            all.push((did.millis, bar));
        }
    }
    all.sort_by_key(|(millis, _)| std::cmp::Reverse(*millis));
    let longest = all.first().map_or(0, |(millis, _)| *millis);
    let with_share = |(millis, bar): (u64, Bar)| Bar {
        share: share(millis, longest),
        ..bar
    };
    all.into_iter().take(SLOWEST).map(with_share).collect()
}

/// A value as people write it.
pub(super) fn amount(value: &Value, unit: Unit) -> String {
    match (value, unit) {
        (Value::Word(word), _) => word.clone(),
        (Value::Number(number), Unit::Bytes) => bytes(*number),
        (Value::Number(number), Unit::Seconds) => duration(*number),
        (Value::Number(number), Unit::Count | Unit::Word) => number.to_string(),
    }
}

/// The numbers that checks measured.
pub(super) fn charts(run: &Run, places: &Places) -> Vec<Chart> {
    let chart = |measure: &Measure| {
        let exercise = run
            .exercises
            .iter()
            .find(|exercise| exercise.id == measure.exercise);
        let at = exercise.and_then(|exercise| {
            let mut did = exercise.did.iter();
            did.position(|did| did.name() == measure.name && did.node == measure.node)
        });
        let place = at.map(|at| places.get(&measure.exercise, at)).unwrap_or_default();
        let longest = measure
            .values
            .iter()
            .map(|one| one.value.number())
            .max()
            .unwrap_or(0);
        let bars = measure.values.iter().map(|one| Bar {
            name: one.name.clone(),
            node: String::new(),
            amount: amount(&one.value, measure.unit),
            share: share(one.value.number(), longest),
            place: place.clone(),
        });
        Chart {
            title: Both(measure.title.clone()),
            node: measure.node.as_ref().map(ToString::to_string).unwrap_or_default(),
            bars: bars.collect(),
        }
    };
    let numbers = run.measures.iter().filter(|one| one.unit != Unit::Word);
    numbers.map(chart).collect()
}
