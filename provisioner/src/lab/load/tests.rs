//! Labs through one table: what is written, and every line that must be said about it.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::Lab;
use super::super::embedded::{self, Files};
use super::load;
use crate::config::Problem;

const LAB: &str = "title: {ko: 장, en: chapter}\nexercises: [one.yaml]\n";
const HEAD: &str = "id: one\nsection: s\ntitle: {ko: 하나, en: one}\n";

fn lint(lab: &str, exercise: &str) -> Vec<String> {
    let files: Files = [
        ("lab.yaml".into(), lab.into()),
        ("one.yaml".into(), exercise.into()),
    ]
    .into();
    said(load("test", &files, None))
}

fn said(loaded: Result<Lab, Vec<Problem>>) -> Vec<String> {
    let place = |problem: &Problem| {
        let file = problem.file.rsplit('/').next().unwrap();
        format!(
            "{file}:{}:{}: {}",
            problem.line, problem.column, problem.message.en
        )
    };
    match loaded {
        Ok(_) => vec![],
        Err(problems) => problems.iter().map(place).collect(),
    }
}

fn check(steps: &str, expected: &[&str]) {
    assert_eq!(lint(LAB, &format!("{HEAD}steps:\n{steps}")), expected, "{steps}");
}

#[test]
fn a_step_through_one_table() {
    check("- {id: a, solve: 'true'}\n", &[]);
    check(
        "- {id: a, slove: 'true'}\n",
        &[
            "one.yaml:5:3: a step that does nothing",
            "one.yaml:5:11: unknown key `slove`",
        ],
    );
    check(
        "- {id: a, solve: x, solve: y}\n",
        &["one.yaml:5:21: the key `solve` appears twice"],
    );
    check(
        "- {id: a, solve: x, expect: {}}\n",
        &["one.yaml:5:29: an empty matcher accepts anything"],
    );
    check(
        "- {id: a, solve: x, expect: {stdout: {}}}\n",
        &["one.yaml:5:38: an empty matcher accepts anything"],
    );
    check(
        "- {id: a, solve: x, expect: {stdout: {matches: '('}}}\n",
        &["one.yaml:5:48: not a regular expression: error: unclosed group"],
    );
    check(
        "- {id: a, solve: x, expect: {exit-code: 256}}\n",
        &["one.yaml:5:41: not a number from 0 to 255: `256`"],
    );
    check(
        "- {id: a, solve: x, hosts: 'Not A Node'}\n",
        &["one.yaml:5:28: there is no node `Not A Node`"],
    );
    check(
        "- {id: a, solve: x, needs: [b]}\n",
        &["one.yaml:5:29: unknown step `b`"],
    );
    check(
        "- {id: a, solve: x, deadline: soon}\n",
        &["one.yaml:5:31: `soon` is not a duration"],
    );
    check(
        "- {id: a, solve: x}\n- {id: a, solve: x}\n",
        &["one.yaml:6:8: the id `a` appears twice"],
    );
}

#[test]
fn names_nobody_has() {
    let with = |check: &str| {
        format!("- id: a\n  solve: x\n  capture: {{got: {{from: stdout}}}}\n  checks:\n  - {check}\n")
    };
    check(
        &with("{id: c, title: {ko: 씨, en: c}, run: x, expect: {stdout: {exactly: '${registry}'}}}"),
        &[],
    );
    check(
        &with("{id: c, title: {ko: 씨, en: c}, run: x, expect: {stdout: {exactly: '${got}'}}}"),
        &["one.yaml:9:5: unknown variable `got`"],
    );
    check(
        &with("{id: c, title: 씨, claim: nothing, run: x, expect: {exit-code: 1}}"),
        &[
            "one.yaml:9:20: the English text is missing",
            "one.yaml:9:30: unknown claim `nothing`",
        ],
    );
}

#[test]
fn needs_that_go_round_in_a_circle() {
    check(
        "- {id: a, solve: x, needs: [b]}\n- {id: b, solve: x, needs: [a]}\n",
        &[
            "one.yaml:5:29: `needs` goes round in a circle through `b`",
            "one.yaml:6:29: `needs` goes round in a circle through `a`",
        ],
    );
}

#[test]
fn files_stay_in_the_directory() {
    let exercise = format!("{HEAD}steps: [{{id: a, solve: x}}]\n");
    let title = "title: {ko: 장, en: chapter}\n";
    let said = lint(
        &format!("{title}exercises: [../one.yaml, /etc/passwd, two.yaml]\n"),
        &exercise,
    );
    assert_eq!(
        said,
        [
            "lab.yaml:2:13: `../one.yaml` leaves the lab's directory",
            "lab.yaml:2:26: `/etc/passwd` leaves the lab's directory",
            "lab.yaml:2:39: there is no file `two.yaml`",
        ]
    );
    assert_eq!(
        lint(
            &format!("{title}exercises: [one.yaml]\nallowed-skips: [one/b]\n"),
            &exercise
        ),
        ["lab.yaml:3:17: unknown step `one/b`"]
    );
    assert!(lint(LAB, &"#".repeat(2 << 20))[0].contains("too large"));
    let bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n";
    assert_eq!(lint(LAB, bomb).len(), 1);
}

