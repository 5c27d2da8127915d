//! End-to-end tests: the real `lab`, real nodes. One cluster is shared by all tests that do not need their own, brought up by the
//! first that asks; every test can run alone (`cargo test --test e2e NAME`). What cannot run here is ignored with its reason, and in CI
//! (`CI=true`) only what `tests/ignored.txt` names may be.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

#[path = "e2e/artifacts.rs"]
mod artifacts;
#[path = "e2e/authoring.rs"]
mod authoring;
#[path = "e2e/bad_input.rs"]
mod bad_input;
#[path = "e2e/bad_lab.rs"]
mod bad_lab;
#[path = "e2e/broken.rs"]
mod broken;
#[path = "e2e/cluster.rs"]
mod cluster;
#[path = "e2e/egress.rs"]
mod egress;
#[path = "e2e/engines.rs"]
mod engines;
#[path = "e2e/exclusive.rs"]
mod exclusive;
#[path = "e2e/external.rs"]
mod external;
#[path = "e2e/files.rs"]
mod files;
#[path = "e2e/host.rs"]
mod host;
#[path = "e2e/interrupt.rs"]
mod interrupt;
#[path = "e2e/inventory.rs"]
mod inventory;
#[path = "e2e/kubernetes.rs"]
mod kubernetes;
#[path = "e2e/labs.rs"]
mod labs;
#[path = "e2e/misbehaved.rs"]
mod misbehaved;
#[path = "e2e/offline.rs"]
mod offline;
#[path = "e2e/privilege.rs"]
mod privilege;
#[path = "e2e/prove.rs"]
mod prove;
#[path = "e2e/readme.rs"]
mod readme;
#[path = "e2e/record.rs"]
mod record;
#[path = "e2e/report.rs"]
mod report;
#[path = "e2e/sources.rs"]
mod sources;
#[path = "e2e/toolchain.rs"]
mod toolchain;
#[path = "e2e/trust.rs"]
mod trust;
#[path = "e2e/turn.rs"]
mod turn;
#[path = "e2e/upkeep.rs"]
mod upkeep;
#[path = "e2e/vagrant.rs"]
mod vagrant;
#[path = "e2e/vagrantfile.rs"]
mod vagrantfile;

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, Once, OnceLock, PoisonError};

use lab_tests::seat::Seat;
use libtest_mimic::{Arguments, Failed, Trial};

use turn::Turn;

/// The `lab` under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_lab-under-test"))
}

/// The cluster of the notes, as committed.
pub const COMMITTED: &str = include_str!("../../cluster.yaml");

/// The same without Kubernetes, for what has nothing to do with it: half a minute less.
pub static CHAPTER: LazyLock<String> = LazyLock::new(|| {
    let lines = COMMITTED.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("kubernetes:")).collect()
});

static SHARED: OnceLock<Mutex<Seat>> = OnceLock::new();
static UP: Once = Once::new();

/// The shared cluster, up, for one test at a time. Tests leave it as they found it.
pub fn shared() -> MutexGuard<'static, Seat> {
    let seat = turn::give_way(|| {
        let seat = SHARED.get_or_init(|| Mutex::new(Seat::new(program(), COMMITTED).unwrap()));
        seat.lock().unwrap_or_else(PoisonError::into_inner)
    });
    UP.call_once_force(|_| drop(seat.lab(&["up", "--yes"]).passes()));
    seat
}

/// A test that needs nothing but the program.
pub fn plain(name: &str, test: fn()) -> Trial {
    in_turn(false, name, test)
}

fn in_turn(alone: bool, name: &str, test: fn()) -> Trial {
    static TESTS: AtomicUsize = AtomicUsize::new(0);
    let number = TESTS.fetch_add(1, Ordering::Relaxed);
    Trial::test(name, move || {
        let _turn = Turn::take(number, alone);
        test();
        Ok::<(), Failed>(())
    })
}

/// A test that boots nodes: needs root and Linux.
pub fn booting(name: &str, test: fn()) -> Trial {
    booting_in_turn(false, name, test)
}

