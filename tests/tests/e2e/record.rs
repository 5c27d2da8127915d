//! `lab run --record`: the casts of a real run, read as a player reads them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lab_tests::seat::Seat;
use libtest_mimic::Trial;
use serde_json::Value;

use super::{booting, shared};

/// A character that comes in two halves, both streams, something that is no text, several nodes and instances, and a secret.
const RECORDED: &str = r#"id: one
section: "-"
title: {ko: "하나", en: "One"}
steps:
- id: halves
  title: {ko: "반씩 오는 글자", en: "A character in halves"}
  hosts: [m-k8s, w1-k8s]
  matrix: {word: [first, "../second"]}
  solve: |
    printf '%s \355\225' "$word"
    sleep 0.3
    printf '\234\352\270\200\n'
  checks:
  - {id: sound, title: {ko: "있음", en: "it is there"}, run: test -d /root, expect: {exit-code: 0}, already-true: {ko: "언제나", en: "always"}}
- id: streams
  title: {ko: "두 흐름", en: "Both streams"}
  solve: |
    echo out; sleep 0.2; echo err >&2; printf '\377\033[1mbold\033[0m\n'
    exit 7
  expect: {exit-code: 7}
- id: secret
  title: {ko: "비밀", en: "A secret"}
  solve: |
    key=$(grep -v -- ----- /etc/docker/certs/tls.key | head -n 1)
    printf 'key: %s' "${key:0:20}"; sleep 0.2; printf '%s end\n' "${key:20}"
"#;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![booting(
        "record::each_step_is_a_cast_that_plays_what_was_captured",
        record,
    )]
}

fn record() {
    let seat = shared();
    let lab = seat.project().join("labs/recorded");
    fs::create_dir_all(&lab).unwrap();
    let head = "title: {ko: 시험, en: Test}\nexercises: [one.yaml]\n";
    fs::write(lab.join("lab.yaml"), head).unwrap();
    fs::write(lab.join("one.yaml"), RECORDED).unwrap();
    let before = seat.lab(&["run", "recorded", "--yes"]).passes();
    let report = seat.project().join("lab-reports/latest");
    assert!(!report.join("casts").exists(), "recorded unasked\n{before}");
    let ran = seat.lab(&["run", "recorded", "--record"]);
    fs::remove_dir_all(lab).unwrap();
    ran.passes();
    let mut casts = casts(&report.join("casts"));
    let captured = captured(&report);
    assert_eq!(casts.len(), captured.len(), "{:?}", casts.keys());
    let page = fs::read_to_string(report.join("report.html")).unwrap();
    for (name, (outcome, output)) in captured {
        let cast = casts.remove(&name).unwrap_or_else(|| panic!("no cast {name}"));
        assert_eq!(outcome, "passed", "{name}");
        assert!(page.contains(&format!("href=\"{name}\"")), "no link to {name}");
        let played = play(&cast, &name);
        assert_eq!(lines(&played), lines(&output), "{name}");
    }
    keeps_its_secrets(&seat, &report);
}

/// Every cast, by its path from the report.
fn casts(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (format!("casts/{name}"), fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(read).collect()
}

/// What the run itself captured: outcome and output of each recorded step, by the cast the events name for it.
fn captured(report: &Path) -> BTreeMap<String, (String, String)> {
    let (mut steps, mut found) = (BTreeMap::new(), BTreeMap::new());
    for line in fs::read_to_string(report.join("events.jsonl")).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let word = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let place = (word("step"), word("node"));
        match word("event").as_str() {
            "step-finished" => drop(steps.insert(place, (word("outcome"), word("output")))),
            "recorded" => drop(found.insert(word("file"), steps.remove(&place).unwrap())),
            _ => {}
        }
    }
    assert_eq!(found.len(), 6, "{found:?}");
    assert!(steps.is_empty(), "not recorded: {steps:?}");
    found
}

/// Streams may come in another order than they are kept.
fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// Holds a cast against the format, and gives what is on the screen below the prompt.
fn play(cast: &str, name: &str) -> String {
    let mut lines = cast
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(header["version"], 2, "{name}");
    for number in ["width", "height", "timestamp"] {
        assert!(header[number].as_u64() > Some(0), "{name}: {number}");
    }
    assert!(
        header["title"].as_str().unwrap().starts_with("recorded/one/"),
        "{header}"
    );
    let environment: Vec<&String> = header["env"].as_object().unwrap().keys().collect();
    assert_eq!(environment, ["SHELL"]);
    let (mut before, mut times, mut screen) = (0.0, vec![], String::new());
    for line in lines {
        let event = line.as_array().unwrap();
        assert_eq!(event.len(), 3, "{name}: {line}");
        let (at, kind, data) = (
            event[0].as_f64().unwrap(),
            event[1].as_str().unwrap(),
            event[2].as_str().unwrap(),
        );
        assert!(at >= before, "{name}: {at} after {before}");
        before = at;
        match kind {
            "o" => screen += data,
            "m" => assert!(data.starts_with("exit "), "{line}"),
            other => panic!("{name}: an event `{other}`"),
        }
        times.push(at);
    }
    // The pause of each script is in its cast.
    let pause = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(pause > 0.1, "{name}: no pause in {times:?}");
    let typed = screen.find("\r\n").map(|end| &screen[..end]).unwrap();
    assert!(typed.starts_with("$ "), "{name}: {typed}");
    let prompt: usize = screen
        .split_inclusive("\r\n")
        .take_while(|line| line.starts_with("$ ") || line.starts_with("> "))
        .map(str::len)
        .sum();
    screen[prompt..].replace("\r\n", "\n")
}

fn keeps_its_secrets(seat: &Seat, report: &Path) {
    let key = seat
        .on("m-k8s", "grep -v -- ----- /etc/docker/certs/tls.key | head -n 1")
        .passes();
    let key = key.stdout.trim();
    assert!(key.len() > 40, "{key}");
    let mut shown = fs::read_to_string(report.join("events.jsonl")).unwrap();
    shown += &fs::read_to_string(report.join("report.html")).unwrap();
    shown.extend(casts(&report.join("casts")).into_values());
    assert!(!shown.contains(&key[..20]) && !shown.contains(&key[20..]));
    assert!(
        shown.matches("key: [redacted] end").count() >= 2,
        "events and page"
    );
}
