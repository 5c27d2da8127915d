//! The runner against real agents: agent servers on this machine, reached over in-memory streams, running harmless scripts.

#![expect(clippy::unwrap_used, reason = "tests")]

mod engine;
mod sabotage;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use agent::client::Client;

use super::classroom::Classroom;
use super::{Runner, Tally};
use crate::config::{Cluster, ProviderKind};
use crate::event::{Event, Outcome, Reporter, Sink, What};
use crate::interrupt::Interrupt;
use crate::lab::Lab;
use crate::lab::files::Files;
use crate::lab::load::load;
use crate::lab::step::Circumstances;
use crate::node::NodeName;

const CLUSTER: &str = include_str!("../../../cluster.yaml");

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Reporter for Heard {
    fn report(&mut self, event: &Event) {
        let (name, outcome) = match &event.what {
            What::StepFinished { step, outcome, .. } => (step.clone(), outcome),
            What::CheckFinished {
                step, check, outcome, ..
            } => (format!("{step}/{check}"), outcome),
            What::ExerciseFinished {
                exercise, outcome, ..
            } => (format!("= {exercise}"), outcome),
            What::Measured { values, .. } => {
                let shown = values
                    .iter()
                    .map(|one| format!("{} is {}", one.name, one.value.number()));
                return self.0.lock().unwrap().extend(shown);
            }
            _ => return,
        };
        let node = event
            .node
            .as_ref()
            .map(|node| format!(" {node}"))
            .unwrap_or_default();
        self.0.lock().unwrap().push(format!("{name}{node} {outcome:?}"));
    }
}

struct Run {
    lines: Vec<String>,
    tally: Tally,
    lab: Lab,
    left: Vec<String>,
    scratch: tempfile::TempDir,
}

/// A lab, and an agent for each node of the cluster.
struct Stage {
    cluster: Cluster,
    lab: Lab,
    clients: BTreeMap<NodeName, Client>,
    scratch: tempfile::TempDir,
}

impl Stage {
    async fn new(exercises: &[(&str, &str)]) -> Self {
        let cluster = Cluster::parse("cluster.yaml", CLUSTER).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let mut files = Files::new();
        let mut lab = format!(
            "title: t\nvariables: {{scratch: {}}}\nexercises:\n",
            scratch.path().display()
        );
        for (id, text) in exercises {
            lab += &format!("- {id}.yaml\n");
            files.insert(
                format!("{id}.yaml"),
                format!("id: {id}\nsection: s\ntitle: t\n{text}"),
            );
        }
        files.insert("lab.yaml".into(), lab);
        files.insert("files/app/words".into(), "한글\n".into());
        let lab = load("test", &files, Some(&cluster))
            .map_err(|problems| format!("{problems:#?}"))
            .unwrap();
        let mut clients = BTreeMap::new();
        for node in &cluster.nodes {
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            let (reader, writer) = tokio::io::split(theirs);
            tokio::spawn(async move { agent::server::serve(reader, writer).await });
            let (reader, writer) = tokio::io::split(ours);
            clients.insert(node.name.clone(), Client::connect(reader, writer).await.unwrap());
        }
        Self {
            cluster,
            lab,
            clients,
            scratch,
        }
    }

    fn classroom(&self, online: bool) -> Classroom<'_> {
        let circumstances = Circumstances {
            provider: ProviderKind::Local,
            online,
            external: None,
            on_our_kernel: vec![],
        };
        let below = |name: &str| self.scratch.path().join(name).display().to_string();
        let mut classroom = Classroom::new(&self.cluster, None, circumstances, self.clients.clone());
        classroom.state = below("state");
        classroom.files = below("files");
        classroom
    }
}

async fn run(exercises: &[(&str, &str)], online: bool, interrupted: bool) -> Run {
    let stage = Stage::new(exercises).await;
    let classroom = stage.classroom(online);
    let (sink, heard, interrupt) = (Sink::default(), Heard::default(), Interrupt::default());
    sink.add(Box::new(heard.clone()));
    if interrupted {
        let interrupt = interrupt.clone();
        let begun = stage.scratch.path().join("begun");
        tokio::spawn(async move {
            while !begun.exists() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            interrupt.request();
        });
    }
    let all: Vec<_> = stage.lab.exercises.iter().collect();
    let tally = Runner::new(&stage.lab, &classroom, &sink, &interrupt, false)
        .run(&all)
        .await;
    let left = std::fs::read_dir(&classroom.state)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left = left.collect();
    Run {
        lines: heard.0.lock().unwrap().clone(),
        tally,
        left,
        lab: stage.lab.clone(),
        scratch: stage.scratch,
    }
}

fn objections(run: &Run) -> Vec<String> {
    let all: Vec<_> = run.lab.exercises.iter().collect();
    run.tally
        .objections(&run.lab, &all, &Cluster::parse("cluster.yaml", CLUSTER).unwrap())
        .into_iter()
        .map(|text| text.en)
        .collect()
}

