//! What an exercise measured of the same things, side by side: a row for each thing, a column for each property.

use super::bars::amount;
use crate::render::page::{Both, Row, Table};
use crate::report::run::{Exercise, Measure, Run};
use crate::text::Text;

/// One for each exercise that measured more than one property of a thing.
pub(super) fn tables(run: &Run) -> Vec<Table> {
    let of = |exercise: &Exercise| table(exercise, &run.measures);
    run.exercises.iter().filter_map(of).collect()
}

fn table(exercise: &Exercise, measures: &[Measure]) -> Option<Table> {
    let measures = || measures.iter().filter(|one| one.exercise == exercise.id);
    let (mut columns, mut names): (Vec<&Text>, Vec<&str>) = (vec![], vec![]);
    for measure in measures() {
        if !columns.contains(&&measure.title) {
            columns.push(&measure.title);
        }
        for value in &measure.values {
            if !names.contains(&value.name.as_str()) {
                names.push(&value.name);
            }
        }
    }
    // Measured on several nodes, it has several values.
    let cell = |name: &str, title: &Text| {
        let found = measures().filter(|one| one.title == *title).flat_map(|one| {
            let values = one.values.iter().filter(|value| value.name == name);
            values.map(|value| amount(&value.value, one.unit))
        });
        found.collect::<Vec<_>>().join(", ")
    };
    let row = |name: &&str| Row {
        name: (*name).to_owned(),
        cells: columns.iter().map(|title| cell(name, title)).collect(),
    };
    let rows: Vec<Row> = names.iter().map(row).collect();
    let compares = |row: &Row| row.cells.iter().filter(|cell| !cell.is_empty()).count() > 1;
    rows.iter().any(compares).then(|| Table {
        title: Both(exercise.title.clone()),
        columns: columns.into_iter().cloned().map(Both).collect(),
        rows,
    })
}
