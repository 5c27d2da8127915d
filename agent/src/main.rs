//! `lab-agent`: runs on a node. Called by the name of an OCI runtime, it is that.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = std::env::args_os().next().unwrap_or_default();
    if Path::new(&name)
        .file_name()
        .is_some_and(|name| name == agent::oci_runtime::NAME)
    {
        return agent::oci_runtime::run(arguments.by_ref().skip(1));
    }
    agent::cli::run(arguments)
}
