//! `lab check`: the checks of an exercise, on what the person typed.

use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::App;
use crate::cli::exercise::{self, Named, One};
use crate::error::{Error, Result, exit};
use crate::event::{Event, Outcome, Reporter, Sink, What};
use crate::lab::progress::Standing;
use crate::lab::{Exercise, Lab, Step};
use crate::report::out::Out;
use crate::runner::Runner;
use crate::text;
use crate::text::{Lang, Text};

/// Arguments of `lab check`.
pub type Args = Named;

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let opened = One::open(
        app,
        (&seat.paths, &seat.cluster),
        &args.exercise,
        args.step.as_deref(),
    )?;
    let (lab, one, only) = (&opened.lab, opened.exercise()?, opened.step()?);
    let sink = Sink::default();
    let counted = Arc::new(Mutex::new((0, 0)));
    sink.add(Box::new(Lines {
        out: app.out,
        lab: lab.clone(),
        counted: Arc::clone(&counted),
    }));
    let went_on = app.block_on(async {
        let classroom = exercise::classroom(app, &seat, &[one]).await?;
        let runner = Runner::new(lab, &classroom, &sink, &app.interrupt, true);
        let went_on = match only {
            Some(step) => {
                runner.check(&with(one, step)).await;
                false
            }
            None => check(one, &runner, app.out).await,
        };
        Ok::<_, Error>(went_on)
    })??;
    let (passed, all) = *counted.lock().unwrap_or_else(PoisonError::into_inner);
    if all > 0 || !went_on {
        app.out.line(format!("{passed}/{all}"));
    }
    Ok(if passed == all && (all > 0 || went_on) {
        exit::OK
    } else {
        exit::LAB
    })
}

/// Checks each step that no later one went on from: what it looked at may be gone since. Whether there is one that was gone on from.
async fn check(one: &Exercise, runner: &Runner<'_>, out: Out) -> bool {
    let mut went_on = false;
    let standings = runner.progress(one).await.standings;
    for (step, standing) in one.steps.iter().zip(standings) {
        match standing {
            Standing::WentOn(to) if !step.checks.is_empty() => {
                let Text { ko, en } = &step.title;
                let words = text!(
                    "· {ko}: 했음 (`{to}`까지 옴)",
                    "· {en}: done (`{to}` went on from it)"
                );
                out.line(words.get(out.lang));
                went_on = true;
            }
            _ => drop(runner.check(&with(one, step)).await),
        }
    }
    went_on
}

/// The exercise with one step only.
fn with(exercise: &Exercise, step: &Step) -> Exercise {
    Exercise {
        steps: vec![step.clone()],
        ..exercise.clone()
    }
}

/// A line per check and node, on stdout.
struct Lines {
    out: Out,
    lab: Lab,
    counted: Arc<Mutex<(u32, u32)>>,
}

impl Reporter for Lines {
    fn report(&mut self, event: &Event) {
        let What::CheckFinished {
            exercise,
            step,
            check,
            outcome,
            reason,
            hint,
            ..
        } = &event.what
        else {
            return;
        };
        let passed = *outcome == Outcome::Passed;
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        *counted = (counted.0 + u32::from(passed), counted.1 + 1);
        let (id, values) = step
            .split_once('[')
            .map_or((step.as_str(), String::new()), |(id, values)| {
                (id, format!(" [{values}"))
            });
        let steps = self
            .lab
            .exercise(exercise)
            .into_iter()
            .flat_map(|exercise| &exercise.steps);
        let mut checks = steps.filter(|step| step.id == id).flat_map(|step| &step.checks);
        let title = checks
            .find(|one| one.id == *check)
            .map_or(check.as_str(), |one| one.title.get(self.out.lang));
        let node = event.node.as_ref().map(ToString::to_string).unwrap_or_default();
        let why = reason
            .as_ref()
            .map(|reason| format!(": {}", reason.get(self.out.lang)))
            .unwrap_or_default();
        self.out.line(format!(
            "{} {node}  {title}{values}{why}",
            if passed { '✓' } else { '✗' }
        ));
        if let Some(hint) = hint {
            let word = if self.out.lang == Lang::Ko {
                "힌트"
            } else {
                "hint"
            };
            self.out.line(format!("  {word}: {}", hint.get(self.out.lang)));
        }
    }
}
