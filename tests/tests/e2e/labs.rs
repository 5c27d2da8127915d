//! Labs as a student runs them.

use libtest_mimic::Trial;

use super::{booting, plain, program, shared};
use lab_tests::seat::Seat;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        plain("labs::lint_passes", lint),
        plain("labs::list_names_every_exercise", list),
        booting("labs::chapter4_passes_and_reports", chapter),
        booting("labs::an_exercise_runs_alone_and_twice", alone_and_twice),
        booting(
            "labs::exercises_restart_an_engine_that_was_just_restarted_often",
            restarted_often,
        ),
        booting("labs::check_tells_a_student_what_is_missing", check),
        booting("labs::what_show_prints_can_be_typed", typed),
    ]
}

fn lint() {
    Seat::new(program(), &super::CHAPTER)
        .unwrap()
        .lab(&["lint"])
        .passes();
}

fn list() {
    let listed = Seat::new(program(), &super::CHAPTER)
        .unwrap()
        .lab(&["list"])
        .passes();
    for exercise in [
        "pull-images",
        "image-tags",
        "image-layers",
        "restart-policy",
        "registry",
    ] {
        assert!(listed.stdout.contains(exercise), "{exercise} is not in\n{listed}");
    }
}

fn chapter() {
    let seat = shared();
    seat.lab(&["run", "chapter4", "--yes"]).passes();
    let report = seat.project().join("lab-reports/latest");
    let junit = std::fs::read_to_string(report.join("junit.xml")).unwrap();
    assert!(
        junit.contains("<testsuites") && junit.contains("restart-policy"),
        "{junit}"
    );
    let events = std::fs::read_to_string(report.join("events.jsonl")).unwrap();
    for line in events.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["event"].is_string() && event["at"].is_string(), "{line}");
    }
    assert!(
        events.lines().any(|line| line.contains("\"run-finished\"")),
        "no end in events.jsonl"
    );
    assert!(!events.contains("PRIVATE KEY"), "a key in events.jsonl");
}

fn alone_and_twice() {
    let seat = shared();
    for _ in 0..2 {
        seat.lab(&["run", "chapter4/image-tags"]).passes();
    }
    // On every node: the exercise runs on a worker.
    let left = "docker ps -aq --filter label=lab.exercise
mkdir -p /var/lib/lab/exercises; ls -A /var/lib/lab/exercises";
    let all = seat.lab(&["exec", "all", "--", "bash", "-ec", left]).passes();
    assert_eq!(all.stdout, "", "{all}");
}

/// A second `lab run chapter4` right after the first: systemd would refuse Docker's fourth start within a minute.
fn restarted_often() {
    let seat = shared();
    let three = "systemctl reset-failed docker; for _ in 1 2 3; do systemctl restart docker; done";
    seat.on("w1-k8s", three).passes();
    seat.lab(&["run", "chapter4", "--only", "restart-policy,registry"])
        .passes();
}

fn check() {
    let seat = shared();
    seat.lab(&["start", "chapter4/publish-port"]).passes();
    seat.lab(&["check", "chapter4/publish-port"]).code(1);
    seat.lab(&["show", "chapter4/publish-port"])
        .passes()
        .prints("docker run");
}

/// Its steps hand files to each other, and one is for a container that another step leaves.
fn typed() {
    let seat = shared();
    seat.lab(&["start", "chapter4/copy-files"]).passes();
    let shown = seat.lab(&["show", "chapter4/copy-files"]).passes();
    for step in shown.stdout.split("\n## ").skip(1) {
        let (_, node) = step.split_once('[').unwrap();
        let (node, lines) = node.split_once("]\n").unwrap();
        let typed = lines.lines().filter_map(|line| line.strip_prefix("  "));
        let script: Vec<&str> = typed.filter(|line| !line.starts_with('?')).collect();
        seat.on(node, &format!("set -e\n{}", script.join("\n"))).passes();
    }
    seat.lab(&["check", "chapter4/copy-files"]).passes();
    let mine = "docker rm -f lab-copy lab-copy-stopped; rm -r /var/lib/lab/exercises/copy-files";
    seat.on("w1-k8s", mine).passes();
}
