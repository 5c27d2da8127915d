//! `lab solve`: does for a person what is not done of an exercise yet; and `lab reset LAB/EXERCISE`, which takes it back.

use crate::cli::App;
use crate::cli::exercise::{self, One};
use crate::cli::raise::raise;
use crate::error::{Error, Result, exit};
use crate::event::{Outcome, What};
use crate::runner::Runner;
use crate::text;

/// Arguments of `lab solve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The exercise
    #[arg(value_name = "LAB/EXERCISE")]
    exercise: String,
    /// Only up to this step: it and the steps it needs
    #[arg(value_name = "STEP")]
    step: Option<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let name = &args.exercise;
    let paths = app.paths()?;
    let opened = One::open(app, (&paths, &app.cluster(&paths)?), name, args.step.as_deref())?;
    let (lab, one, last) = (&opened.lab, opened.exercise()?, opened.step()?);
    let seat = raise(app, "solve", None)?.seat;
    let tally = app.block_on(async {
        let classroom = exercise::classroom(app, &seat, &[one]).await?;
        let runner = Runner::new(lab, &classroom, &app.sink, &app.interrupt, false);
        Ok::<_, Error>(runner.solve(one, last).await)
    })??;
    app.interrupt.check()?;
    let solved = tally.counts.failed + tally.counts.errored + tally.counts.blocked == 0;
    app.sink.note(if solved {
        text!(
            "끝난 그대로 둠. `lab reset {name}`이(가) 되돌립니다",
            "left as it is; `lab reset {name}` takes it back"
        )
    } else {
        text!(
            "직접 만든 것이 길을 막고 있으면 지우고 다시 하세요. `lab reset {name}`은(는) `lab`이 한 것을 되돌립니다",
            "if something you made is in the way, remove it and try again; `lab reset {name}` takes back what `lab` did"
        )
    });
    Ok(if solved { exit::OK } else { exit::LAB })
}

/// `lab reset LAB/EXERCISE`: takes back what `lab` did of an exercise and what it needs; names what is somebody else's.
pub fn take_back(name: &str, app: &App) -> Result<u8> {
    let seat = app.change("reset")?;
    let opened = One::open(app, (&seat.paths, &seat.cluster), name, None)?;
    let (lab, one) = (&opened.lab, opened.exercise()?);
    let (outcome, left) = app.block_on(async {
        let classroom = exercise::classroom(app, &seat, &[]).await?;
        let runner = Runner::new(lab, &classroom, &app.sink, &app.interrupt, false);
        Ok::<_, Error>(runner.take_back(one).await)
    })??;
    for (node, names) in &left {
        let names = names.join(" ");
        let text = text!(
            "`lab`이 만들지 않아 남겨 둠: {names} (`docker rm -f {names}`)",
            "left, for `lab` did not make them: {names} (`docker rm -f {names}`)"
        );
        app.sink.send(Some(node), What::Note { text });
    }
    let back = outcome <= Outcome::Skipped;
    if back {
        app.sink.note(text!(
            "`lab`이 {name}에서 한 것을 되돌림",
            "what `lab` did of {name} is taken back"
        ));
    }
    Ok(if back { exit::OK } else { exit::LAB })
}
