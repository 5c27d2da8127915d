//! What a run makes of each claim, from its events alone. Pure.

use serde::Serialize;

use crate::claim::{Claim, Verdict};
use crate::event::{ClusterSeen, Event, Outcome, What};
use crate::node::NodeName;
use crate::text;
use crate::text::Text;

/// Characters of an output that are kept as evidence.
const EXCERPT: usize = 1200;

/// A claim and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// The claim.
    #[serde(flatten)]
    pub claim: Claim,
    /// What the run found.
    pub verdict: Verdict,
    /// Why it is not settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<Text>,
    /// What its checks saw.
    pub evidence: Vec<Evidence>,
}

/// One look of one check on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// `exercise/step/check`.
    pub check: String,
    /// What holds if it passed.
    pub title: Option<Text>,
    /// Where it looked.
    pub node: Option<NodeName>,
    /// How it went.
    pub outcome: Outcome,
    /// The command that looked.
    pub command: String,
    /// The beginning of what it saw.
    pub output: String,
    /// What ran there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
}

/// The verdict of every claim of the ledger the events tell of.
pub fn verdicts(events: &[Event]) -> Vec<Settled> {
    let outline = events.iter().rev().find_map(|event| match &event.what {
        What::LabRead { outline } => Some(outline),
        _ => None,
    });
    let claims = outline
        .map(|outline| outline.claims.as_slice())
        .unwrap_or_default();
    claims.iter().map(|claim| settle(claim, events)).collect()
}

fn settle(claim: &Claim, events: &[Event]) -> Settled {
    let mut evidence = vec![];
    let mut worst: Option<(Outcome, Text)> = None;
    for check in &claim.checks {
        let looked = looks(check, events);
        let problem = looked
            .iter()
            .filter(|look| look.outcome != Outcome::Passed)
            .max_by_key(|look| look.outcome)
            .map(|look| (look.outcome, failed(look)))
            .or_else(|| looked.is_empty().then(|| unseen(check, events)));
        if let Some(problem) = problem
            && worst.as_ref().is_none_or(|(outcome, _)| *outcome < problem.0)
        {
            worst = Some(problem);
        }
        evidence.extend(looked);
    }
    let open = match worst {
        Some((_, why)) => Some(why),
        None if claim.checks.is_empty() && claim.expect.is_checked() => {
            Some(text!("확인하는 점검이 없음", "no check looks at it"))
        }
        None => None,
    };
    let verdict = match (&open, claim.expect) {
        (Some(_), expect) if expect.is_checked() => Verdict::Unsettled,
        (_, expect) => expect,
    };
    Settled {
        claim: claim.clone(),
        verdict,
        open,
        evidence,
    }
}

/// What a check saw on each node.
fn looks(name: &str, events: &[Event]) -> Vec<Evidence> {
    let cluster: Option<&ClusterSeen> = events.iter().find_map(|event| match &event.what {
        What::ClusterSeen { cluster } => Some(cluster),
        _ => None,
    });
    let one = |event: &Event| match &event.what {
        What::CheckFinished {
            exercise,
            step,
            check,
            title,
            outcome,
            command,
            output,
            ..
        } if is(name, exercise, step, check) => Some(Evidence {
            check: name.to_owned(),
            title: title.clone(),
            node: event.node.clone(),
            outcome: *outcome,
            command: command.clone(),
            output: excerpt(output, EXCERPT),
            versions: event.node.as_ref().and_then(|node| cluster?.versions(node)),
        }),
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

fn is(name: &str, exercise: &str, step: &str, check: &str) -> bool {
    let rest = name
        .strip_prefix(exercise)
        .and_then(|rest| rest.strip_prefix('/'));
    let rest = rest
        .and_then(|rest| rest.strip_prefix(step))
        .and_then(|rest| rest.strip_prefix('/'));
    rest == Some(check)
}

fn failed(look: &Evidence) -> Text {
    let check = &look.check;
    let node = look.node.as_ref().map(ToString::to_string).unwrap_or_default();
    match look.outcome {
        Outcome::Errored => text!(
            "점검 {check}: {node}에서 볼 수 없었음",
            "the check {check} could not look on {node}"
        ),
        _ => text!(
            "점검 {check}: {node}에서 실패함",
            "the check {check} failed on {node}"
        ),
    }
}

/// Why a check did not look: its step did not pass, or its exercise did not run.
fn unseen(name: &str, events: &[Event]) -> (Outcome, Text) {
    let (exercise, rest) = name.split_once('/').unwrap_or((name, ""));
    let step = rest.rsplit_once('/').map_or(rest, |(step, _)| step);
    let plain = step.split('[').next().unwrap_or(step);
    let stopped = events.iter().find_map(|event| match &event.what {
        What::StepFinished {
            exercise: of,
            step: id,
            outcome,
            reason,
            ..
        } if of == exercise
            && (id == step || id == plain || id == "prepare")
            && *outcome != Outcome::Passed =>
        {
            Some((*outcome, reason.clone().unwrap_or_else(|| "-".into())))
        }
        _ => None,
    });
    match stopped {
        Some((outcome, why)) => {
            let (ko, en) = outcome.words();
            let Text {
                ko: why_ko,
                en: why_en,
            } = why;
            (
                outcome,
                text!(
                    "{exercise}/{step} {ko}: {why_ko}",
                    "{exercise}/{step} {en}: {why_en}"
                ),
            )
        }
        None => (
            Outcome::Passed,
            text!(
                "실습 {exercise}을(를) 실행하지 않음",
                "the exercise {exercise} was not run"
            ),
        ),
    }
}

/// The beginning of a text, whole lines where that is possible, and how much was left out.
pub fn excerpt(output: &str, most: usize) -> String {
    let output = output.trim_end();
    let Some((end, _)) = output.char_indices().nth(most) else {
        return output.to_owned();
    };
    let cut = output[..end]
        .rfind('\n')
        .filter(|cut| *cut > end / 2)
        .unwrap_or(end);
    let left = output[cut..].chars().count();
    format!("{}\n… (+{left})", &output[..cut])
}

#[cfg(test)]
mod tests;
