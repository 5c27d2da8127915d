//! The page as text: nothing of a run becomes markup, and everything asked for is there in both languages.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::page;
use crate::claim::{Claim, Lines, Verdict};
use crate::event::{Event, Heading, Measured, Outcome, Outline, Unit, Value, What};
use crate::report::run::Run;
use crate::text;
use crate::text::Lang;

const HOSTILE: &str =
    "</pre></script><script>alert(1)</script><img src=http://x/y onerror=alert(1)>\"'&\u{1b}[31m\u{0}";

fn run(words: &str) -> Run {
    let claim = Claim {
        id: "shared".into(),
        section: words.into(),
        lines: vec![Lines::read("3-4").unwrap()],
        claim: text!("가 {words}", "a {words}"),
        expect: Verdict::Refuted,
        reason: Some(text!("왜 {words}", "why {words}")),
        checks: vec!["one/a/c".into()],
    };
    let heading = Heading {
        id: "one".into(),
        section: words.into(),
        title: text!("하나 {words}", "one {words}"),
    };
    let outline = Outline {
        title: text!("장 {words}", "chapter {words}"),
        exercises: vec![heading],
        claims: vec![claim],
    };
    let step = What::StepFinished {
        exercise: "one".into(),
        step: "a".into(),
        title: None,
        outcome: Outcome::Failed,
        millis: 1500,
        command: words.into(),
        output: words.into(),
        reason: Some(text!("다름 {words}", "differs {words}")),
    };
    let check = What::CheckFinished {
        exercise: "one".into(),
        step: "a".into(),
        check: "c".into(),
        title: Some(text!("봄 {words}", "seen {words}")),
        outcome: Outcome::Passed,
        millis: 20,
        command: words.into(),
        output: words.into(),
        reason: None,
        hint: Some(text!("힌트 {words}", "hint {words}")),
    };
    let started = What::RunStarted {
        lab: words.into(),
        exercises: vec!["one".into()],
    };
    let all = [What::LabRead { outline }, started, step, check];
    let event = |what| Event {
        at: "2026-11-24T09:00:00.000Z".into(),
        node: Some("m-k8s".parse().unwrap()),
        what,
    };
    Run::of(&all.map(event))
}

#[test]
fn nothing_a_run_says_becomes_markup() {
    let page = page(&run(HOSTILE), Lang::En, Some(HOSTILE)).fill().unwrap();
    assert_eq!(page.matches("<script").count(), 1, "a script of somebody else's");
    assert_eq!(page.matches("</script").count(), 1);
    for bad in ["<img", "onerror=alert(1)>", "src=http", "\u{1b}", "\u{0}"] {
        let escaped = page
            .replace("onerror=alert(1)&#62;", "")
            .replace("&#60;img src=http", "");
        assert!(!escaped.contains(bad), "{bad:?} is in the page");
    }
    assert!(page.contains("&#60;script&#62;alert(1)"), "the words are gone");
}

#[test]
fn both_languages_and_all_parts_are_there() {
    let page = page(
        &run("words"),
        Lang::Ko,
        Some("one\ntwo\nthree\nfour <br> 4\nfive\n"),
    )
    .fill()
    .unwrap();
    for part in [
        "<html lang=\"ko\">",
        "chapter words",
        "장 words",
        "id=\"claim-shared\"",
        "href=\"#one-2\"",
        "id=\"one-2\"",
        "data-kind=\"refuted\"",
        "lab run words/one",
        "3-4",
        "1.5s",
        "<pre>three\nfour &#60;br&#62; 4</pre>",
        "the run did not end",
    ] {
        assert!(page.contains(part), "no {part:?}");
    }
}

#[test]
fn what_was_measured_of_the_same_things_is_a_table() {
    let measured = |title: &str, unit, values: &[(&str, Value)]| What::Measured {
        exercise: "one".into(),
        step: "a".into(),
        check: "c".into(),
        title: title.into(),
        unit,
        values: values
            .iter()
            .map(|(name, value)| Measured {
                name: (*name).into(),
                value: value.clone(),
            })
            .collect(),
    };
    let page_of = |more: &[What]| {
        let mut run = run("words");
        run.measures = Run::of(
            &more
                .iter()
                .map(|what| Event {
                    at: "2026-11-24T09:00:00.000Z".into(),
                    node: None,
                    what: what.clone(),
                })
                .collect::<Vec<_>>(),
        )
        .measures;
        let page = page(&run, Lang::En, None).fill().unwrap();
        page.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let speed = measured(
        "speed",
        Unit::Seconds,
        &[("docker", Value::Number(1500)), ("podman", Value::Number(250))],
    );
    let owner = measured("owner", Unit::Word, &[("docker", Value::Word("<root>".into()))]);
    // One property is bars and no table; words are no bars.
    let one = page_of(std::slice::from_ref(&speed));
    assert!(
        !one.contains("<table>") && one.matches("class=\"bar\"").count() > 0,
        "{one}"
    );
    let both = page_of(&[speed, owner]);
    for part in [
        "<th scope=\"row\">docker</th><td>1.5s</td><td>&#60;root&#62;</td>",
        "<th scope=\"row\">podman</th><td>0.2s</td><td></td>",
    ] {
        assert!(both.contains(part), "no {part:?} in {both}");
    }
    assert_eq!(
        both.matches("class=\"took\"").count(),
        one.matches("class=\"took\"").count()
    );
}
