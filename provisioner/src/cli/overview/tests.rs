//! Rows of `lab status`.

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
        engine: Engine::Docker,
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
            "NODE    ADDRESS        STATE    ENGINE          TRUST    DISK",
            "m-k8s   192.168.1.10   up       docker 26.1.5   ok 89d   41%",
            "w2-k8s  192.168.1.102  up       docker stopped  missing  41%   → lab up",
            "w3-k8s  192.168.1.103  stopped  docker          -        -     → lab up",
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
