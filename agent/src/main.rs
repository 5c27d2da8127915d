//! `lab-agent`: runs on a node.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::FAILURE
}
