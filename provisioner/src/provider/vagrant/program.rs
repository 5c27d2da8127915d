//! Calling Vagrant, and what its errors mean for somebody in a classroom.

use std::path::Path;
use std::process::{Command, Stdio};

use super::advice::advice;
use super::output::{self, Failure};
use crate::error::{Error, Result};
use crate::text;

/// Runs `vagrant ARGUMENTS --machine-readable` in the project; what it printed.
pub fn run(project: &Path, arguments: &[&str]) -> Result<String> {
    let shown = format!("vagrant {}", arguments.join(" "));
    let cannot = || Error::new(text!("`{shown}` 실패", "`{shown}` failed"));
    let output = Command::new("vagrant")
        .args(arguments)
        .arg("--machine-readable")
        .current_dir(project)
        .env("VAGRANT_CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => absent(),
            _ => cannot().because(error),
        })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && output::failure(&said).is_none() {
        return Ok(said);
    }
    let Some(Failure { class, message }) = output::failure(&said) else {
        let text = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
        return Err(cannot().cause(output.status.to_string()).output(text));
    };
    let hint = advice(&class, &message);
    let error = cannot().cause(class).output(message);
    Err(match hint {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

fn absent() -> Error {
    Error::new(text!("Vagrant가 설치되어 있지 않음", "Vagrant is not installed")).hint(text!(
        "Vagrant와 VirtualBox를 설치하거나, Linux에서는 cluster.yaml에 `provider: local`을 쓰세요",
        "install Vagrant and VirtualBox, or on Linux write `provider: local` in cluster.yaml"
    ))
}
