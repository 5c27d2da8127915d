//! Casts as a player reads them.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use agent::client::Output;
use serde_json::Value;

use super::{About, Casts, Tape, is_name};
use crate::pki::Secret;
use crate::report::redaction::Redaction;
use crate::text;
use crate::text::Lang;

const SECRET: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0";

/// The cast of pieces (of stdout, or with `!` of stderr) that came a second apart: its name and its lines.
fn cast(typed: &str, pieces: &[&[u8]]) -> (String, Vec<Value>) {
    let report = tempfile::tempdir().unwrap();
    let redaction = Redaction::new(&[Secret::new(SECRET)]);
    let casts = Casts::create(report.path(), Lang::En, redaction).unwrap();
    let mut tape = Tape::start();
    for (at, piece) in pieces.iter().enumerate() {
        let output = match piece.strip_prefix(b"!") {
            Some(rest) => Output::Stderr(rest.to_vec()),
            None => Output::Stdout(piece.to_vec()),
        };
        tape.take(Duration::from_secs(at as u64 + 1), &output);
    }
    tape.end(Duration::from_secs(pieces.len() as u64 + 1), "exit 0".into());
    let about = About {
        name: ["one", "start[policy=../no]", "m-k8s"],
        title: text!("제목", "a title"),
        typed: typed.into(),
    };
    let file = casts.write(&about, &tape).unwrap();
    assert_ne!(casts.write(&about, &tape).unwrap(), file, "the first is kept");
    let text = std::fs::read_to_string(report.path().join(&file)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (file, lines.collect())
}

/// What is on the screen after the prompt.
fn screen(lines: &[Value]) -> String {
    let output = lines[2..].iter().filter(|line| line[1] == "o");
    output.map(|line| line[2].as_str().unwrap()).collect()
}

#[test]
fn a_cast_explains_itself() {
    let (file, lines) = cast("cd /root\nls\n", &[b"a\n", b"!b\n"]);
    assert_eq!(file, "casts/one.start-policy-..-no.m-k8s.cast");
    assert!(is_name(&file));
    assert_eq!(
        (lines[0]["version"].as_u64(), lines[0]["title"].as_str()),
        (Some(2), Some("a title"))
    );
    let expected = [
        serde_json::json!([0.0, "o", "$ cd /root\r\n> ls\r\n"]),
        serde_json::json!([1.0, "o", "a\r\n"]),
        serde_json::json!([2.0, "o", "b\r\n"]),
        serde_json::json!([3.0, "m", "exit 0"]),
    ];
    assert_eq!(lines[1..], expected);
}

#[test]
fn a_character_cut_in_two_survives_and_what_is_none_does_not_eat_the_next() {
    let check =
        |pieces: &[&[u8]], expected: &str| assert_eq!(screen(&cast("x", pieces).1), expected, "{pieces:?}");
    check(&[b"\xed\x95", b"\x9c\xea", b"\xb8\x80"], "한글");
    // The other stream comes between the halves.
    check(&[b"\xed\x95", b"!\xea\xb8", b"\x9c", b"!\x80"], "한글");
    check(&[b"\xff\xed\x95", b"a\xfe"], "��a�");
    check(&[b"\xed\x95"], "�");
}

#[test]
fn a_secret_is_hidden_also_across_pieces_and_in_what_was_typed() {
    let (head, tail) = SECRET.split_at(9);
    let first = format!("한{head}");
    let rest = format!("{tail}글");
    let (_, lines) = cast(
        &format!("echo {SECRET}"),
        &[first.as_bytes(), b"!beside ", rest.as_bytes()],
    );
    assert_eq!(lines[1][2], "$ echo [redacted]\r\n");
    assert_eq!(screen(&lines), "한[redacted]beside 글");
    let (_, lines) = cast("x", &[b"-----BEGIN PRIV", b"ATE KEY-----\nabc\n"]);
    assert_eq!(screen(&lines), "[redacted]");
}

#[test]
fn a_cast_is_bounded() {
    let flood = vec![0_u8; 1 << 16];
    let pieces: Vec<&[u8]> = (0..200).map(|_| flood.as_slice()).collect();
    let (_, lines) = cast("x", &pieces);
    let size: usize = lines.iter().map(|line| line.to_string().len()).sum();
    assert!(size < 1_100_000 && size > 300_000, "{size}");
    assert!(screen(&lines).ends_with("\r\n(the rest is not recorded)\r\n"));
    assert_eq!(lines.last().unwrap()[2], "exit 0");
}

#[test]
fn only_a_file_beside_the_report_is_linked() {
    for (name, good) in [
        ("casts/a.b.c.cast", true),
        ("casts/../a.cast", false),
        ("casts/.cast", false),
        ("/casts/a.cast", false),
        ("javascript:alert(1).cast", false),
        ("casts/a\".cast", false),
    ] {
        assert_eq!(is_name(name), good, "{name}");
    }
}
