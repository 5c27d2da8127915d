//! Decides what `lab status` says of a node: what was seen comes in, a row goes out. No I/O.

pub mod kubernetes;

use std::net::Ipv4Addr;

use agent::wire::{Engine, Facts, TrustFact};
use serde::Serialize;

use crate::engine;
use crate::node::NodeName;
use crate::provider::NodeState;
use crate::text;
use crate::text::Text;

/// What was seen of a node.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which.
    pub node: NodeName,
    /// Its address in the lab network.
    pub address: Ipv4Addr,
    /// The engine it ought to have.
    pub engine: Engine,
    /// As its provider sees it.
    pub state: NodeState,
    /// What its agent said; why it said nothing. `None`: not asked, as the node does not run.
    pub answer: Option<Result<Answer, String>>,
}

/// What an agent said.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The node.
    pub facts: Facts,
    /// Who trusts the registry there.
    pub trust: Vec<TrustFact>,
}

/// What a node ought to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// SHA-256 in hex of the file that holds the authority on every node.
    pub sha256: String,
    /// Whole days until the registry's certificate ends; negative once it has.
    pub days: Option<i64>,
}

/// A row of `lab status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The node.
    pub node: NodeName,
    /// Its address.
    pub address: Ipv4Addr,
    /// `up`, `stopped`, `paused`, `absent`, `no answer`.
    pub state: String,
    /// Its engine and the version: `docker 26.1.5`, `docker stopped`, `docker missing`; `docker` alone where nobody answers.
    pub engine: String,
    /// `ok 89d`, `missing`, `other`, `expired`; `-` where nobody answers.
    pub trust: String,
    /// How full its disk is, e.g. `41%`.
    pub disk: String,
    /// The node in Kubernetes, where there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<kubernetes::Member>,
    /// The command that puts right what is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Why it does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The row of a node. `expected`: `None` where no authority was made yet.
pub fn row(seen: &Seen, expected: Option<&Expected>) -> Row {
    let dash = || "-".to_owned();
    let word = engine::word(seen.engine);
    let (version, trust, disk) = match &seen.answer {
        Some(Ok(answer)) => (
            version(&answer.facts, seen.engine),
            trust(&answer.trust, expected),
            disk(&answer.facts),
        ),
        _ => (dash(), dash(), dash()),
    };
    let problem = seen
        .answer
        .as_ref()
        .and_then(|answer| answer.as_ref().err())
        .cloned();
    let state = if problem.is_some() {
        "no answer".to_owned()
    } else {
        state(seen.state).to_owned()
    };
    let well =
        state == "up" && trust.starts_with("ok") && version.starts_with(|first: char| first.is_ascii_digit());
    let advice = match &problem {
        // `lab up` leaves alone what it cannot look at.
        Some(_) => Some(format!("lab restart {}", seen.node)),
        None => (!well).then(|| "lab up".to_owned()),
    };
    Row {
        node: seen.node.clone(),
        address: seen.address,
        state,
        engine: format!("{word} {version}").trim_end_matches(" -").to_owned(),
        trust,
        disk,
        kubernetes: None,
        advice,
        problem,
    }
}

/// Rows as a table, head first.
pub fn table(rows: &[Row]) -> Vec<Vec<String>> {
    let head = ["NODE", "ADDRESS", "STATE", "ENGINE", "TRUST", "DISK"]
        .map(str::to_owned)
        .to_vec();
    let cells = |row: &Row| {
        let Row {
            node,
            address,
            state,
            engine,
            trust,
            disk,
            advice,
            ..
        } = row;
        let mut cells = vec![
            node.to_string(),
            address.to_string(),
            state.clone(),
            engine.clone(),
            trust.clone(),
            disk.clone(),
        ];
        cells.extend(advice.as_ref().map(|advice| format!("→ {advice}")));
        cells
    };
    [head].into_iter().chain(rows.iter().map(cells)).collect()
}

/// What to say below the table, if anything.
pub fn remark(rows: &[Row]) -> Option<Text> {
    if rows.iter().all(|row| row.state == "absent") {
        return Some(text!(
            "아직 만들지 않았습니다: `lab up`",
            "nothing was made yet: `lab up`"
        ));
    }
    None
}

fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Up => "up",
        NodeState::Stopped => "stopped",
        NodeState::Paused => "paused",
        NodeState::Absent => "absent",
    }
}

fn version(facts: &Facts, wanted: Engine) -> String {
    match facts.engines.iter().find(|engine| engine.engine == wanted) {
        None => "missing".into(),
        Some(engine) if !engine.running => "stopped".into(),
        Some(engine) => engine.version.clone(),
    }
}

fn trust(facts: &[TrustFact], expected: Option<&Expected>) -> String {
    let Some(expected) = expected else {
        return "missing".into();
    };
    if facts.is_empty() || facts.iter().any(|fact| fact.sha256.is_none()) {
        return "missing".into();
    }
    if facts
        .iter()
        .any(|fact| fact.sha256.as_deref() != Some(&expected.sha256))
    {
        return "other".into();
    }
    match expected.days {
        Some(days) if days < 0 => "expired".into(),
        Some(days) => format!("ok {days}d"),
        None => "ok".into(),
    }
}

fn disk(facts: &Facts) -> String {
    match facts.disk {
        0 => "-".into(),
        disk => format!("{}%", facts.disk_used.saturating_mul(100).div_ceil(disk)),
    }
}

#[cfg(test)]
mod tests;
