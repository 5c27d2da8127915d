//! `lab test`: proves of every check of a lab that it can fail.

mod sabotage;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::raise::{Raised, raise};
use crate::cli::{App, exercise};
use crate::error::{Error, Result, exit};
use crate::lab::proof::{Proof, Verdict};
use crate::lab::step::skippable;
use crate::runner::Runner;
use crate::text;
use crate::text::Text;

/// Arguments of `lab test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lab, or one exercise of it as LAB/EXERCISE
    #[arg(value_name = "LAB[/EXERCISE]")]
    lab: String,
    /// How many times, to see which checks are not the same each time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    repeat: u32,
    /// Break one solved thing at a time, and see whether exactly the right checks notice
    #[arg(long)]
    sabotage: bool,
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
    let Raised { seat, .. } = raise(app, "test", None)?;
    let (mut proofs, mut findings) = (vec![], vec![]);
    app.block_on(async {
        let classroom = exercise::classroom(app, &seat, &chosen).await?;
        for _ in 0..args.repeat {
            for one in &chosen {
                app.interrupt.check()?;
                let runner = Runner::new(&lab, &classroom, &app.sink, &app.interrupt, true);
                match args.sabotage {
                    true => findings.extend(runner.sabotage(one).await),
                    false => proofs.extend(runner.prove(one).await),
                }
            }
        }
        Ok::<_, Error>(())
    })??;
    app.interrupt.check()?;
    app.sink.close();
    Ok(match args.sabotage {
        true => sabotage::tell(&findings, &chosen, &lab, app),
        false => tell(&rows(&proofs, &skippable(&lab, &cluster)), app),
    })
}

fn rows(proofs: &[Proof], skippable: &[String]) -> Vec<Row> {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for proof in proofs {
        let verdict = proof.verdict();
        let allowed = skippable.contains(&proof.step) || skippable.contains(&proof.check);
        let skipped = verdict == Verdict::Skipped && allowed;
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

/// Says what is not proved, and how many are; after several rounds, of each check in how many it was not.
fn tell(rows: &[Row], app: &App) -> u8 {
    let bad = rows.iter().filter(|row| row.good < row.rounds).count();
    if app.json() {
        app.out.json(&rows);
    } else {
        for row in rows {
            let words = row.verdict.words();
            let words = words.get(app.out.lang);
            let (failed, rounds) = (row.rounds - row.good, row.rounds);
            match (failed, rounds) {
                (0, 1) => {}
                (0, _) => app.out.line(format!("✓ {}  0/{rounds}", row.check)),
                (_, 1) => app.out.line(format!("✗ {}  {words}", row.check)),
                _ => {
                    let rate = percent(failed, rounds);
                    app.out
                        .line(format!("✗ {}  {words}  {failed}/{rounds} ({rate})", row.check));
                }
            }
        }
        let skips = |row: &&Row| row.good == row.rounds && row.verdict == Verdict::Skipped;
        let (all, skipped) = (rows.len(), rows.iter().filter(skips).count());
        let proved = all - bad - skipped;
        let words = match skipped {
            0 => text!(
                "점검 {all}개 중 {proved}개 증명됨",
                "{proved} of {all} checks proved"
            ),
            _ => text!(
                "점검 {all}개 중 {proved}개 증명됨, 이 클러스터에서 할 수 없는 {skipped}개는 건너뜀",
                "{proved} of {all} checks proved, {skipped} skipped that this cluster has no place for"
            ),
        };
        app.out.line(words.get(app.out.lang));
        if let Some(words) = flakes(rows) {
            app.out.line(words.get(app.out.lang));
        }
    }
    if bad == 0 && !rows.is_empty() {
        exit::OK
    } else {
        exit::LAB
    }
}

/// How often a check was not proved that was proved in another round; `None` after one round.
fn flakes(rows: &[Row]) -> Option<Text> {
    let repeated = rows.iter().any(|row| row.rounds > 1);
    let flaky: Vec<&Row> = rows
        .iter()
        .filter(|row| row.good > 0 && row.good < row.rounds)
        .collect();
    let failed: u32 = flaky.iter().map(|row| row.rounds - row.good).sum();
    let rounds: u32 = rows.iter().map(|row| row.rounds).sum();
    let (checks, rate) = (flaky.len(), percent(failed, rounds));
    repeated.then(|| {
        text!(
            "들쭉날쭉한 점검 {checks}개, {rounds}번 가운데 {failed}번 ({rate})",
            "{checks} flaky check(s): {failed} of {rounds} proofs failed ({rate})"
        )
    })
}

/// A part of a whole, to a tenth of a hundredth.
fn percent(part: u32, whole: u32) -> String {
    format!("{:.1}%", f64::from(part) * 100.0 / f64::from(whole.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(good: u32, rounds: u32) -> Row {
        Row {
            check: "a/b/c".into(),
            verdict: Verdict::Proved,
            good,
            rounds,
        }
    }

    #[test]
    fn only_what_passed_in_another_round_is_flaky() {
        for (rows, expected) in [
            (vec![row(1, 1), row(0, 1)], None),
            (
                vec![row(4, 4), row(4, 4)],
                Some("0 flaky check(s): 0 of 8 proofs failed (0.0%)"),
            ),
            (
                vec![row(3, 4), row(0, 4)],
                Some("1 flaky check(s): 1 of 8 proofs failed (12.5%)"),
            ),
        ] {
            assert_eq!(flakes(&rows).map(|text| text.en).as_deref(), expected);
        }
    }
}
