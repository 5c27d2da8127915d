//! Runs one host program to its end and tells what it printed if it failed. Knows nothing of nodes.

use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::text;

/// Runs the program with no input; its standard output. Errors carry the argv and everything it printed.
pub fn run(command: &mut Command) -> Result<String> {
    let argv = spell(command);
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        Error::new(text!("`{}` 실행 불가", "cannot run `{}`", argv))
            .because(error)
            .hint(text!(
                "`lab doctor`가 빠진 도구를 알려 줌",
                "`lab doctor` names the tools that are missing"
            ))
    })?;
    let standard = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(standard);
    }
    let printed = format!("{standard}{}", String::from_utf8_lossy(&output.stderr));
    Err(Error::new(text!("`{}` 실패", "`{}` failed", argv))
        .cause(output.status.to_string())
        .output(printed.trim_end()))
}

fn spell(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
