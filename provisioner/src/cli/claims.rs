//! `lab claims`: the ledger of a lab. How many claims of each kind in each section; what a notes file states and no claim
//! accounts for; what a run made of them.

use std::path::{Path, PathBuf};

use crate::claim::{Claim, Verdict};
use crate::cli::{App, exercise};
use crate::error::{Error, Result, exit};
use crate::lab::notes::{misplaced, unaccounted};
use crate::lab::verdict::Settled;
use crate::report::past::{self, Past};
use crate::report::run::Run;
use crate::text;
use crate::text::{Lang, Text};

/// The largest notes file read.
const MOST: u64 = 4 << 20;

/// Arguments of `lab claims`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lab
    lab: String,
    /// List the lines of this notes file that state something and that no claim accounts for
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    notes: Option<PathBuf>,
    /// Show what a run made of each claim (default: the last run)
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "latest")]
    run: Option<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    if let Some(run) = &args.run {
        let past = past::open(&paths.reports, run)?;
        let run = of(&past, &args.lab)?;
        return Ok(found(&past.name, &run, app));
    }
    let lab = exercise::find(&args.lab, &paths, None, app.out)?;
    match &args.notes {
        Some(file) => Ok(missing(&notes(file)?, &lab.claims, app)),
        None => {
            coverage(&lab.claims, app);
            Ok(exit::OK)
        }
    }
}

/// The run, if it is one of this lab.
fn of(past: &Past, lab: &str) -> Result<Run> {
    let run = Run::of(&past.events);
    if run.lab == lab {
        return Ok(run);
    }
    let (name, ran) = (&past.name, &run.lab);
    let what = text!("{name}은(는) `{ran}`의 실행", "{name} is a run of `{ran}`");
    Err(Error::usage(what).hint(text!(
        "`lab report --list`에서 고르세요",
        "choose one from `lab report --list`"
    )))
}

/// How many of each expectation, by section.
fn coverage(claims: &[Claim], app: &App) {
    if app.json() {
        return app.out.json(&claims);
    }
    let mut sections: Vec<&str> = vec![];
    for claim in claims {
        if !sections.contains(&claim.section.as_str()) {
            sections.push(&claim.section);
        }
    }
    let row = |name: &str, of: &dyn Fn(&Claim) -> bool| {
        let counted = |verdict| {
            claims
                .iter()
                .filter(|claim| of(claim) && claim.expect == verdict)
                .count()
        };
        let counts = Verdict::ALL.map(counted);
        let sum: usize = counts.iter().sum();
        let mut row = vec![name.to_owned(), sum.to_string()];
        row.extend(counts.map(|count| if count == 0 { "-".into() } else { count.to_string() }));
        row
    };
    let lang = app.out.lang;
    let mut rows = vec![head(lang)];
    for section in sections {
        rows.push(row(section, &|claim| claim.section == section));
    }
    rows.push(row(text!("모두", "all").get(lang), &|_| true));
    app.out.table(&rows);
}

fn head(lang: Lang) -> Vec<String> {
    let mut head = vec![
        text!("절", "SECTION").get(lang).to_owned(),
        text!("주장", "CLAIMS").get(lang).to_owned(),
    ];
    head.extend(Verdict::ALL.map(|verdict| word(verdict, lang).to_owned()));
    head
}

fn word(verdict: Verdict, lang: Lang) -> &'static str {
    let (ko, en) = verdict.words();
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// A notes file of the user's.
pub fn notes(file: &Path) -> Result<String> {
    let shown = file.display();
    let cannot = |error| Error::usage(text!("{shown}을(를) 읽지 못함", "cannot read {shown}")).because(error);
    if std::fs::metadata(file).map_err(cannot)?.len() > MOST {
        let what = text!("{shown}: 파일이 너무 큼", "{shown}: the file is too large");
        return Err(Error::usage(what));
    }
    std::fs::read_to_string(file).map_err(cannot)
}

/// Lines nobody accounts for, on stdout. Claims that stand elsewhere than they say are told as well.
fn missing(notes: &str, claims: &[Claim], app: &App) -> u8 {
    let (left, astray) = (unaccounted(claims, notes), misplaced(claims, notes));
    if app.json() {
        let astray: Vec<&str> = astray.iter().map(|claim| claim.id.as_str()).collect();
        app.out
            .json(&serde_json::json!({"unaccounted": left, "misplaced": astray}));
    } else {
        for line in &left {
            app.out.line(format!("{}: {}", line.line, line.text.trim()));
        }
        for claim in &astray {
            let Claim { id, section, .. } = claim;
            let said = text!(
                "{id}: 줄이 절 \"{section}\" 안에 있지 않음",
                "{id}: its lines are not in the section \"{section}\""
            );
            app.out.say(said.get(app.out.lang));
        }
        let said = text!(
            "주장이 없는 줄 {}개, 주장 {}개",
            "{} line(s) without a claim, {} claim(s)",
            left.len(),
            claims.len()
        );
        app.out.say(said.get(app.out.lang));
    }
    if left.is_empty() && astray.is_empty() {
        exit::OK
    } else {
        exit::LAB
    }
}

/// The verdicts of a run.
fn found(name: &str, run: &Run, app: &App) -> u8 {
    if app.json() {
        app.out.json(&run.claims);
        return exit::OK;
    }
    let lang = app.out.lang;
    let row = |settled: &Settled| {
        let nodes = settled
            .evidence
            .iter()
            .filter_map(|evidence| evidence.node.as_ref());
        let mut nodes: Vec<String> = nodes.map(ToString::to_string).collect();
        nodes.sort();
        nodes.dedup();
        vec![
            word(settled.verdict, lang).to_owned(),
            settled.claim.id.clone(),
            nodes.join(" "),
            because(settled)
                .map_or_else(|| settled.claim.claim.clone(), Clone::clone)
                .get(lang)
                .to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = run.claims.iter().map(row).collect();
    app.out.table(&rows);
    if let Some(counts) = run.verdict_counts() {
        app.out.say(format!("{name}: {}", counts.get(lang)));
    }
    exit::OK
}

/// Why it is not confirmed: what kept the run from settling it, else the ledger's reason.
fn because(settled: &Settled) -> Option<&Text> {
    settled.open.as_ref().or(settled.claim.reason.as_ref())
}