#[tokio::test]
async fn captures_matrix_checks_and_relations_between_hosts() {
    let steps = "steps:
- id: make
  title: t
  matrix: {tag: [a, b]}
  solve: echo \"id=$tag$exercise\"
  expect: {stdout: {exactly: 'id=${tag}${exercise}'}}
  capture: {id: {from: stdout, regex: 'id=(.*)'}}
- id: use
  title: t
  hosts: workers
  solve: echo \"$id on $node\"
  expect: {stdout: {exactly: 'bone on ${node}'}, across-hosts: distinct}
  checks:
  - {id: same, title: t, run: echo \"$master\", expect: {stdout: {exactly: m-k8s}, across-hosts: equal}}
";
    let run = run(&[("one", steps)], false, false).await;
    assert_eq!(
        run.lines[..2],
        ["make[tag=a] m-k8s Passed", "make[tag=b] m-k8s Passed"]
    );
    assert_eq!(
        run.lines
            .iter()
            .filter(|line| line.starts_with("use/same w") && line.ends_with("Passed"))
            .count(),
        3
    );
    assert_eq!(run.lines.last().unwrap(), "= one Passed");
    assert_eq!(objections(&run), [""; 0]);
    assert!(run.left.is_empty());
}

#[tokio::test]
async fn outcomes_stay_apart_and_cleanups_run() {
    let steps = "steps:
- {id: online, title: t, needs: [], when: {online: true}, solve: 'true'}
- {id: fails, title: t, needs: [], solve: 'echo no; exit 3', cleanup: 'touch $scratch/cleaned'}
- {id: blocked, title: t, solve: 'true'}
- {id: late, title: t, needs: [], solve: sleep 30, deadline: 100ms}
- {id: expected, title: t, needs: [], solve: exit 60, expect: {exit-code: 60}, checks: [{id: c, title: t, run: test -e /no/such/file, expect: {exit-code: 0}}]}
";
    let run = run(
        &[
            ("one", steps),
            ("two", "steps: [{id: a, title: t, solve: 'true'}]\n"),
        ],
        false,
        false,
    )
    .await;
    assert_eq!(
        run.lines,
        [
            "online m-k8s Skipped",
            "fails m-k8s Failed",
            "blocked Blocked",
            "late m-k8s Errored",
            "expected m-k8s Passed",
            "expected/c m-k8s Failed",
            "= one Errored",
            "a Blocked",
            "= two Blocked",
        ]
    );
    assert!(run.scratch.path().join("cleaned").exists());
    let said = objections(&run);
    assert_eq!(said[0], "5 step(s) and check(s) did not pass");
    assert_eq!(said.last().unwrap(), "one/online may not be skipped");
    assert!(run.left.is_empty());
}

#[tokio::test]
async fn a_step_finds_its_files_and_takes_them_away() {
    let steps = "steps:
- {id: a, title: t, files: [app], solve: 'cat \"$files/app/words\"; chmod 700 \"$files/app/words\"', expect: {stdout: {exactly: 한글}}}
- {id: b, title: t, solve: 'ls \"$files\"', expect: {stdout: {exactly: app}}}
";
    let run = run(&[("one", steps)], false, false).await;
    assert_eq!(run.lines, ["a m-k8s Passed", "b m-k8s Passed", "= one Passed"]);
    let left: Vec<_> = std::fs::read_dir(run.scratch.path().join("files"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_check_looks_again_only_where_it_says_so() {
    let steps = |retries: &str| {
        format!(
            "steps:\n- id: a\n  title: t\n  checks:\n  - {{id: c, title: t, run: 'echo x >> $scratch/n; wc -l < $scratch/n', expect: {{stdout: {{exactly: '3'}}}}, {retries}delay: 1ms}}\n"
        )
    };
    let patient = run(&[("one", &steps("retries: 5, "))], false, false).await;
    assert_eq!(patient.lines, ["a/c m-k8s Passed", "= one Passed"]);
    let strict = run(&[("one", &steps(""))], false, false).await;
    assert_eq!(strict.lines, ["a/c m-k8s Failed", "= one Failed"]);
}

#[tokio::test]
async fn what_a_check_measures_is_told_if_it_is_a_measure() {
    let steps = |printed: &str| {
        format!(
            "steps:\n- id: a\n  title: t\n  checks:\n  - {{id: c, title: t, run: test -d / && printf '{printed}', expect: {{exit-code: 0}}, measure: {{unit: bytes, title: t}}}}\n"
        )
    };
    let measured = run(&[("one", &steps(r"small 1\nlarge 20\n"))], false, false).await;
    assert_eq!(
        measured.lines,
        ["a/c m-k8s Passed", "small is 1", "large is 20", "= one Passed"]
    );
    let wrong = run(&[("one", &steps("small 1MB"))], false, false).await;
    assert_eq!(wrong.lines, ["a/c m-k8s Failed", "= one Failed"]);
}

#[tokio::test]
async fn needs_are_set_up_first_and_an_interrupt_still_cleans_up() {
    let one = "steps: [{id: a, title: t, solve: 'touch $scratch/made', cleanup: 'rm $scratch/made'}]\n";
    let two = "needs: [one]\nsteps:\n- {id: b, title: t, solve: 'test -e $scratch/made; touch $scratch/begun; sleep 60', cleanup: 'touch $scratch/cleaned'}\n- {id: c, title: t, solve: 'true'}\n";
    let run = run(&[("one", one), ("two", two)], false, true).await;
    assert_eq!(
        run.lines,
        [
            "a m-k8s Passed",
            "= one Passed",
            "a m-k8s Passed",
            "b m-k8s Errored",
            "c Blocked",
            "= two Errored"
        ]
    );
    assert!(run.scratch.path().join("cleaned").exists() && !run.scratch.path().join("made").exists());
    assert!(run.tally.counts.errored == 1 && Outcome::Errored > Outcome::Failed);
}
