//! The READMEs: both show the same commands, and each of them is run, here or by the test that is named.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use libtest_mimic::Trial;

use super::{booting, plain, program, shared};

const ENGLISH: &str = include_str!("../../../README.md");
const KOREAN: &str = include_str!("../../../README.ko.md");
const CI: &str = include_str!("../../../.ci/run");
const JUST: &str = include_str!("../../../justfile");

/// How a command of the README is run.
enum Way {
    /// As it stands, ending with this code.
    Ends(i32),
    /// With what stands for something filled in, or an answer given.
    As(&'static str),
    /// By this end-to-end test.
    By(&'static str),
    /// By what CI runs.
    Ci,
    /// By `just full`.
    Full,
}
use Way::{As, By, Ci, Ends, Full};

/// In the order they are run.
const COMMANDS: [(&str, Way); 57] = [
    ("cargo lab", By("labs::chapter4_passes_and_reports")),
    ("cargo lab run chapter4", By("labs::chapter4_passes_and_reports")),
    ("cargo test --workspace", Ci),
    ("cargo install --path provisioner --locked", Full),
    ("lab doctor", Ends(0)),
    ("lab doctor --fix", Ends(0)),
    ("lab up", Ends(0)),
    ("lab up --kubernetes", Ends(0)),
    ("lab plan", Ends(0)),
    (
        "lab plan --engine podman",
        By("engines::each_in_the_place_of_another"),
    ),
    (
        "lab up --engine podman",
        By("engines::each_in_the_place_of_another"),
    ),
    ("lab status", Ends(0)),
    ("lab ssh m-k8s", As("echo hostname | lab ssh m-k8s")),
    ("lab exec m-k8s w1-k8s -- docker ps", Ends(0)),
    ("lab logs w1-k8s docker", Ends(0)),
    (
        "lab forward m-k8s:8080",
        By("cluster::forward_opens_a_port_of_a_node"),
    ),
    ("lab kubectl get pods -A", Ends(0)),
    ("lab kubeconfig admin.conf", Ends(0)),
    (
        "lab forward m-k8s:6443",
        By("kubernetes::a_client_of_this_host_gets_in"),
    ),
    ("lab list", Ends(0)),
    ("lab show chapter4/publish-port", Ends(0)),
    ("lab start chapter4/publish-port", Ends(0)),
    // Nobody typed anything.
    ("lab check chapter4/publish-port", Ends(1)),
    ("lab check", As("lab check chapter4/publish-port || test $? = 1")),
    ("lab hint chapter4/publish-port", Ends(0)),
    ("lab solve chapter4/publish-port", Ends(0)),
    ("lab reset chapter4/publish-port", Ends(0)),
    ("lab run chapter4/restart-policy", Ends(0)),
    (
        "lab run chapter4/external-registry",
        By("external::behind_basic_authentication"),
    ),
    (
        "--record",
        By("record::each_step_is_a_cast_that_plays_what_was_captured"),
    ),
    ("lab report", Ends(0)),
    ("lab report --list", Ends(0)),
    (
        "lab report --compare RUN RUN",
        As("lab report --compare latest latest"),
    ),
    ("lab claims chapter4", Ends(0)),
    ("lab claims chapter4 --run", Ends(0)),
    ("lab snapshot save before", Ends(0)),
    (
        "lab snapshot restore before",
        As("lab snapshot restore before --yes && lab snapshot delete before"),
    ),
    ("lab reset", As("lab reset --yes")),
    ("lab trust status", Ends(0)),
    ("lab test chapter4/publish-port", Ends(0)),
    (
        "--sabotage",
        By("prove::what_is_broken_is_noticed_by_the_right_check"),
    ),
    ("lab new mine/hello", Ends(0)),
    (
        "lab lint mine",
        As("lab lint mine && rm -r labs/mine && rmdir labs"),
    ),
    (
        "lab box build",
        By("vagrant::containers_by_vagrant_are_machines_of_the_cluster"),
    ),
    ("lab bundle export lab.bundle", Ends(0)),
    (
        "lab bundle import lab.bundle",
        As("lab bundle import lab.bundle && rm lab.bundle"),
    ),
    (
        "lab support-bundle",
        As("lab support-bundle b.tar.gz && rm b.tar.gz"),
    ),
    ("lab down", By("host::down_leaves_the_host_as_before")),
    ("lab clean --all", By("readme::clean_lists_before_it_removes")),
    ("lab clean", By("readme::clean_lists_before_it_removes")),
    ("lab help VERB", As("lab help snapshot")),
    ("lab completions bash", Ends(0)),
    ("--yes", As("lab up --yes")),
    ("--engine", As("lab plan --engine docker")),
    ("--lang ko", As("lab list --lang ko")),
    ("--lang en", As("lab list --lang en")),
    ("--format json", As("lab status --format json")),
];

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        plain(
            "readme::both_show_the_same_commands_and_each_is_run_somewhere",
            same,
        ),
        booting("readme::every_command_works", every_command),
        plain("readme::clean_lists_before_it_removes", clean),
    ]
}

