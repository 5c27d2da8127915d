//! Breaking what scripts made, and looking who notices, with files for containers.

use super::Stage;
use crate::event::Sink;
use crate::interrupt::Interrupt;
use crate::lab::sabotage::{Finding, Verdict};
use crate::runner::Runner;

async fn findings(steps: &str) -> Vec<Finding> {
    let stage = Stage::new(&[("one", steps)]).await;
    let classroom = stage.classroom(false);
    let (sink, interrupt) = (Sink::default(), Interrupt::default());
    let runner = Runner::new(&stage.lab, &classroom, &sink, &interrupt, true);
    let findings = runner.sabotage(&stage.lab.exercises[0]).await;
    let left = std::fs::read_dir(stage.scratch.path()).unwrap();
    let left: Vec<String> = left
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "state" && name != "once")
        .collect();
    assert_eq!(left, [""; 0], "the cleanup left files");
    findings
}

fn told(findings: &[Finding]) -> Vec<(&str, Verdict, String)> {
    let told = |finding: &'_ Finding| finding.noticed.join(" ");
    findings
        .iter()
        .map(|finding| (finding.name.as_str(), finding.verdict, told(finding)))
        .collect()
}

/// A file each: `there` looks for it, `blind` for nothing.
const SOUND: &str = "steps:
- id: pair
  title: t
  matrix: {n: ['1', '2']}
  solve: echo made > $scratch/$n
  checks: [{id: there, title: t, run: 'cat $scratch/$n', expect: {stdout: {exactly: made}}}]
  cleanup: rm -f $scratch/$n
- id: two
  title: t
  solve: set -C; echo a > $scratch/a; echo b > $scratch/b
  checks:
  - {id: a, title: t, run: 'cat $scratch/a', expect: {stdout: {exactly: a}}, sabotage: 'echo x > $scratch/a'}
  - {id: b, title: t, run: 'cat $scratch/b', expect: {stdout: {exactly: b}}}
  cleanup: rm -f $scratch/a $scratch/b
- {id: base, title: t, needs: [], solve: touch $scratch/base, cleanup: rm -f $scratch/base}
- {id: other, title: t, needs: [base], checks: [{id: c, title: t, run: 'test -d /', expect: {exit-code: 0}}]}
- {id: built, title: t, needs: [base], checks: [{id: c, title: t, run: 'test -e $scratch/base', expect: {exit-code: 0}}]}
";

#[tokio::test]
async fn each_thing_is_broken_noticed_and_put_back() {
    let findings = findings(SOUND).await;
    let noticed = |name, who: &str| (name, Verdict::Noticed, who.to_owned());
    assert_eq!(
        told(&findings),
        [
            noticed("one/pair[n=1]", "one/pair[n=1]/there"),
            noticed("one/pair[n=2]", "one/pair[n=2]/there"),
            // Its solve refuses a file that is there: the exercise is begun anew.
            noticed("one/two/a", "one/two/a"),
            noticed("one/two", "one/two/a one/two/b"),
            // Missed by the first step that builds on it, noticed by the second.
            noticed("one/base", "one/built/c"),
        ]
    );
}

/// One thing of each kind that no check notices as it should.
const WORTHLESS: &str = "steps:
- {id: first, title: t, solve: touch $scratch/1, cleanup: 'rm -f $scratch/*1', checks: [{id: c, title: t, run: 'test -e $scratch/1', expect: {exit-code: 0}}]}
- {id: blind, title: t, solve: touch $scratch/b1, sabotage: rm $scratch/b1, checks: [{id: c, title: t, run: 'test -d /', expect: {exit-code: 0}}]}
- {id: broad, title: t, solve: touch $scratch/c1, sabotage: 'rm $scratch/c1 $scratch/1', checks: [{id: c, title: t, run: 'test -e $scratch/c1', expect: {exit-code: 0}}]}
- {id: late, title: t, solve: touch $scratch/d1, sabotage: rm $scratch/d1, checks: [{id: c, title: t, run: 'test -e $scratch/d1 || sleep 60', deadline: 1s, expect: {exit-code: 0}}]}
- {id: wrong, title: t, solve: touch $scratch/e1, sabotage: rm $scratch/none, checks: [{id: c, title: t, run: 'test -e $scratch/e1', expect: {exit-code: 0}}]}
- {id: half, title: t, solve: touch $scratch/f1, cleanup: 'rm -f $scratch/f1; false', checks: [{id: c, title: t, run: 'test -e $scratch/f1', expect: {exit-code: 0}}]}
- {id: red, title: t, solve: touch $scratch/g1, sabotage: rm $scratch/g1, checks: [{id: c, title: t, run: 'test -e /never', expect: {exit-code: 0}}]}
- {id: once, title: t, solve: 'mkdir $scratch/once; touch $scratch/h1', sabotage: rm $scratch/h1, checks: [{id: c, title: t, run: 'test -e $scratch/h1', expect: {exit-code: 0}}]}
";

#[tokio::test]
async fn what_is_not_noticed_as_it_should_be_is_named() {
    let findings = findings(WORTHLESS).await;
    let verdicts: Vec<(&str, Verdict)> = findings
        .iter()
        .map(|finding| (finding.name.as_str(), finding.verdict))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("one/first", Verdict::Noticed),
            ("one/blind", Verdict::Missed),
            ("one/broad", Verdict::TooBroad),
            ("one/late", Verdict::CannotLook),
            ("one/wrong", Verdict::CannotBreak),
            ("one/half", Verdict::Unbroken),
            ("one/red", Verdict::NotSolved),
            ("one/once", Verdict::NotRestored),
        ]
    );
    assert_eq!(findings[2].also, ["one/first/c"]);
}
