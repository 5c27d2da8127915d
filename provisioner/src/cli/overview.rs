//! Decides what `lab status` says of a node: what was seen comes in, a row goes out. No I/O.

use std::net::Ipv4Addr;

use agent::wire::{Engine, Facts, TrustFact};
use serde::Serialize;

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
    /// Version of Docker; `stopped` or `missing`; `-` where nobody answers.
    pub docker: String,
    /// `ok 89d`, `missing`, `other`, `expired`; `-` where nobody answers.
    pub trust: String,
    /// How full its disk is, e.g. `41%`.
    pub disk: String,
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
    let (docker, trust, disk) = match &seen.answer {
        Some(Ok(answer)) => (
            docker(&answer.facts),
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
        state == "up" && trust.starts_with("ok") && docker.starts_with(|first: char| first.is_ascii_digit());
    let advice = match &problem {
        // `lab up` leaves alone what it cannot look at.
        Some(_) => Some(format!("lab restart {}", seen.node)),
        None => (!well).then(|| "lab up".to_owned()),
    };
    Row {
        node: seen.node.clone(),
        address: seen.address,
        state,
        docker,
        trust,
        disk,
        advice,
        problem,
    }
}

/// Rows as a table, head first.
pub fn table(rows: &[Row]) -> Vec<Vec<String>> {
    let head = ["NODE", "ADDRESS", "STATE", "DOCKER", "TRUST", "DISK"]
        .map(str::to_owned)
        .to_vec();
    let cells = |row: &Row| {
        let Row {
            node,
            address,
            state,
            docker,
            trust,
            disk,
            advice,
            ..
        } = row;
        let mut cells = vec![
            node.to_string(),
            address.to_string(),
            state.clone(),
            docker.clone(),
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

fn docker(facts: &Facts) -> String {
    match facts
        .engines
        .iter()
        .find(|engine| engine.engine == Engine::Docker)
    {
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
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use agent::wire::EngineFact;

    use super::*;
    use crate::report::out::columns;

    fn expected() -> Expected {
        Expected {
            sha256: "aa".into(),
            days: Some(89),
        }
    }

    fn seen(name: &str, last: u8, answer: Answer) -> Seen {
        Seen {
            node: name.parse().unwrap(),
            address: Ipv4Addr::new(192, 168, 1, last),
            state: NodeState::Up,
            answer: Some(Ok(answer)),
        }
    }

    fn answer(running: bool, sha256: Option<&str>) -> Answer {
        let docker = EngineFact {
            engine: Engine::Docker,
            version: "26.1.5".into(),
            running,
        };
        let facts = Facts {
            disk: 1000,
            disk_used: 405,
            engines: vec![docker],
            ..Facts::default()
        };
        let trust = TrustFact {
            store: "docker".into(),
            registry: "m-k8s:8443".into(),
            path: "/ca.crt".into(),
            sha256: sha256.map(str::to_owned),
        };
        Answer {
            facts,
            trust: vec![trust],
        }
    }

    #[test]
    fn the_table_of_issue_3() {
        let mut away = seen("w3-k8s", 103, Answer::default());
        (away.state, away.answer) = (NodeState::Stopped, None);
        let all = [
            seen("m-k8s", 10, answer(true, Some("aa"))),
            seen("w2-k8s", 102, answer(false, None)),
            away,
        ];
        let rows: Vec<Row> = all.iter().map(|seen| row(seen, Some(&expected()))).collect();
        assert_eq!(
            columns(&table(&rows)),
            [
                "NODE    ADDRESS        STATE    DOCKER   TRUST    DISK",
                "m-k8s   192.168.1.10   up       26.1.5   ok 89d   41%",
                "w2-k8s  192.168.1.102  up       stopped  missing  41%   → lab up",
                "w3-k8s  192.168.1.103  stopped  -        -        -     → lab up",
            ]
        );
        assert_eq!(remark(&rows), None);
    }

    #[test]
    fn trust_is_the_worst_of_what_is_seen() {
        let trusts = |sha256: Option<&str>, expected: Option<Expected>| {
            row(&seen("m-k8s", 10, answer(true, sha256)), expected.as_ref()).trust
        };
        let days = |days| {
            Some(Expected {
                sha256: "aa".into(),
                days,
            })
        };
        assert_eq!(trusts(Some("aa"), days(Some(-1))), "expired");
        assert_eq!(trusts(Some("bb"), days(Some(9))), "other");
        assert_eq!(trusts(Some("aa"), None), "missing");
        assert_eq!(trusts(Some("aa"), days(None)), "ok");
    }

    #[test]
    fn a_silent_node_is_not_up() {
        let mut silent = seen("m-k8s", 10, Answer::default());
        silent.answer = Some(Err("timed out".into()));
        let row = row(&silent, Some(&expected()));
        assert_eq!(
            (row.state.as_str(), row.advice.as_deref()),
            ("no answer", Some("lab restart m-k8s"))
        );
        assert_eq!(row.problem.as_deref(), Some("timed out"));
    }
}
