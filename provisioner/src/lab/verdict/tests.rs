//! Verdicts from events that went through JSON, as they do in a report.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::claim::Lines;
use crate::event::{Heading, Outline};

fn claim(id: &str, expect: Verdict, checks: &[&str]) -> Claim {
    Claim {
        id: id.into(),
        section: "s".into(),
        lines: vec![Lines::read("3-4").unwrap()],
        claim: text!("가", "a"),
        expect,
        reason: Some(text!("왜", "why")),
        checks: checks.iter().map(|check| (*check).to_owned()).collect(),
    }
}

fn looked(step: &str, check: &str, node: &str, outcome: Outcome) -> (Option<NodeName>, What) {
    let what = What::CheckFinished {
        exercise: "one".into(),
        step: step.into(),
        check: check.into(),
        title: None,
        outcome,
        millis: 1,
        command: "lab exec".into(),
        output: "seen\n".into(),
        reason: None,
        hint: None,
    };
    (Some(node.parse().unwrap()), what)
}

fn stepped(step: &str, outcome: Outcome) -> (Option<NodeName>, What) {
    let what = What::StepFinished {
        exercise: "one".into(),
        step: step.into(),
        title: None,
        outcome,
        millis: 1,
        command: String::new(),
        output: String::new(),
        reason: Some(text!("인터넷 없음", "no internet")),
    };
    (None, what)
}

/// The verdict of one claim, and why it is open, after these events.
fn check(claim: Claim, events: &[(Option<NodeName>, What)], expected: Verdict, open: Option<&str>) {
    let heading = Heading {
        id: "one".into(),
        section: "s".into(),
        title: text!("하나", "one"),
    };
    let outline = Outline {
        title: text!("장", "chapter"),
        exercises: vec![heading],
        claims: vec![claim],
    };
    let all = [(None, What::LabRead { outline })];
    let events: Vec<Event> = all
        .iter()
        .chain(events)
        .map(|(node, what)| {
            let (at, node, what) = (String::new(), node.clone(), what.clone());
            let line = serde_json::to_string(&Event { at, node, what }).unwrap();
            serde_json::from_str(&line).unwrap()
        })
        .collect();
    let settled = verdicts(&events).remove(0);
    assert_eq!(settled.verdict, expected);
    assert_eq!(settled.open.map(|open| open.en).as_deref(), open);
}

#[test]
fn a_claim_through_one_table() {
    use Outcome::{Blocked, Errored, Failed, Passed, Skipped};
    use Verdict::{Confirmed, Differs, Opinion, Refuted, Unsettled};

    let both = ["one/a/c", "one/b[p=x]/d"];
    let passed = || {
        vec![
            looked("a", "c", "m-k8s", Passed),
            looked("b[p=x]", "d", "m-k8s", Passed),
        ]
    };
    for expect in [Confirmed, Refuted, Differs] {
        check(claim("x", expect, &both), &passed(), expect, None);
    }
    check(claim("x", Opinion, &[]), &passed(), Opinion, None);
    check(claim("x", Unsettled, &[]), &passed(), Unsettled, None);
    check(
        claim("x", Confirmed, &[]),
        &passed(),
        Unsettled,
        Some("no check looks at it"),
    );

    let with = |more| [passed(), vec![more]].concat();
    let failed = "the check one/a/c failed on w1-k8s";
    check(
        claim("x", Refuted, &both),
        &with(looked("a", "c", "w1-k8s", Failed)),
        Unsettled,
        Some(failed),
    );
    let errored = "the check one/a/c could not look on w1-k8s";
    check(
        claim("x", Refuted, &both),
        &with(looked("a", "c", "w1-k8s", Errored)),
        Unsettled,
        Some(errored),
    );
    // What is not its check does not touch it.
    check(
        claim("x", Confirmed, &both),
        &with(looked("b[p=y]", "d", "m-k8s", Failed)),
        Confirmed,
        None,
    );
    check(
        claim("x", Confirmed, &both),
        &with(looked("a", "cc", "m-k8s", Failed)),
        Confirmed,
        None,
    );

    let half = |more| vec![looked("a", "c", "m-k8s", Passed), more];
    for (outcome, word) in [(Skipped, "skipped"), (Blocked, "blocked"), (Failed, "failed")] {
        let why = format!("one/b[p=x] {word}: no internet");
        check(
            claim("x", Confirmed, &both),
            &half(stepped("b[p=x]", outcome)),
            Unsettled,
            Some(&why),
        );
        check(
            claim("x", Confirmed, &both),
            &half(stepped("b", outcome)),
            Unsettled,
            Some(&why),
        );
    }
    check(
        claim("x", Confirmed, &both),
        &[],
        Unsettled,
        Some("the exercise one was not run"),
    );
}

#[test]
fn an_excerpt_ends_with_a_line_and_says_what_is_missing() {
    assert_eq!(excerpt("short\n", 10), "short");
    assert_eq!(excerpt("가나다라\n마바사아", 6), "가나다라\n… (+5)");
    assert_eq!(excerpt("한글한글한글", 3), "한글한\n… (+3)");
}
