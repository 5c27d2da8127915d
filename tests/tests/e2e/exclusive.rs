//! `exclusive:`: an exercise whose commands are as wide as an image runs only where nobody else uses that image.

use std::fs;

use libtest_mimic::Trial;
use serde_json::Value;

use super::{booting, shared};
use lab_tests::seat::{Ran, Seat};

/// It stops whatever came from nginx:stable, as the notes' clean-up does.
const WIDE: &str = r#"id: wide
section: "-"
title: {ko: "넓은 명령", en: "A wide command"}
containers: [lab-wide]
exclusive: ["nginx:stable"]
steps:
- id: run
  title: {ko: "실행", en: "run"}
  hosts: worker
  solve: |
    docker run -d --name lab-wide --label "lab.exercise=$exercise" nginx:stable
    docker stop $(docker ps -q -f ancestor=nginx:stable)
  checks:
  - id: stopped
    title: {ko: "정지됨", en: "it is stopped"}
    run: docker inspect -f '{{.State.Status}}' lab-wide
    expect: {stdout: {exactly: exited}}
  cleanup: docker ps -aq -f "label=lab.exercise=$exercise" | xargs -r docker rm -f
"#;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting(
            "exclusive::a_container_of_somebody_else_is_in_the_way",
            in_the_way,
        ),
        booting("exclusive::two_exercises_that_would_clash_do_not", clash),
    ]
}

/// The shared cluster with the exercise above and one that needs it and is as wide, and the two images on the worker.
struct Wide<'seat>(&'seat Seat);

impl<'seat> Wide<'seat> {
    fn new(seat: &'seat Seat) -> Self {
        let lab = seat.project().join("labs/wide");
        fs::create_dir_all(&lab).unwrap();
        fs::write(
            lab.join("lab.yaml"),
            "title: {ko: 시험, en: Test}\nexercises: [wide.yaml, wider.yaml]\n",
        )
        .unwrap();
        fs::write(lab.join("wide.yaml"), WIDE).unwrap();
        let wider = WIDE.replace("id: wide", "id: wider\nneeds: [wide]");
        fs::write(lab.join("wider.yaml"), wider.replace("lab-wide", "lab-wider")).unwrap();
        let wide = Self(seat);
        wide.on("docker pull -q nginx:stable; docker pull -q nginx:latest")
            .passes();
        wide
    }

    fn on(&self, script: &str) -> Ran {
        self.0.on("w1-k8s", script)
    }

    fn state(&self, container: &str) -> String {
        let look = format!("docker inspect -f '{{{{.State.Status}}}}' {container}");
        self.on(&look).passes().stdout.trim().to_owned()
    }

    fn run(&self, exercise: &str) -> Ran {
        self.0.lab(&["run", &format!("wide/{exercise}")])
    }

    /// The run is blocked, says by which container, and has made none of its own.
    #[track_caller]
    fn is_blocked(&self, exercise: &str, by: &str) {
        let ran = self.run(exercise).code(1);
        let events = fs::read_to_string(self.0.project().join("lab-reports/latest/events.jsonl")).unwrap();
        let told: Vec<Value> = events
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|event: &Value| event["event"] == "step-finished" && event["outcome"] == "blocked")
            .collect();
        let reason = told.first().map(|event| event["reason"]["en"].to_string());
        assert!(reason.is_some_and(|why| why.contains(by)), "{told:#?}\n{ran}");
        let own = "docker ps -aq --filter label=lab.exercise";
        assert_eq!(self.on(own).passes().stdout, "", "{ran}");
    }
}

impl Drop for Wide<'_> {
    fn drop(&mut self) {
        self.on("docker rm -f theirs other left; docker rmi nginx:stable nginx:latest; rm -rf /var/lib/lab/exercises/wider");
        let _ = fs::remove_dir_all(self.0.project().join("labs"));
    }
}

fn in_the_way() {
    let seat = shared();
    let wide = Wide::new(&seat);
    wide.on("docker run -d --name theirs nginx:stable && docker run -d --name other nginx:latest")
        .passes();
    wide.is_blocked("wide", "theirs");
    assert_eq!(wide.state("theirs"), "running");
    // A stopped one would be removed by commands as wide: it is in the way as well.
    wide.on("docker stop theirs").passes();
    wide.is_blocked("wide", "theirs");
    assert_eq!(wide.state("theirs"), "exited");
    // What a killed run of its own left is not; nor is a container of another image.
    wide.on("docker rm theirs && docker run -d --name left --label lab.exercise=wide nginx:stable")
        .passes();
    wide.run("wide").passes();
    assert_eq!(wide.state("other"), "running");
    wide.on("docker inspect left").code(1);
}

fn clash() {
    let seat = shared();
    let wide = Wide::new(&seat);
    wide.run("wide").passes();
    wide.is_blocked("wider", "lab-wide");
}
