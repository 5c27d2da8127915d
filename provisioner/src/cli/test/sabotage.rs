//! `lab test --sabotage`: what breaking things showed, in lines or as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cli::App;
use crate::error::exit;
use crate::lab::sabotage::{Finding, Verdict, unbroken};
use crate::lab::step::{check_name, instances};
use crate::lab::{Exercise, Lab};
use crate::text;
use crate::text::Text;

/// A break, over all rounds.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// The first verdict that is not good; else the last.
    verdict: Verdict,
    /// The checks that noticed it, in that round.
    noticed: Vec<String>,
    /// Checks of other things that failed as well, in that round.
    also: Vec<String>,
    /// Rounds in which it was noticed as it should be, or skipped as the lab allows.
    good: u32,
    rounds: u32,
}

/// A step that nothing broke.
#[derive(Debug, Serialize)]
struct Left {
    step: String,
    reason: Text,
}

/// All of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    breaks: Vec<Row>,
    not_sabotaged: Vec<Left>,
    /// How many checks the exercises have.
    checks: usize,
    /// Those that noticed no break.
    never_noticed: Vec<String>,
}

/// Says what was not noticed, what was not broken, and how much of both; the exit code.
pub(super) fn tell(findings: &[Finding], exercises: &[&Exercise], lab: &Lab, app: &App) -> u8 {
    let report = report(findings, exercises, lab);
    if app.json() {
        app.out.json(&report);
    } else {
        for line in lines(&report) {
            app.out.line(line.get(app.out.lang));
        }
    }
    let bad = report.breaks.iter().any(|row| row.good < row.rounds);
    if bad || report.breaks.is_empty() {
        exit::LAB
    } else {
        exit::OK
    }
}

fn report(findings: &[Finding], exercises: &[&Exercise], lab: &Lab) -> Report {
    let mut rows: Vec<Row> = vec![];
    let mut left: Vec<Left> = exercises
        .iter()
        .flat_map(|exercise| unbroken(exercise))
        .map(|(step, reason)| Left { step, reason })
        .collect();
    let mut noticed: BTreeSet<&str> = BTreeSet::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        if finding.verdict == Verdict::Unbroken {
            if !left.iter().any(|left| left.step == finding.name) {
                let (step, reason) = (finding.name.clone(), finding.verdict.words());
                left.push(Left { step, reason });
            }
            continue;
        }
        noticed.extend(finding.noticed.iter().map(String::as_str));
        let skipped = finding.verdict == Verdict::Skipped && lab.allowed_skips.contains(&finding.step);
        let good = finding.verdict.is_good() || skipped;
        let at = *places.entry(&finding.name).or_insert(rows.len());
        if at == rows.len() {
            rows.push(row(finding));
        } else if rows[at].good == rows[at].rounds {
            let (good, rounds) = (rows[at].good, rows[at].rounds);
            rows[at] = Row {
                good,
                rounds,
                ..row(finding)
            };
        }
        rows[at].good += u32::from(good);
        rows[at].rounds += 1;
    }
    let all = checks(exercises);
    Report {
        breaks: rows,
        not_sabotaged: left,
        checks: all.len(),
        never_noticed: all
            .into_iter()
            .filter(|check| !noticed.contains(check.as_str()))
            .collect(),
    }
}

fn row(finding: &Finding) -> Row {
    Row {
        name: finding.name.clone(),
        verdict: finding.verdict,
        noticed: finding.noticed.clone(),
        also: finding.also.clone(),
        good: 0,
        rounds: 0,
    }
}

/// Every check of the exercises, by name.
fn checks(exercises: &[&Exercise]) -> Vec<String> {
    let mut all = vec![];
    for exercise in exercises {
        for step in &exercise.steps {
            for instance in &instances(step) {
                let names = step.checks.iter();
                all.extend(names.map(|check| check_name(exercise, instance, check)));
            }
        }
    }
    all
}

