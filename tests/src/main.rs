//! `lab` as the tests run it: the same library, so that a test run builds everything it drives.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::run(std::env::args_os())
}
