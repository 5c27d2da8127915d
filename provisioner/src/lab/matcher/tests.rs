//! Matchers through tables: what is expected, what was seen, what is said.

use super::*;

fn seen(code: i32, stdout: &str, stderr: &str) -> Seen {
    Seen {
        code,
        stdout: stdout.into(),
        stderr: stderr.into(),
    }
}

#[test]
fn matchers_through_one_table() {
    let variables: Variables = [("tag".to_owned(), "1.2".to_owned())].into();
    let check = |matcher: Matcher, output: &str, expected: Option<&str>| {
        let found = matcher.mismatch(output, &variables).map(|text| text.en);
        assert_eq!(found.as_deref(), expected, "{matcher:?} on {output:?}");
    };
    check(Matcher::Exactly("true".into()), "true\n", None);
    check(
        Matcher::Exactly("true".into()),
        "false",
        Some("expected \"true\", got \"false\""),
    );
    check(Matcher::Exactly("v${tag}".into()), "v1.2", None);
    check(Matcher::Contains("b".into()), "a\nb", None);
    check(
        Matcher::Contains("c".into()),
        "a\nb",
        Some("expected it to contain \"c\", got \"a⏎b\""),
    );
    check(Matcher::NotContains("c".into()), "ab", None);
    check(
        Matcher::NotContains("a".into()),
        "ab",
        Some("expected it not to contain \"a\", got \"ab\""),
    );
    check(Matcher::Matches("^[0-9a-f]{4}$".into()), "00ff\n", None);
    check(
        Matcher::Matches("^v${tag}$".into()),
        "v1x2",
        Some("expected /^v1\\.2$/, got \"v1x2\""),
    );
    check(Matcher::LineCount(2), "a\nb\n", None);
    check(Matcher::LineCount(0), "\n", None);
    check(
        Matcher::LineCount(1),
        "a\nb\n",
        Some("expected 1 line(s), got \"a⏎b\""),
    );
}

#[test]
fn the_exit_code_is_zero_unless_said_and_comes_first() {
    let none = Variables::new();
    let expect = Expect {
        stdout: vec![Matcher::Exactly("x".into())],
        ..Expect::default()
    };
    let words = |expect: &Expect, seen: &Seen| expect.mismatch(seen, &none).map(|text| text.en);
    assert_eq!(words(&expect, &seen(0, "x", "")), None);
    assert_eq!(
        words(&expect, &seen(1, "x", "a\nbad")).as_deref(),
        Some("exit code: expected 0, got 1 (bad)")
    );
    assert_eq!(
        words(&expect, &seen(1, "", "a\n\u{1b}]0;title\u{7}bad\0")).as_deref(),
        Some("exit code: expected 0, got 1 (]0;titlebad)")
    );
    let refused = Expect {
        exit_code: Some(60),
        ..Expect::default()
    };
    assert_eq!(words(&refused, &seen(60, "", "")), None);
    assert_eq!(
        words(&refused, &seen(0, "", "")).as_deref(),
        Some("exit code: expected 60, got 0")
    );
}

#[test]
fn outputs_of_hosts_relate() {
    let check = |across, outputs: &[&str], holds: bool| {
        let expect = Expect {
            across_hosts: Some(across),
            ..Expect::default()
        };
        let outputs: Vec<_> = outputs
            .iter()
            .enumerate()
            .map(|(at, one)| (format!("w{at}"), (*one).to_owned()))
            .collect();
        assert_eq!(expect.across(&outputs).is_none(), holds, "{across:?} {outputs:?}");
    };
    check(Across::Equal, &["a\n", "a"], true);
    check(Across::Equal, &["a", "b"], false);
    check(Across::Distinct, &["a", "b", "c"], true);
    check(Across::Distinct, &["a", "b", "a"], false);
    check(Across::Equal, &["a"], true);
}
