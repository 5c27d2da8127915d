//! Runs tests that need OpenSSH's server and root: where one is missing they are reported as ignored, with the reason, never as
//! passed; in CI only what `tests/tests/ignored.txt` names may be ignored.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

/// `main` of a test program: each named async function is a test.
#[macro_export]
macro_rules! tests {
    ($($test:ident),+ $(,)?) => {
        fn main() -> std::process::ExitCode {
            harness::run(vec![$((stringify!($test), || harness::block_on($test()))),+])
        }
    };
}

/// Runs a future to its end on a runtime of its own.
pub fn block_on(future: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future);
}

/// Runs tests by name.
pub fn run(tests: Vec<(&'static str, fn())>) -> ExitCode {
    let missing = missing();
    let trial = |(name, test): (&str, fn())| match missing {
        None => Trial::test(name, move || {
            test();
            Ok::<(), Failed>(())
        }),
        Some(reason) => Trial::test(format!("{name} ({reason})"), || Ok(())).with_ignored_flag(true),
    };
    let trials: Vec<Trial> = tests.into_iter().map(trial).collect();
    let listed = include_str!("../../../tests/tests/ignored.txt");
    let unlisted =
        |trial: &&Trial| trial.has_ignored_flag() && !listed.lines().any(|line| line == trial.name());
    if std::env::var("CI").is_ok_and(|ci| ci == "true")
        && let Some(trial) = trials.iter().find(unlisted)
    {
        eprintln!(
            "ignored in CI, and not on tests/tests/ignored.txt: {}",
            trial.name()
        );
        return ExitCode::FAILURE;
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn missing() -> Option<&'static str> {
    let root =
        std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let server = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
    if !root {
        Some("needs root")
    } else if !server.iter().any(|path| Path::new(path).exists()) {
        Some("OpenSSH's server is not installed")
    } else {
        None
    }
}
