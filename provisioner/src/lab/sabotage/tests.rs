//! What is broken and what it shows, on exercises read from YAML.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::lab::Lab;
use crate::lab::load::load;

fn lab(steps: &str) -> Lab {
    let files = [
        ("lab.yaml".into(), "title: t\nexercises: [one.yaml]\n".into()),
        (
            "one.yaml".into(),
            format!("id: one\nsection: s\ntitle: t\nsteps:\n{steps}"),
        ),
    ];
    load("test", &files.into(), None)
        .map_err(|problems| format!("{problems:#?}"))
        .unwrap()
}

const CHECK: &str = "title: t, run: x, expect: {exit-code: 0}";

fn told(steps: &str) -> Vec<String> {
    let lab = lab(steps);
    let told = |one: &Break| {
        let when: Vec<&str> = one
            .moments
            .iter()
            .map(|at| lab.exercises[0].steps[*at].id.as_str())
            .collect();
        format!("{} by `{}` after {}", one.name, one.script, when.join(" "))
    };
    breaks(&lab.exercises[0]).iter().map(told).collect()
}

#[test]
fn a_cleanup_breaks_its_step_unless_it_says_how() {
    let steps = format!(
        "- {{id: a, title: t, solve: x, cleanup: undo, checks: [{{id: c, {CHECK}}}]}}
- {{id: b, title: t, solve: x, cleanup: undo, sabotage: hit, checks: [{{id: c, {CHECK}}}, {{id: d, sabotage: poke, {CHECK}}}]}}
- {{id: c, title: t, cleanup: undo, checks: [{{id: c, {CHECK}}}]}}
- {{id: d, title: t, solve: x, checks: [{{id: c, {CHECK}}}]}}
- {{id: e, title: t, solve: x, cleanup: undo}}
"
    );
    assert_eq!(
        told(&steps),
        [
            "one/a by `undo` after a",
            "one/b/d by `poke` after b",
            "one/b by `hit` after b",
        ]
    );
    let why = unbroken(&lab(&steps).exercises[0]).into_iter();
    let why: Vec<String> = why.map(|(step, why)| format!("{step}: {}", why.en)).collect();
    assert_eq!(
        why,
        [
            "one/c: it only looks",
            "one/d: it has neither `cleanup` nor `sabotage`",
            "one/e: no check looks at it",
        ]
    );
}

#[test]
fn a_step_without_checks_is_watched_by_those_that_build_on_it() {
    let steps = format!(
        "- {{id: a, title: t, matrix: {{n: ['1', '2']}}, solve: x, cleanup: undo}}
- {{id: b, title: t, solve: x}}
- {{id: c, title: t, checks: [{{id: c, {CHECK}}}]}}
- {{id: d, title: t, needs: [], checks: [{{id: c, {CHECK}}}]}}
- {{id: e, title: t, needs: [b], checks: [{{id: c, already-true: t, {CHECK}}}]}}
- {{id: f, title: t, needs: [b], checks: [{{id: c, {CHECK}}}]}}
"
    );
    assert_eq!(
        told(&steps),
        ["one/a[n=1] by `undo` after c f", "one/a[n=2] by `undo` after c f"]
    );
    let lab = lab(&steps);
    let one = &breaks(&lab.exercises[0])[0];
    assert_eq!(one.watching(&lab.exercises[0], 2), ["one/c/c"]);
    assert_eq!(
        one.watching(&lab.exercises[0], 5),
        ["one/c/c", "one/e/c", "one/f/c"]
    );
}

#[test]
fn only_the_right_checks_may_notice() {
    use Outcome::{Errored, Failed, Passed};
    let looks = |outcomes: [Outcome; 3]| -> Looks {
        let names = ["a", "b", "other"].map(str::to_owned);
        names.into_iter().zip(outcomes).collect()
    };
    let blank = Finding {
        name: String::new(),
        step: String::new(),
        verdict: Verdict::NotSolved,
        noticed: vec![],
        also: vec![],
    };
    for (before, after, expected) in [
        (
            [Passed, Passed, Passed],
            [Failed, Passed, Passed],
            Verdict::Noticed,
        ),
        (
            [Passed, Passed, Passed],
            [Failed, Errored, Passed],
            Verdict::Noticed,
        ),
        (
            [Passed, Passed, Passed],
            [Passed, Passed, Passed],
            Verdict::Missed,
        ),
        (
            [Passed, Passed, Passed],
            [Passed, Passed, Failed],
            Verdict::Missed,
        ),
        (
            [Passed, Passed, Passed],
            [Passed, Errored, Passed],
            Verdict::CannotLook,
        ),
        (
            [Passed, Passed, Passed],
            [Failed, Failed, Failed],
            Verdict::TooBroad,
        ),
        (
            [Passed, Passed, Passed],
            [Failed, Failed, Errored],
            Verdict::TooBroad,
        ),
        // What did not hold before shows nothing.
        (
            [Passed, Passed, Failed],
            [Failed, Passed, Failed],
            Verdict::Noticed,
        ),
        (
            [Failed, Passed, Passed],
            [Failed, Passed, Passed],
            Verdict::Missed,
        ),
    ] {
        let watching = ["a".to_owned(), "b".to_owned()];
        let found = judge(blank.clone(), &watching, &looks(before), &looks(after));
        assert_eq!(found.verdict, expected, "{before:?} -> {after:?}");
    }
}