fn lines(report: &Report) -> Vec<Text> {
    let mut lines: Vec<Text> = vec![];
    for row in report.breaks.iter().filter(|row| row.good < row.rounds) {
        let Text { ko, en } = row.verdict.words();
        let (name, also) = (&row.name, row.also.join(", "));
        let times = match row.rounds {
            1 => String::new(),
            rounds => format!("  {}/{rounds}", rounds - row.good),
        };
        lines.push(text!(
            "✗ {name}  {ko}  {also}{times}",
            "✗ {name}  {en}  {also}{times}"
        ));
    }
    for left in &report.not_sabotaged {
        let (step, Text { ko, en }) = (&left.step, &left.reason);
        lines.push(text!(
            "- {step}  망가뜨리지 않음: {ko}",
            "- {step}  not sabotaged: {en}"
        ));
    }
    let (all, left) = (report.breaks.len(), report.not_sabotaged.len());
    let good = report.breaks.iter().filter(|row| row.good == row.rounds).count();
    let noticed = report.breaks.iter().filter(|row| row.verdict == Verdict::Noticed);
    let exactly = noticed.filter(|row| row.noticed.len() == 1).count();
    let (checks, never) = (report.checks, report.never_noticed.len());
    let seen = checks - never;
    lines.push(text!(
        "망가뜨린 {all}곳 중 {good}곳을 제대로 알아챔 (점검 하나만 알아챈 것 {exactly}곳). 망가뜨리지 않은 단계 {left}개. 한 번이라도 알아챈 점검 {seen}/{checks}",
        "{good} of {all} breaks noticed as they should be ({exactly} by one check alone); {left} step(s) not sabotaged; {seen} of {checks} checks noticed one"
    ));
    lines
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::lab::load::load;

    const STEPS: &str = "id: one
section: s
title: t
steps:
- id: a
  title: t
  solve: x
  cleanup: undo
  checks:
  - {id: c, title: t, run: x, expect: {exit-code: 0}}
  - {id: d, title: t, run: x, expect: {exit-code: 0}}
- {id: b, title: t, solve: x}
";

    fn told(verdicts: &[Verdict]) -> Vec<String> {
        let files = [
            (
                "lab.yaml".into(),
                "title: t\nexercises: [one.yaml]\nallowed-skips: [one/a]\n".into(),
            ),
            ("one.yaml".into(), STEPS.into()),
        ];
        let lab = load("test", &files.into(), None).unwrap();
        let finding = |verdict: &Verdict| Finding {
            name: "one/a".into(),
            step: "one/a".into(),
            verdict: *verdict,
            noticed: match verdict {
                Verdict::Noticed | Verdict::TooBroad => vec!["one/a/c".into()],
                _ => vec![],
            },
            also: match verdict {
                Verdict::TooBroad => vec!["one/z/c".into()],
                _ => vec![],
            },
        };
        let findings: Vec<Finding> = verdicts.iter().map(finding).collect();
        let lines = lines(&report(&findings, &[&lab.exercises[0]], &lab));
        lines.into_iter().map(|line| line.en).collect()
    }

    #[test]
    fn what_was_missed_and_what_was_not_broken_is_said() {
        let left = "- one/b  not sabotaged: no check looks at it".to_owned();
        let sum = |said: &str, left: u32, noticed: u32| {
            format!("{said}; {left} step(s) not sabotaged; {noticed} of 2 checks noticed one")
        };
        assert_eq!(
            told(&[Verdict::Noticed]),
            [
                left.clone(),
                sum(
                    "1 of 1 breaks noticed as they should be (1 by one check alone)",
                    1,
                    1
                )
            ]
        );
        assert_eq!(
            told(&[Verdict::Missed, Verdict::Noticed]),
            [
                "✗ one/a  missed: no check of it failed    1/2".to_owned(),
                left.clone(),
                sum(
                    "0 of 1 breaks noticed as they should be (0 by one check alone)",
                    1,
                    1
                )
            ]
        );
        assert_eq!(
            told(&[Verdict::TooBroad])[0],
            "✗ one/a  too broad: checks of other things failed as well  one/z/c"
        );
        assert_eq!(
            told(&[Verdict::Unbroken]),
            [
                left,
                "- one/a  not sabotaged: its cleanup alone does not undo it".to_owned(),
                sum(
                    "0 of 0 breaks noticed as they should be (0 by one check alone)",
                    2,
                    0
                )
            ]
        );
        assert_eq!(told(&[Verdict::Skipped]).len(), 2);
    }
}
