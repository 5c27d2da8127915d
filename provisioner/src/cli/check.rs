//! `lab check`: the checks of an exercise, on what the person typed.

use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::{App, exercise};
use crate::error::{Error, Result, exit};
use crate::event::{Event, Outcome, Reporter, Sink, What};
use crate::lab::Lab;
use crate::report::out::Out;
use crate::runner::Runner;
use crate::runner::classroom::Classroom;
use crate::text;
use crate::text::Lang;

/// Arguments of `lab check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The exercise
    #[arg(value_name = "LAB/EXERCISE")]
    exercise: String,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let (lab, id) = exercise::split(&args.exercise);
    let lab = exercise::find(lab, &seat.paths, Some(&seat.cluster), app.out)?;
    let id = id.ok_or_else(|| Error::usage(text!("LAB/EXERCISE로 적으세요", "write LAB/EXERCISE")))?;
    let one = exercise::exercise(&lab, id)?;
    let sink = Sink::default();
    let counted = Arc::new(Mutex::new((0, 0)));
    sink.add(Box::new(Lines {
        out: app.out,
        lab: lab.clone(),
        counted: Arc::clone(&counted),
    }));
    app.block_on(async {
        let clients = exercise::reach(&seat.cluster, seat.provider.as_ref()).await?;
        let now = exercise::circumstances(app, &seat, &[one], &clients).await?;
        let classroom = Classroom::new(&seat.cluster, Some(seat.provider.as_ref()), now, clients);
        Runner::new(&lab, &classroom, &sink, &app.interrupt, true)
            .check(one)
            .await;
        Ok::<_, Error>(())
    })??;
    let (passed, all) = *counted.lock().unwrap_or_else(PoisonError::into_inner);
    app.out.line(format!("{passed}/{all}"));
    Ok(if all > 0 && passed == all {
        exit::OK
    } else {
        exit::LAB
    })
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
