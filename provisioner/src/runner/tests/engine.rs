//! Steps in the words of another engine: skipped by right, and only these.

use super::*;
use crate::lab::step::{leaves, nowhere};

#[tokio::test]
async fn a_step_of_another_engine_is_skipped_with_its_cleanup_and_needs_no_leave() {
    let other = "engine: podman\nexclusive: [nginx]\nsteps: [{id: a, title: t, hosts: all, solve: 'touch $scratch/made', cleanup: 'touch $scratch/cleaned'}]\n";
    let mixed = "engine: any\nsteps:\n- {id: b, title: t, when: {engine: [cri-o, podman]}, solve: 'false'}\n- {id: c, title: t, needs: [], solve: 'echo $tool $pusher', expect: {stdout: {exactly: docker docker}}, checks: [{id: d, title: t, run: 'echo $tool', expect: {stdout: {exactly: docker}}}]}\n";
    let run = run(&[("one", other), ("two", mixed)], false, false).await;
    let skipped = run.lines.iter().filter(|line| line.ends_with("Skipped")).count();
    assert_eq!(skipped, 6, "{:#?}", run.lines);
    assert_eq!(run.lines.last().unwrap(), "= two Passed");
    for name in ["made", "cleaned"] {
        assert!(!run.scratch.path().join(name).exists(), "{name}");
    }
    assert_eq!(objections(&run), [""; 0]);
}

#[tokio::test]
async fn without_the_labs_kubernetes_nothing_is_cleaned_up_in_one() {
    let steps = "engine: any\nsteps:\n- {id: a, title: t, when: {kubernetes: true}, solve: 'true'}\n- {id: b, title: t, solve: 'true'}\n";
    let mut stage = Stage::new(&[("one", steps)]).await;
    let left = |stage: &Stage| {
        let when = |at: usize| &stage.lab.exercises[0].steps[at].when;
        [0, 1].map(|at| leaves(when(at), &stage.cluster, stage.cluster.master()))
    };
    assert_eq!(left(&stage), [true, true]);
    stage.cluster.kubernetes = None;
    assert_eq!(left(&stage), [false, true]);
}

#[tokio::test]
async fn a_step_for_the_engine_the_nodes_have_may_not_be_skipped() {
    let steps = "engine: docker\nsteps: [{id: a, title: t, solve: 'true'}]\n";
    let mut run = run(&[("one", steps)], false, false).await;
    run.tally.skipped.push("one/a".into());
    let said = objections(&run);
    assert_eq!(said, ["one: no check passed", "one/a may not be skipped"]);
}

#[tokio::test]
async fn what_the_cluster_has_no_place_for_needs_no_leave_nor_does_what_needs_it() {
    let steps = "engine: any\nsteps:\n- {id: a, title: t, when: {workers: 9}, solve: 'true'}\n- {id: b, title: t, solve: 'true'}\n- {id: c, title: t, needs: [], when: {kubernetes: false}, solve: 'true'}\n- {id: d, title: t, needs: [], when: {online: true}, solve: 'true'}\n";
    let run = run(&[("one", steps)], false, false).await;
    assert_eq!(run.tally.counts.skipped, 4, "{:#?}", run.lines);
    assert_eq!(
        objections(&run),
        ["one: no check passed", "one/d may not be skipped"]
    );
}

#[test]
fn an_engine_nobody_knows_is_named_with_what_was_meant() {
    let mut files = Files::new();
    files.insert(
        "lab.yaml".into(),
        "title: t\nengine: dokcer\nexercises: [one.yaml]\n".into(),
    );
    files.insert(
        "one.yaml".into(),
        "id: one\nsection: s\ntitle: t\nsteps: [{id: a, title: t, when: {engine: [docker, rkt]}, solve: 'test -e /x'}]\n".into(),
    );
    let problems = load("test", &files, None).unwrap_err();
    let said: Vec<&str> = problems
        .iter()
        .map(|problem| problem.message.en.as_str())
        .collect();
    assert_eq!(said, ["there is no engine `dokcer`", "there is no engine `rkt`"]);
    assert!(
        problems[0]
            .hint
            .as_ref()
            .is_some_and(|hint| hint.en.contains("docker"))
    );
}

#[tokio::test]
async fn what_needs_a_skipped_step_is_skipped_for_that_steps_reason() {
    let steps = "engine: any\nsteps:\n- {id: a, title: t, when: {engine: podman}, solve: 'false'}\n- {id: b, title: t, solve: 'false'}\n- {id: c, title: t, solve: 'false'}\n- {id: d, title: t, needs: [], solve: 'true'}\n";
    let stage = Stage::new(&[("one", steps)]).await;
    let room = stage.classroom(false);
    let one = &stage.lab.exercises[0];
    let why = |at: usize| nowhere(one, &one.steps[at], &stage.cluster, &room.circumstances);
    for at in 0..3 {
        assert!(why(at).unwrap().en.contains("it is for Podman"), "{at}");
    }
    assert_eq!(why(3), None);
    let run = run(&[("one", steps)], false, false).await;
    assert_eq!(
        run.lines,
        [
            "a m-k8s Skipped",
            "b Skipped",
            "c Skipped",
            "d m-k8s Passed",
            "= one Passed"
        ]
    );
}
