//! `lab`: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::run(std::env::args_os())
}