/// The same for a test that compares this host before and after.
pub fn booting_alone(name: &str, test: fn()) -> Trial {
    booting_in_turn(true, name, test)
}

fn booting_in_turn(alone: bool, name: &str, test: fn()) -> Trial {
    let reason = if !cfg!(target_os = "linux") {
        Some("nodes need Linux")
    } else if !is_root() {
        Some("nodes need root")
    } else {
        None
    };
    unless(reason, name, || in_turn(alone, name, test))
}

/// A test that needs root and no node.
pub fn as_root(name: &str, test: fn()) -> Trial {
    let reason = (!is_root()).then_some("needs root");
    unless(reason, name, || plain(name, test))
}

fn unless(reason: Option<&str>, name: &str, trial: impl FnOnce() -> Trial) -> Trial {
    match reason {
        Some(reason) => Trial::test(format!("{name} ({reason})"), || Ok(())).with_ignored_flag(true),
        None => trial(),
    }
}

/// A test that boots nodes and is run only by `--ignored` (`just asked`): it downloads from the internet.
pub fn asked_for(name: &str, test: fn()) -> Trial {
    booting(name, test).with_ignored_flag(true)
}

/// A test that needs a program on this machine.
pub fn needing(trial: Trial, program: &str) -> Trial {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&search).any(|directory| directory.join(program).is_file());
    if found {
        return trial;
    }
    Trial::test(
        format!("{} ({program} is not installed)", trial.name()),
        || Ok(()),
    )
    .with_ignored_flag(true)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// Every test there is.
pub fn all() -> Vec<Trial> {
    [
        artifacts::tests(),
        authoring::tests(),
        bad_input::tests(),
        bad_lab::tests(),
        cluster::tests(),
        labs::tests(),
        kubernetes::tests(),
        interrupt::tests(),
        inventory::tests(),
        offline::tests(),
        report::tests(),
        record::tests(),
        privilege::tests(),
        sources::tests(),
        upkeep::tests(),
        vagrantfile::tests(),
        toolchain::tests(),
        trust::tests(),
        broken::tests(),
        files::tests(),
        readme::tests(),
        prove::tests(),
        misbehaved::tests(),
        engines::tests(),
        exclusive::tests(),
        external::tests(),
        // What has this host to itself.
        host::tests(),
        egress::tests(),
        vagrant::tests(),
    ]
    .concat_trials()
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let trials = all();
    // Each has a thread to wait in.
    arguments.test_threads = Some(trials.len());
    if std::env::var("CI").is_ok_and(|ci| ci == "true") && !ignored_are_listed(&trials) {
        return ExitCode::FAILURE;
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    let mut ended_well = true;
    if let Some(seat) = SHARED.get() {
        let seat = seat.lock().unwrap_or_else(PoisonError::into_inner);
        let down = seat.down();
        ended_well = down.code == 0;
        // A static is never dropped, so neither is its directory.
        if ended_well && let Some(directory) = seat.project().parent() {
            let _ = std::fs::remove_dir_all(directory);
        }
        if !ended_well {
            eprintln!("the shared cluster did not go down:\n{down}");
        }
    }
    if conclusion.has_failed() || !ended_well {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// In CI, an ignored test must be on the committed list.
fn ignored_are_listed(trials: &[Trial]) -> bool {
    let listed: Vec<&str> = include_str!("ignored.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let missing: Vec<&str> = trials
        .iter()
        .filter(|trial| trial.has_ignored_flag() && !listed.contains(&trial.name()))
        .map(Trial::name)
        .collect();
    if !missing.is_empty() {
        eprintln!("ignored in CI, and not on tests/ignored.txt: {missing:#?}");
    }
    missing.is_empty()
}

trait ConcatTrials {
    fn concat_trials(self) -> Vec<Trial>;
}

impl<const N: usize> ConcatTrials for [Vec<Trial>; N] {
    fn concat_trials(self) -> Vec<Trial> {
        self.into_iter().flatten().collect()
    }
}
