//! `lab hint`: what to do next in an exercise, a little at a time. Looks like `lab check` and remembers nothing: what does not hold
//! yet decides what is hinted at.

use serde::Serialize;

use crate::cli::exercise::{self, Named, One};
use crate::cli::{App, Seat, show};
use crate::error::{Error, Result, exit};
use crate::event::{Outcome, Sink};
use crate::lab::progress::{Standing, needs};
use crate::lab::{Check, Exercise, Lab, Step};
use crate::report::out::Out;
use crate::runner::Runner;
use crate::runner::progress::{Progress, Sight};
use crate::text;
use crate::text::Text;

/// Arguments of `lab hint`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    named: Named,
    /// Also how the check looks, and what it found
    #[arg(long)]
    look: bool,
    /// Also what to type
    #[arg(long)]
    answer: bool,
}

/// What is next.
struct Next<'lab> {
    step: &'lab Step,
    check: &'lab Check,
    sight: &'lab Sight,
    /// Steps it needs that nothing checks: nobody can see whether they are done.
    unseen: Vec<&'lab Step>,
}

/// What is next, for programs.
#[derive(Serialize)]
struct Told<'next> {
    step: &'next str,
    check: &'next str,
    node: &'next str,
    title: &'next Text,
    hint: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    look: Option<&'next str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'next Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let named = &args.named;
    let opened = One::open(
        app,
        (&seat.paths, &seat.cluster),
        &named.exercise,
        named.step.as_deref(),
    )?;
    let (lab, one, only) = (&opened.lab, opened.exercise()?, opened.step()?);
    let progress = progress(lab, one, &seat, app)?;
    let Some(next) = next(one, &progress, only) else {
        return Ok(nothing(one, &progress, only, app.out));
    };
    let answer = args
        .answer
        .then(|| show::answer(lab, one, next.step, next.sight, &seat.cluster, app.out.lang));
    if app.json() {
        app.out.json(&Told {
            step: &next.sight.step,
            check: &next.check.id,
            node: next.sight.node.as_str(),
            title: &next.check.title,
            hint: next.hint(),
            look: (args.look || args.answer).then_some(next.sight.command.as_str()),
            found: next.sight.reason.as_ref().filter(|_| args.look || args.answer),
            answer,
        });
    } else {
        tell(&next, args, answer.as_deref(), app.out);
    }
    Ok(exit::OK)
}

fn progress(lab: &Lab, one: &Exercise, seat: &Seat, app: &App) -> Result<Progress> {
    app.block_on(async {
        let classroom = exercise::classroom(app, seat, &[one]).await?;
        let sink = Sink::default();
        let runner = Runner::new(lab, &classroom, &sink, &app.interrupt, true);
        Ok::<_, Error>(runner.progress(one).await)
    })?
}

/// The first check that does not hold, of a step that nobody went on from.
fn next<'lab>(one: &'lab Exercise, progress: &'lab Progress, only: Option<&Step>) -> Option<Next<'lab>> {
    let mut open = one
        .steps
        .iter()
        .zip(&progress.standings)
        .filter(|(step, standing)| match only {
            Some(only) => only.id == step.id,
            None => **standing == Standing::Open,
        });
    open.find_map(|(step, _)| {
        let of = |sight: &&Sight| sight.step.split('[').next() == Some(step.id.as_str());
        let mut sights = progress.sights.iter().filter(of);
        let sight = sights.find(|sight| sight.outcome != Outcome::Passed)?;
        let check = step.checks.iter().find(|check| check.id == sight.check)?;
        let needed = needs(one, &step.id);
        let unseen = one
            .steps
            .iter()
            .zip(&progress.standings)
            .filter(|(other, standing)| {
                needed.contains(other.id.as_str()) && other.checks.is_empty() && **standing == Standing::Open
            });
        Some(Next {
            step,
            check,
            sight,
            unseen: unseen.map(|(step, _)| step).collect(),
        })
    })
}

impl Next<'_> {
    /// What the exercise says; else what the check looks at and what was found there.
    fn hint(&self) -> Text {
        if let Some(hint) = &self.sight.hint {
            return hint.clone();
        }
        let script = self.check.run.trim();
        let mut lines = script.lines();
        let first = lines.next().unwrap_or_default();
        let rest = if lines.next().is_some() { " …" } else { "" };
        let node = &self.sight.node;
        let Text { ko, en } = self.found();
        text!(
            "{node}에서 `{first}{rest}`을(를) 보세요: {ko}",
            "look at `{first}{rest}` on {node}: {en}"
        )
    }

    fn found(&self) -> Text {
        let looked = || text!("보고도 맞지 않음", "looked, and it does not hold");
        self.sight.reason.clone().unwrap_or_else(looked)
    }
}

fn tell(next: &Next<'_>, args: &Args, answer: Option<&str>, out: Out) {
    let words = |text: Text| out.line(text.get(out.lang));
    let (name, lang) = (&args.named.exercise, out.lang);
    let sight = next.sight;
    out.line(format!("## {}: {}", sight.step, next.step.title.get(lang)));
    for unseen in &next.unseen {
        let (id, Text { ko, en }) = (&unseen.id, &unseen.title);
        words(text!(
            "  (아무것도 확인하지 않는 `{id}`을(를) 먼저: {ko})",
            "  (first `{id}`, which nothing checks: {en})"
        ));
    }
    out.line(format!("  ✗ {}  {}", sight.node, next.check.title.get(lang)));
    let Text { ko, en } = next.hint();
    words(text!("  힌트: {ko}", "  hint: {en}"));
    if args.look || args.answer {
        let Text { ko, en } = next.found();
        let command = sight.command.replace('\n', "\n    ");
        words(text!("  점검: {command}", "  looks: {command}"));
        words(text!("  결과: {ko}", "  found: {en}"));
    }
    let id = &next.step.id;
    let Some(answer) = answer else {
        let more = if args.look { "--answer" } else { "--look" };
        return words(text!(
            "더: `lab hint {name} {id} {more}`",
            "more: `lab hint {name} {id} {more}`"
        ));
    };
    words(text!("  답:", "  answer:"));
    answer.lines().for_each(|line| out.line(format!("    {line}")));
    words(text!(
        "`lab solve {name} {id}`이(가) 대신 해 줍니다",
        "`lab solve {name} {id}` does it for you"
    ));
}

/// Says that nothing is left that can be hinted at.
fn nothing(one: &Exercise, progress: &Progress, only: Option<&Step>, out: Out) -> u8 {
    if progress.sights.is_empty() {
        let words = text!(
            "여기서는 이 실습의 어떤 점검도 볼 수 없음",
            "no check of this exercise can look here"
        );
        out.line(words.get(out.lang));
        return exit::LAB;
    }
    let words = text!("점검이 모두 통과함", "every check that is still to hold holds");
    out.line(words.get(out.lang));
    let steps = one.steps.iter().zip(&progress.standings);
    let unseen = steps.filter(|(step, standing)| {
        **standing == Standing::Open && step.checks.is_empty() && only.is_none_or(|only| only.id == step.id)
    });
    for (step, _) in unseen {
        let (id, Text { ko, en }) = (&step.id, &step.title);
        let words = text!(
            "  `{id}`은(는) 아무것도 확인하지 않음: {ko}",
            "  nothing checks `{id}`: {en}"
        );
        out.line(words.get(out.lang));
    }
    exit::OK
}
