//! `lab report`: reopens the report of an earlier run, lists them, compares two.

use std::path::PathBuf;

use crate::cli::App;
use crate::cli::claims::notes;
use crate::error::{Result, exit};
use crate::event::Outcome;
use crate::report::compare::{Change, compare};
use crate::report::out::duration;
use crate::report::past::{self, Past};
use crate::report::run::Run;
use crate::report::terminal::summary;
use crate::text;
use crate::text::{Lang, Text};

/// Arguments of `lab report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run: its name or how it begins, or a report's directory (default: the last run)
    run: Option<String>,
    /// Write its report.html anew
    #[arg(long)]
    html: bool,
    /// Quote this notes file at the claims
    #[arg(long, value_name = "FILE", requires = "html")]
    notes: Option<PathBuf>,
    /// List all runs
    #[arg(long, conflicts_with_all = ["run", "html", "compare"])]
    list: bool,
    /// What changed from the first of two runs to the second
    #[arg(long, num_args = 2, value_names = ["RUN", "RUN"], conflicts_with_all = ["run", "html"])]
    compare: Vec<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let reports = app.paths()?.reports;
    if args.list {
        return list(&reports, app);
    }
    if let [before, after] = args.compare.as_slice() {
        let (before, after) = (past::open(&reports, before)?, past::open(&reports, after)?);
        differences(&before, &after, app);
        return Ok(exit::OK);
    }
    let past = past::open(&reports, args.run.as_deref().unwrap_or("latest"))?;
    if args.html {
        let notes = args.notes.as_deref().map(notes).transpose()?;
        let path = crate::report::html::write(&past, app.out.lang, notes.as_deref())?;
        app.out.line(path.display().to_string());
        return Ok(exit::OK);
    }
    if app.json() {
        app.out.json(&Run::of(&past.events));
        return Ok(exit::OK);
    }
    for line in summary(&past.events, app.out) {
        app.out.line(line);
    }
    let shown = past.directory.display();
    app.out
        .say(text!("보고서: {shown}", "report: {shown}").get(app.out.lang));
    Ok(exit::OK)
}

fn list(reports: &std::path::Path, app: &App) -> Result<u8> {
    let (mut rows, mut data) = (vec![], vec![]);
    for name in past::names(reports) {
        let past = match past::open(reports, &name) {
            Ok(past) => past,
            Err(error) => {
                app.sink.warn(error.told());
                continue;
            }
        };
        let run = Run::of(&past.events);
        let counts = run.counts;
        let bad = counts.failed + counts.errored + counts.blocked;
        let (ko, en) = match (run.millis, bad) {
            (None, _) => ("끝나지 않음", "did not end"),
            (_, 0) => Outcome::Passed.words(),
            _ => Outcome::Failed.words(),
        };
        rows.push(vec![
            name.clone(),
            run.lab.clone(),
            text!("{ko}", "{en}").get(app.out.lang).to_owned(),
            format!("{}/{}", counts.passed, counts.passed + counts.skipped + bad),
            run.millis.map(duration).unwrap_or_default(),
        ]);
        data.push(serde_json::json!({
            "run": name, "lab": run.lab, "ended": run.millis.is_some(), "counts": counts, "millis": run.millis,
        }));
    }
    if app.json() {
        app.out.json(&data);
    } else {
        app.out.table(&rows);
    }
    Ok(exit::OK)
}

fn differences(before: &Past, after: &Past, app: &App) {
    let found = compare(&Run::of(&before.events), &Run::of(&after.events));
    if app.json() {
        return app.out.json(&found);
    }
    let lang = app.out.lang;
    let none = ("없음", "absent");
    table(app, &text!("결과", "outcomes"), &found.outcomes, |outcome| {
        pick(outcome.map_or(none, Outcome::words), lang).to_owned()
    });
    table(app, &text!("주장", "claims"), &found.verdicts, |verdict| {
        pick(verdict.map_or(none, crate::claim::Verdict::words), lang).to_owned()
    });
    table(app, &text!("시간", "times"), &found.times, |millis| {
        duration(*millis)
    });
    if found == crate::report::compare::Differences::default() {
        app.out.say(text!("달라진 것 없음", "nothing changed").get(lang));
    }
}

fn table<T>(app: &App, head: &Text, changes: &[Change<T>], words: impl Fn(&T) -> String) {
    if changes.is_empty() {
        return;
    }
    app.out.line(head.get(app.out.lang));
    let row = |change: &Change<T>| {
        vec![
            format!("  {}", change.name),
            words(&change.before),
            "→".to_owned(),
            words(&change.after),
        ]
    };
    app.out.table(&changes.iter().map(row).collect::<Vec<_>>());
}

fn pick((ko, en): (&'static str, &'static str), lang: Lang) -> &'static str {
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}