/// What a README tells to type: inline code and code blocks that begin with a program of ours or an option.
fn commands(readme: &str) -> BTreeSet<String> {
    let inline = readme.lines().filter(|line| !line.starts_with("```"));
    let inline = inline.flat_map(|line| line.split('`').skip(1).step_by(2));
    let fenced = readme
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let is_command = |text: &&str| {
        let first = text.split(' ').next().unwrap_or_default();
        (matches!(first, "lab" | "cargo") && *text != first) || first.starts_with("--")
    };
    let all = inline.chain(fenced.flat_map(str::lines)).filter(is_command);
    all.map(str::to_owned).collect()
}

fn same() {
    let shown = commands(ENGLISH);
    assert_eq!(shown, commands(KOREAN), "README.md and README.ko.md differ");
    let known: BTreeSet<String> = COMMANDS
        .iter()
        .map(|(command, _)| (*command).to_owned())
        .collect();
    assert_eq!(shown, known, "shown in the README, and run by this test");
    let tests = super::all();
    for (command, way) in &COMMANDS {
        let run = match way {
            Ends(_) | As(_) => true,
            By(test) => tests.iter().any(|one| one.name().starts_with(test)),
            Ci => CI.contains(command),
            Full => JUST.contains(command),
        };
        assert!(run, "nothing runs `{command}`");
    }
}

fn every_command() {
    let seat = shared();
    let programs = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(program(), programs.path().join("lab")).unwrap();
    let path = std::env::var("PATH").unwrap();
    for (command, way) in &COMMANDS {
        let (line, code) = match way {
            Ends(code) => (*command, *code),
            As(line) => (*line, 0),
            By(_) | Ci | Full => continue,
        };
        let mut shell = seat.in_here(Command::new("bash"));
        shell
            .args(["-euo", "pipefail", "-c", line])
            .env("PATH", format!("{}:{path}", programs.path().display()));
        seat.run(shell).code(code);
    }
}

/// With a cache of its own: what is listed here is removed.
fn clean() {
    let seat = lab_tests::seat::Seat::new(program(), &super::CHAPTER).unwrap();
    let cache = seat.project().join("cache");
    let kept = cache.join("lab/blobs");
    fs::create_dir_all(&kept).unwrap();
    fs::write(kept.join("one"), vec![1; 1 << 20]).unwrap();
    let clean = |arguments: &[&str]| {
        let mut command = seat.command(arguments);
        command.env("XDG_CACHE_HOME", &cache);
        seat.run(command)
    };
    let listed = clean(&["clean"]);
    assert!(format!("{listed}").contains("1.0 MiB"), "{listed}");
    assert!(kept.join("one").exists(), "removed without a yes\n{listed}");
    clean(&["clean", "--all", "--yes"]).passes();
    assert!(!kept.join("one").exists(), "kept in spite of a yes");
}
