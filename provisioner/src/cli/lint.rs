//! `lab lint`.

use crate::cli::{App, exercise};
use crate::error::{Error, Result, exit};
use crate::text;

/// Arguments of `lab lint`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Labs (default: all)
    labs: Vec<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    let cluster = app.cluster(&paths)?;
    let names = if args.labs.is_empty() {
        exercise::names(&paths)
    } else {
        args.labs.clone()
    };
    let mut wrong = 0;
    for name in &names {
        match exercise::find(name, &paths, Some(&cluster), app.out) {
            Ok(lab) => app.out.line(
                text!(
                    "{name}: 실습 {}개, 문제 없음",
                    "{name}: {} exercises, no problem",
                    lab.exercises.len()
                )
                .get(app.out.lang),
            ),
            Err(error) => {
                app.out.error(&error);
                wrong += 1;
            }
        }
    }
    if wrong > 0 {
        return Err(Error::usage(text!(
            "lab {wrong}개에 문제가 있음",
            "{wrong} lab(s) with problems"
        )));
    }
    Ok(exit::OK)
}
