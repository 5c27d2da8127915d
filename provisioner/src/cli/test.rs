//! `lab test`: proves of every check of a lab that it can fail.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::raise::{Raised, raise};
use crate::cli::{App, exercise};
use crate::error::{Error, Result, exit};
use crate::lab::Lab;
use crate::lab::proof::{Proof, Verdict};
use crate::runner::Runner;
use crate::runner::classroom::Classroom;
use crate::text;

/// Arguments of `lab test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lab, or one exercise of it as LAB/EXERCISE
    #[arg(value_name = "LAB[/EXERCISE]")]
    lab: String,
    /// How many times, to see which checks are not the same each time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    repeat: u32,
}

/// A check, over all rounds.
#[derive(Debug, Serialize)]
struct Row {
    check: String,
    /// The first verdict that is not good; else the last.
    verdict: Verdict,
    /// Rounds in which it was proved, or skipped as the lab allows.
    good: u32,
    rounds: u32,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    let cluster = app.cluster(&paths)?;
    let (name, id) = exercise::split(&args.lab);
    let lab = exercise::find(name, &paths, Some(&cluster), app.out)?;
    let chosen = match id {
        Some(id) => vec![exercise::exercise(&lab, id)?],
        None => lab.exercises.iter().collect(),
    };
    let Raised { seat, .. } = raise(app, "test")?;
    let proofs = app.block_on(async {
        let clients = exercise::reach(&seat.cluster, seat.provider.as_ref()).await?;
        let now = exercise::circumstances(app, &seat, &chosen, &clients).await?;
        let classroom = Classroom::new(&seat.cluster, Some(seat.provider.as_ref()), now, clients);
        let mut proofs = vec![];
        for _ in 0..args.repeat {
            for one in &chosen {
                app.interrupt.check()?;
                let runner = Runner::new(&lab, &classroom, &app.sink, &app.interrupt, true);
                proofs.extend(runner.prove(one).await);
            }
        }
        Ok::<_, Error>(proofs)
    })??;
    app.interrupt.check()?;
    app.sink.close();
    Ok(tell(&rows(&proofs, &lab), app))
}

fn rows(proofs: &[Proof], lab: &Lab) -> Vec<Row> {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for proof in proofs {
        let verdict = proof.verdict();
        let skipped = verdict == Verdict::Skipped && lab.allowed_skips.contains(&proof.step);
        let good = verdict.is_good() || skipped;
        let row = rows.entry(&proof.check).or_insert_with(|| Row {
            check: proof.check.clone(),
            verdict,
            good: 0,
            rounds: 0,
        });
        if row.good == row.rounds {
            row.verdict = verdict;
        }
        row.good += u32::from(good);
        row.rounds += 1;
    }
    rows.into_values().collect()
}

/// Says what is not proved, and how many are.
fn tell(rows: &[Row], app: &App) -> u8 {
    let bad: Vec<&Row> = rows.iter().filter(|row| row.good < row.rounds).collect();
    if app.json() {
        app.out.json(&rows);
    } else {
        for row in &bad {
            let words = row.verdict.words();
            let words = words.get(app.out.lang);
            let (failed, rounds) = (row.rounds - row.good, row.rounds);
            app.out.line(match rounds {
                1 => format!("✗ {}  {words}", row.check),
                _ => format!("✗ {}  {words}  {failed}/{rounds}", row.check),
            });
        }
        let (proved, all) = (rows.len() - bad.len(), rows.len());
        let words = text!(
            "점검 {all}개 중 {proved}개 증명됨",
            "{proved} of {all} checks proved"
        );
        app.out.line(words.get(app.out.lang));
    }
    if bad.is_empty() && !rows.is_empty() {
        exit::OK
    } else {
        exit::LAB
    }
}
