//! Labs that are wrong, or meant to harm: each is refused with its place and what to do, in little memory, and no node is asked.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use lab_tests::seat::{Ran, Seat};
use libtest_mimic::Trial;

use super::{CHAPTER, plain, program};

/// What `lab lint` gets along with, in KiB of address space: less than the largest file here.
const MEMORY: u64 = 96 << 10;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        plain("bad_lab::a_slip_is_shown_with_a_caret_and_what_was_meant", slips),
        plain("bad_lab::no_file_leaves_the_directory", elsewhere),
        plain("bad_lab::a_huge_file_is_refused_unread", huge),
        plain("bad_lab::an_alias_bomb_does_not_go_off", bomb),
        plain("bad_lab::a_claim_nobody_checks_is_named", unchecked),
        plain("bad_lab::a_check_that_cannot_fail_is_named", vacuous),
    ]
}

/// A lab as `lab new` begins it.
fn begun() -> Seat {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    seat.lab(&["new", "mine/hello"]).passes();
    seat
}

fn change(seat: &Seat, file: &str, from: &str, to: &str) {
    let path = seat.project().join("labs/mine").join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "no {from:?} in\n{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// `lab lint mine`, with little memory.
fn lint(seat: &Seat) -> Ran {
    let mut shell = seat.in_here(Command::new("bash"));
    let line = format!("ulimit -v {MEMORY} && exec \"$0\" lint mine");
    shell.args(["-c", &line]).arg(program());
    let ran = seat.run(shell);
    assert!(ran.took < Duration::from_secs(20), "{ran}");
    ran
}

fn slips() {
    for (file, from, to, said) in [
        (
            "hello.yaml",
            "  solve: |",
            "  slove: |",
            "slove: |\n      |   ^^^^^\n  hint: did you mean `solve`?",
        ),
        (
            "hello.yaml",
            "- id: run",
            "- id: run\n  hosts: [m-k8s, w1-k8]",
            "hosts: [m-k8s, w1-k8]\n      |                  ^^^^^\n  hint: did you mean `w1-k8s`?",
        ),
        (
            "hello.yaml",
            "- id: run",
            "- id: run\n  needs: [rnu]",
            "needs: [rnu]\n      |           ^^^\n  hint: did you mean `run`?",
        ),
        (
            "hello.yaml",
            "steps:",
            "needs: [helo]\nsteps:",
            "needs: [helo]\n      |         ^^^^\n  hint: did you mean `hello`?",
        ),
        (
            "hello.yaml",
            "exactly: \"true\"",
            "exactly: \"${exercize}\"",
            "^^^^^^^^^^^^^\n  hint: did you mean `exercise`?",
        ),
        (
            "lab.yaml",
            "exercises:",
            "allowed-skips: [hello/rum]\nexercises:",
            "allowed-skips: [hello/rum]\n      |                 ^^^^^^^^^\n  hint: did you mean `hello/run`?",
        ),
    ] {
        let seat = begun();
        lint(&seat).passes();
        change(&seat, file, from, to);
        lint(&seat).code(2).says(&format!("labs/mine/{file}:")).says(said);
    }
    let twice = Seat::new(program(), &CHAPTER.replace("registry:", "regsitry:")).unwrap();
    twice
        .lab(&["plan"])
        .code(2)
        .says("^^^^^^^^\n  hint: did you mean `registry`?");
}

fn elsewhere() {
    let seat = begun();
    let file = seat.project().join("labs/mine/hello.yaml");
    let away = seat.project().join("elsewhere.yaml");
    fs::rename(&file, &away).unwrap();
    symlink(&away, &file).unwrap();
    lint(&seat)
        .code(2)
        .says("labs/mine/hello.yaml:1:1: a link")
        .says("copy the file here");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    lint(&seat)
        .code(2)
        .says("labs/mine/hello.yaml:1:1: not a regular file");
    change(&seat, "lab.yaml", "hello.yaml", "../../elsewhere.yaml");
    fs::remove_dir(&file).unwrap();
    lint(&seat)
        .code(2)
        .says("labs/mine/lab.yaml:3:3: `../../elsewhere.yaml` leaves the lab's directory")
        .says("- ../../elsewhere.yaml\n      |   ^^^^");
}

fn huge() {
    let seat = begun();
    let size = 100 << 20;
    assert!(size > MEMORY << 10);
    let file = fs::File::create(seat.project().join("labs/mine/hello.yaml")).unwrap();
    file.set_len(size).unwrap();
    lint(&seat)
        .code(2)
        .says("labs/mine/hello.yaml:1:1: the file is too large: 104857600 bytes, at most 1048576");
    let cluster = fs::File::create(seat.project().join("cluster.yaml")).unwrap();
    cluster.set_len(size).unwrap();
    lint(&seat)
        .code(2)
        .says("cluster.yaml:1:1: the file is too large");
}

fn bomb() {
    let seat = begun();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    seat.write("labs/mine/hello.yaml", bomb).unwrap();
    lint(&seat)
        .code(2)
        .says("labs/mine/hello.yaml:")
        .says("aliases (*) expand beyond the limit\n")
        .says("write the values out");
}

fn unchecked() {
    let seat = begun();
    let claim = "- id: nobody\n  section: s\n  lines: 3\n  claim: {ko: 가, en: a}\n  expect: confirmed\n";
    seat.write("labs/mine/claims.yaml", claim).unwrap();
    change(&seat, "lab.yaml", "exercises:", "claims: claims.yaml\nexercises:");
    lint(&seat)
        .code(2)
        .says("labs/mine/claims.yaml:1:7: no check looks at the claim `nobody`")
        .says("- id: nobody\n      |       ^^^^^^")
        .says("write `claim: nobody` at a check");
    let run = "    run: docker inspect";
    change(&seat, "hello.yaml", run, &format!("    claim: nobdy\n{run}"));
    lint(&seat)
        .code(2)
        .says("claim: nobdy\n      |            ^^^^^\n  hint: did you mean `nobody`?");
    change(&seat, "hello.yaml", "nobdy", "nobody");
    lint(&seat).passes();
}

fn vacuous() {
    let run = "run: docker inspect -f '{{.State.Running}}' \"lab-hello\"";
    let expect = "expect: {stdout: {exactly: \"true\"}}";
    for (from, to, said) in [
        (
            run,
            "run: echo true",
            "this check says the same whatever the node is like",
        ),
        (
            expect,
            "expect: {stdout: {matches: \".*\"}}",
            "the pattern `.*` fits anything",
        ),
        (
            expect,
            "expect: {stdout: {}}",
            "an empty matcher accepts anything",
        ),
    ] {
        let seat = begun();
        change(&seat, "hello.yaml", from, to);
        lint(&seat)
            .code(2)
            .says("labs/mine/hello.yaml:")
            .says(said)
            .says("^");
    }
    let seat = begun();
    change(&seat, "hello.yaml", run, "run: docker inspect lab-hello || true");
    change(&seat, "hello.yaml", expect, "expect: {exit-code: 0}");
    lint(&seat)
        .code(2)
        .says("this check cannot fail")
        .says("|| true\n      |                                   ^^\n");
}
