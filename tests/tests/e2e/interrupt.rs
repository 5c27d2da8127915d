//! A run that is interrupted: by one Ctrl-C, by two, by a kill; and one that meets a container of the user's own.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use super::{booting, shared};
use lab_tests::seat::{Ran, Seat};

/// An exercise with a container on every node, whose second step lasts as long as the file `/root/lab-test-waits` is on
/// the node, and has a process of its own beside it.
const WAIT: &str = r#"id: wait
section: "-"
title: {ko: "기다리기", en: "Wait"}
containers: [lab-wait]
steps:
- id: container
  title: {ko: "컨테이너", en: "a container"}
  hosts: all
  solve: |
    docker image inspect registry:2 >/dev/null 2>&1 || touch "$state/pulled"
    docker run -d --name lab-wait --label "lab.exercise=$exercise" --entrypoint sleep registry:2 infinity
  checks:
  - id: running
    title: {ko: "실행 중", en: "it runs"}
    run: docker inspect -f '{{.State.Running}}' lab-wait
    expect: {stdout: {exactly: "true"}}
  cleanup: |
    docker ps -aq -f "label=lab.exercise=$exercise" | xargs -r docker rm -f
    if test -e "$state/pulled"; then docker rmi registry:2; fi
- id: wait
  title: {ko: "기다림", en: "wait"}
  hosts: master
  solve: |
    echo $$ > /root/lab-test-pid
    sleep 7200 &
    while test -e /root/lab-test-waits; do sleep 0.2; done
    kill $!
  deadline: 900s
"#;

/// What a run must leave nothing of, on every node: containers of exercises, their state, and the script's process group.
const LEFT: &str = "docker ps -aq --filter label=lab.exercise
mkdir -p /var/lib/lab/exercises; ls -A /var/lib/lab/exercises
if test -e /root/lab-test-pid; then pgrep --list-full --pgroup $(cat /root/lab-test-pid) || test $? = 1; fi";

/// On the master while a run is in the middle: the script and the process beside it, by their group.
const RUNS: &str = "test $(pgrep --count --pgroup $(cat /root/lab-test-pid)) -ge 2";

const PATIENCE: Duration = Duration::from_secs(120);

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting("interrupt::one_stops_a_run_cleanly_and_says_how_to_go_on", once),
        booting("interrupt::two_end_it_now_and_the_next_run_clears_up", twice),
        booting("interrupt::after_a_kill_the_next_run_passes", killed),
        booting("interrupt::a_container_of_the_user_is_left_alone", taken),
    ]
}

/// The shared cluster with the exercise above in its project.
struct Waiting<'seat>(&'seat Seat);

impl<'seat> Waiting<'seat> {
    fn new(seat: &'seat Seat) -> Self {
        let lab = seat.project().join("labs/waiting");
        fs::create_dir_all(&lab).unwrap();
        fs::write(
            lab.join("lab.yaml"),
            "title: {ko: 대기, en: Waiting}\nexercises: [wait.yaml]\n",
        )
        .unwrap();
        fs::write(lab.join("wait.yaml"), WAIT).unwrap();
        Self(seat)
    }

    /// A run that has come to the step that waits.
    fn in_the_middle(&self) -> Child {
        self.on("touch /root/lab-test-waits; rm -f /root/lab-test-pid")
            .passes();
        let run = self.0.spawn(&["run", "waiting"]).unwrap();
        self.until(&format!("test -s /root/lab-test-pid && {RUNS}"));
        run
    }

    fn on(&self, script: &str) -> Ran {
        self.0.on("m-k8s", script)
    }

    #[track_caller]
    fn until(&self, condition: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.on(condition).code != 0 {
            assert!(Instant::now() < deadline, "never: {condition}");
        }
    }

    #[track_caller]
    fn nothing_left(&self) {
        let everywhere = ["exec", "all", "--", "bash", "-ec", LEFT];
        let left = self.0.lab(&everywhere).passes();
        assert_eq!(left.stdout, "", "{left}");
    }

    #[track_caller]
    fn passes(&self) {
        self.on("rm -f /root/lab-test-waits").passes();
        self.0.lab(&["run", "waiting"]).passes();
        self.nothing_left();
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.on("rm -f /root/lab-test-waits /root/lab-test-pid");
        let _ = fs::remove_dir_all(self.0.project().join("labs"));
    }
}

fn interrupt(run: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

fn once() {
    let seat = shared();
    let waiting = Waiting::new(&seat);
    let run = waiting.in_the_middle();
    interrupt(&run);
    let ended = run.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("lab run waiting --from wait"), "{said}");
    waiting.nothing_left();
    let report = seat.project().join("lab-reports/latest");
    let junit = fs::read_to_string(report.join("junit.xml")).unwrap();
    assert!(junit.trim_end().ends_with("</testsuites>"), "{junit}");
    let events = fs::read_to_string(report.join("events.jsonl")).unwrap();
    assert!(
        events.ends_with('\n') && events.contains("\"run-finished\""),
        "{events}"
    );
    waiting.passes();
}

fn twice() {
    let seat = shared();
    let waiting = Waiting::new(&seat);
    let mut run = waiting.in_the_middle();
    // Both may arrive before the first is handled: the second is sent until the run has ended.
    let deadline = Instant::now() + PATIENCE;
    while run.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it goes on after many signals");
        interrupt(&run);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(run.wait().unwrap().code(), Some(130));
    waiting.until("! pgrep --pgroup $(cat /root/lab-test-pid)");
    waiting.passes();
}

fn killed() {
    let seat = shared();
    let waiting = Waiting::new(&seat);
    let mut run = waiting.in_the_middle();
    run.kill().unwrap();
    run.wait().unwrap();
    waiting.on("docker inspect lab-wait").passes();
    // The agent ends with its channel, and what it ran ends with the agent.
    waiting.until("! pgrep --pgroup $(cat /root/lab-test-pid)");
    waiting.passes();
}

fn taken() {
    let seat = shared();
    let waiting = Waiting::new(&seat);
    waiting
        .on("docker run -d --name lab-wait --entrypoint sleep registry:2 infinity")
        .passes();
    let blocked = seat.lab(&["run", "waiting"]).code(1);
    assert!(blocked.stderr.contains("docker rename"), "{blocked}");
    let events = fs::read_to_string(seat.project().join("lab-reports/latest/events.jsonl")).unwrap();
    let told: Vec<serde_json::Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &serde_json::Value| event["outcome"] == "blocked")
        .collect();
    let names = |event: &serde_json::Value| {
        event["reason"]["en"]
            .as_str()
            .is_some_and(|why| why.contains("lab-wait"))
    };
    assert!(told.iter().any(names), "{told:#?}");
    let state = waiting
        .on("docker inspect -f '{{.State.Running}}' lab-wait")
        .passes();
    assert_eq!(state.stdout.trim(), "true", "{state}");
    waiting.on("docker rename lab-wait mine").passes();
    waiting.passes();
    waiting.on("docker rm -f mine").passes().prints("mine");
}