#[test]
fn what_the_program_carries_is_right_and_complete() {
    let cluster =
        crate::config::Cluster::parse("cluster.yaml", include_str!("../../../../cluster.yaml")).unwrap();
    for name in embedded::names() {
        let files = embedded::files(name).unwrap();
        let lab = load(name, &files, Some(&cluster))
            .map_err(|problems| format!("{problems:#?}"))
            .unwrap();
        for exercise in &lab.exercises {
            assert!(
                exercise.steps.iter().any(|step| !step.checks.is_empty()),
                "{}",
                exercise.id
            );
        }
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../labs")
            .join(name);
        let on_disk: Vec<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(on_disk.iter().all(|file| files.contains_key(file)), "{on_disk:?}");
    }
}

const LEDGER: &str = "title: {ko: 장, en: chapter}\nexercises: [one.yaml]\nclaims: claims.yaml\n";

/// A ledger of one claim beside an exercise whose step `a` has a matrix and one check, naming `claim`.
fn ledger(entry: &str, claim: &str, expected: &[&str]) {
    let exercise = format!(
        "{HEAD}steps:\n- id: a\n  matrix: {{p: ['x', 'y']}}\n  solve: z\n  checks:\n  - {{id: c, title: {{ko: 씨, en: c}}, run: z, expect: {{exit-code: 1}}{claim}}}\n"
    );
    let claims = format!(
        "- id: s.x\n  section: s\n  claim: {{ko: 가, en: b}}\n  {}\n",
        entry.replace("; ", "\n  ")
    );
    let files: Files = [
        ("lab.yaml".into(), LEDGER.into()),
        ("one.yaml".into(), exercise),
        ("claims.yaml".into(), claims),
    ]
    .into();
    assert_eq!(said(load("test", &files, None)), expected, "{entry} {claim}");
}

#[test]
fn a_ledger_through_one_table() {
    const SURE: &str = "lines: 3; expect: confirmed";
    ledger(SURE, ", claim: s.x", &[]);
    ledger(
        "lines: [1-2, 5]; expect: confirmed; checks: [one/a/c]",
        ", claim: s.x",
        &[],
    );
    ledger(
        "lines: 3; expect: confirmed; checks: ['one/a[p=x]/c']",
        ", claim: 's.${p}'",
        &["one.yaml:9:75: unknown claim `s.y`"],
    );
    ledger(
        SURE,
        ", claim: [s.x, s.w]",
        &["one.yaml:9:75: unknown claim `s.w`"],
    );
    ledger(
        SURE,
        ", claim: 's.${q}'",
        &[
            "claims.yaml:1:7: no check looks at the claim `s.x`",
            "one.yaml:9:75: unknown variable `q`",
        ],
    );
    ledger(SURE, "", &["claims.yaml:1:7: no check looks at the claim `s.x`"]);
    let opinion = "lines: 3; expect: opinion; reason: {ko: 가, en: b}";
    ledger(opinion, "", &[]);
    ledger(
        "lines: 3; expect: opinion",
        "",
        &["claims.yaml:5:11: it needs a `reason`"],
    );
    ledger(
        opinion,
        ", claim: s.x",
        &["claims.yaml:5:11: `opinion`, yet the check `one/a[p=x]/c` settles it"],
    );
    ledger(
        "expect: confirmed",
        ", claim: s.x",
        &["claims.yaml:1:3: the key `lines` is missing"],
    );
    ledger(
        "lines: 9-3; expect: confirmed",
        ", claim: s.x",
        &["claims.yaml:4:10: `9-3` are no lines of the notes"],
    );
    ledger(
        "lines: [3-6, 5-8]; expect: confirmed",
        ", claim: s.x",
        &["claims.yaml:4:10: `5-8` does not come after `3-6`"],
    );
    ledger(
        "lines: []; expect: confirmed",
        ", claim: s.x",
        &["claims.yaml:4:10: there are no lines"],
    );
    ledger(
        "lines: 3; expect: perhaps",
        ", claim: s.x",
        &["claims.yaml:5:11: unknown value `perhaps`"],
    );
    ledger(
        "lines: 3; expect: confirmed; sure: yes",
        ", claim: s.x",
        &["claims.yaml:6:3: unknown key `sure`"],
    );
    ledger(
        "lines: 3; expect: confirmed; checks: [one/a/d]",
        ", claim: s.x",
        &[
            "claims.yaml:1:7: the check `one/a/c` names this claim and is not among its `checks`",
            "claims.yaml:6:12: unknown check `one/a/d`",
        ],
    );
    ledger(
        "lines: 3; expect: confirmed; checks: [one/a/c]",
        "",
        &[
            "claims.yaml:1:7: no check looks at the claim `s.x`",
            "claims.yaml:6:12: this check does not name the claim `s.x`",
        ],
    );
}
