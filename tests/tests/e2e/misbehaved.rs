//! Steps that misbehave while they run: one that leaves processes behind, one that never ends, one that prints what no terminal
//! should see, one that prints without end. Each has a named outcome, costs a bounded amount, and leaves nothing.

use std::fs;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use super::{booting, shared};

/// Every step stands alone. `never` and `endless` meet their deadlines.
const LAB: &str = r#"id: one
section: "-"
title: {ko: "하나", en: "One"}
steps:
- id: forks
  title: {ko: "남김", en: "leaves processes"}
  needs: []
  solve: |
    mkdir -p /root/lab-test-pids
    sleep 7301 & echo $! > /root/lab-test-pids/in-the-group
    (sleep 7302; true) > /dev/null 2>&1 & echo $! > /root/lab-test-pids/quiet
    bash -c "trap '' TERM; while :; do sleep 1; done" & echo $! > /root/lab-test-pids/stubborn
    setsid sleep 7303 > /dev/null 2>&1 & echo $! > /root/lab-test-pids/on-its-own
    timeout 10 bash -c "until test \"\$(ps -o sid= -p $! | tr -d ' ')\" = $!; do sleep 0.1; done"
  checks:
  - id: group-is-gone
    title: {ko: "끝남", en: "they have ended"}
    retries: 10
    run: cd /root/lab-test-pids && for name in in-the-group quiet stubborn; do if kill -0 "$(cat $name)" 2>/dev/null; then echo $name; fi; done
    expect: {stdout: {exactly: ""}}
  - id: session-goes-on
    title: {ko: "계속함", en: "the one on its own goes on"}
    run: kill -0 "$(cat /root/lab-test-pids/on-its-own)"
    expect: {exit-code: 0}
- id: never
  title: {ko: "끝나지 않음", en: "never ends"}
  needs: []
  solve: |
    trap '' TERM
    sleep 7304 & echo $! > /root/lab-test-pids/never
    echo before
    while :; do sleep 1; done
  deadline: 1s
- id: binary
  title: {ko: "이진", en: "prints binary"}
  needs: []
  solve: |
    printf '\033]0;a title\007\033[2Jend\000\377\376\n'
    head -c 20000 /dev/urandom
    exit 3
- id: endless
  title: {ko: "끝없음", en: "prints without end"}
  needs: []
  solve: exec yes endless
  deadline: 2s
- id: much
  title: {ko: "많음", en: "prints much"}
  needs: []
  solve: head -c 8000000 /dev/zero | tr '\0' m
  expect: {stdout: {contains: mmm}}
"#;

const ALIVE: &str =
    "for file in /root/lab-test-pids/*; do ps -o pid=,args= -p $(cat $file) || test $? = 1; done";

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![booting(
        "misbehaved::each_step_has_a_named_outcome_and_leaves_nothing",
        steps,
    )]
}

fn steps() {
    let seat = shared();
    let lab = seat.project().join("labs/misbehaved");
    fs::create_dir_all(&lab).unwrap();
    fs::write(
        lab.join("lab.yaml"),
        "title: {ko: 시험, en: Test}\nexercises: [one.yaml]\n",
    )
    .unwrap();
    fs::write(lab.join("one.yaml"), LAB).unwrap();
    let mut command = seat.command(&["run", "misbehaved"]);
    command.env("LAB_PATIENCE", "2");
    let ran = seat.run(command);
    let alive = seat.on("m-k8s", ALIVE);
    seat.on("m-k8s", "rm -r /root/lab-test-pids").passes();
    fs::remove_dir_all(lab).unwrap();
    assert_eq!(alive.passes().stdout, "", "processes were left");

    let ran = ran.code(1);
    assert!(ran.took < Duration::from_secs(120), "{:?}", ran.took);
    assert!(
        ran.stderr.len() < 150_000,
        "{} bytes on the terminal",
        ran.stderr.len()
    );
    let control = |one: char| one.is_control() && !"\n\t".contains(one);
    assert!(
        !ran.stderr.contains(control),
        "control characters on the terminal"
    );

    let report = seat.project().join("lab-reports/latest");
    let read = |name: &str| fs::read_to_string(report.join(name)).unwrap();
    let events = read("events.jsonl");
    assert!(events.len() < 8_000_000, "{} bytes of events", events.len());
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |step: &str, check: Option<&str>| {
        let found = events.iter().find(|event| {
            event["outcome"].is_string() && event["step"] == step && event["check"].as_str() == check
        });
        found.unwrap_or_else(|| panic!("nothing of {step}\n{ran}"))
    };
    for (step, check, outcome, reason) in [
        ("forks", None, "passed", ""),
        ("forks", Some("group-is-gone"), "passed", ""),
        ("forks", Some("session-goes-on"), "passed", ""),
        ("never", None, "errored", "its deadline of 2 s passed"),
        ("binary", None, "failed", "expected 0, got 3"),
        ("endless", None, "errored", "its deadline of 4 s passed"),
        ("much", None, "passed", ""),
    ] {
        let event = of(step, check);
        assert_eq!(event["outcome"], outcome, "{step}\n{ran}");
        let why = event["reason"]["en"].as_str().unwrap_or_default();
        assert!(why.contains(reason) && why.len() < 1000, "{step}: {why}");
    }
    let output = |step: &str| of(step, None)["output"].as_str().unwrap().to_owned();
    assert_eq!(output("never"), "before\n");
    assert!(of("forks", None)["millis"].as_u64().unwrap() < 20_000);
    for (step, word) in [("endless", "endless"), ("much", "m")] {
        let said = output(step);
        assert!(said.starts_with(word) && said.len() < 1_100_000, "{step}");
        assert!(
            said.trim_end().ends_with("bytes more]"),
            "{step}: {}",
            &said[said.len() - 80..]
        );
    }
    let xml = read("junit.xml");
    let forbidden = |one: char| one < ' ' && !"\n\t\r".contains(one);
    assert!(
        !xml.contains(forbidden) && xml.contains("endless on m-k8s"),
        "junit.xml"
    );
    assert!(read("report.html").contains("</html>"));
}
