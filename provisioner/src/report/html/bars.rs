//! Times and what was measured, as bars.

use super::{Places, node};
use crate::event::Unit;
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

/// What checks measured.
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
        let longest = measure.values.iter().map(|one| one.value).max().unwrap_or(0);
        let bars = measure.values.iter().map(|one| Bar {
            name: one.name.clone(),
            node: String::new(),
            amount: match measure.unit {
                Unit::Bytes => bytes(one.value),
                Unit::Seconds => duration(one.value),
                Unit::Count => one.value.to_string(),
            },
            share: share(one.value, longest),
            place: place.clone(),
        });
        Chart {
            title: Both(measure.title.clone()),
            node: measure.node.as_ref().map(ToString::to_string).unwrap_or_default(),
            bars: bars.collect(),
        }
    };
    run.measures.iter().map(chart).collect()
}
