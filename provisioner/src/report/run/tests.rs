//! What a run is put together to, from events.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::claim::{Claim, Lines};
use crate::event::Outline;

#[test]
fn a_run_of_one_exercise_counts_what_it_looks_at_and_a_whole_one_everything() {
    let heading = |id: &str| Heading {
        id: id.into(),
        section: "s".into(),
        title: text!("제목", "title"),
    };
    let claim = |id: &str, expect, checks: &[&str]| Claim {
        id: id.into(),
        section: "s".into(),
        lines: vec![Lines::read("3").unwrap()],
        claim: text!("주장", "claim"),
        expect,
        reason: None,
        checks: checks.iter().map(|check| (*check).to_owned()).collect(),
    };
    let outline = Outline {
        title: text!("장", "chapter"),
        exercises: vec![heading("one"), heading("other")],
        claims: vec![
            claim("a", Verdict::Confirmed, &["one/step/check"]),
            claim("b", Verdict::Confirmed, &["other/step/check"]),
            claim("c", Verdict::Opinion, &[]),
        ],
    };
    let counts = |exercises: &[&str]| {
        let exercises = exercises.iter().map(|id| (*id).to_owned()).collect();
        let lab = "chapter".to_owned();
        let what = [
            What::LabRead {
                outline: outline.clone(),
            },
            What::RunStarted { lab, exercises },
        ];
        let events = what.map(|what| Event {
            at: String::new(),
            node: None,
            what,
        });
        Run::of(&events).verdict_counts().map(|counts| counts.en)
    };
    let some = counts(&["one"]).unwrap();
    assert!(
        some.contains("1 not settled") && some.contains("0 opinion"),
        "{some}"
    );
    let all = counts(&["one", "other"]).unwrap();
    assert!(
        all.contains("2 not settled") && all.contains("1 opinion"),
        "{all}"
    );
    assert_eq!(counts(&[]), None);
}
