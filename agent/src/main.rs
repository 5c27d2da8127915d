//! `lab-agent`: runs on a node.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent::cli::run(std::env::args_os())
}
