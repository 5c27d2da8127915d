//! Runs the builder's host programs: in namespaces of their own, with a deadline, dying with `lab`.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::text;

/// Minutes a program may take, before `LAB_PATIENCE`.
const MINUTES: f64 = 20.0;

/// The argv that starts `argv` with a deadline, ending with `lab`; in private mount and process namespaces, in `root`
/// if given. When `lab` dies, `timeout` is told to end, and everything in the namespace is killed: no mount or process
/// stays.
fn contained(argv: &[String], space: Space<'_>) -> Vec<String> {
    let seconds = format!("{}", (MINUTES * 60.0 * crate::transport::patience()).max(1.0));
    let words = [
        "setpriv",
        "--pdeathsig",
        "TERM",
        "timeout",
        "-k",
        "5",
        "-s",
        "KILL",
        &seconds,
    ];
    let mut all: Vec<String> = words.into_iter().map(str::to_owned).collect();
    if !matches!(space, Space::Shared) {
        all.extend(["unshare", "--mount", "--pid", "--fork", "--kill-child"].map(str::to_owned));
        if let Space::Root(root) = space {
            all.push(format!("--root={}", root.display()));
        }
        all.extend(["--mount-proc", "--"].map(str::to_owned));
    }
    all.extend(argv.iter().cloned());
    all
}

/// Where a program runs.
#[derive(Clone, Copy)]
enum Space<'a> {
    /// Beside `lab`.
    Shared,
    /// In namespaces of its own.
    Private,
    /// In namespaces of its own, with this root.
    Root(&'a Path),
}

/// Runs a program to its end, contained; `on_line` sees each line it prints, and an empty one every second without any.
/// Returns its stdout.
pub fn run(
    argv: &[String],
    root: Option<&Path>,
    temporary: &Path,
    on_line: impl FnMut(&str),
) -> Result<String> {
    let space = root.map_or(Space::Private, Space::Root);
    start(argv, space, temporary, Manner::default(), on_line)
}

/// Runs a program that mounts nothing and leaves nothing running. Returns its stdout.
pub fn run_beside(argv: &[String], temporary: &Path) -> Result<String> {
    run_so(argv, Manner::default(), temporary, |_| ())
}

/// The same, in a manner of its own; `on_line` sees each line as in [`run`].
pub fn run_so(
    argv: &[String],
    manner: Manner<'_>,
    temporary: &Path,
    on_line: impl FnMut(&str),
) -> Result<String> {
    start(argv, Space::Shared, temporary, manner, on_line)
}

/// How a program is run, beyond what it is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner<'a> {
    /// Its working directory; else that of `lab`.
    pub directory: Option<&'a Path>,
    /// Variables, on top of those of `lab`.
    pub environment: &'a [(String, String)],
}

/// Sends every line of `stream`, with whether it is of stdout.
fn forward(stream: Option<impl Read + Send + 'static>, stdout: bool, to: &Sender<(bool, String)>) {
    let (Some(stream), to) = (stream, to.clone()) else {
        return;
    };
    std::thread::spawn(move || {
        let lines = BufReader::new(stream).split(b'\n').map_while(std::io::Result::ok);
        for line in lines {
            if to
                .send((stdout, String::from_utf8_lossy(&line).into_owned()))
                .is_err()
            {
                return;
            }
        }
    });
}

fn command(argv: &[String], space: Space<'_>, temporary: &Path, manner: Manner<'_>) -> Command {
    let all = contained(argv, space);
    let mut command = Command::new(&all[0]);
    command
        .args(&all[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("SOURCE_DATE_EPOCH", super::tree::EPOCH);
    if let Space::Root(_) = space {
        command
            .env_remove("TMPDIR")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root");
    } else {
        command.env("TMPDIR", temporary);
    }
    if let Some(directory) = manner.directory {
        command.current_dir(directory);
    }
    command.envs(manner.environment.iter().map(|(name, value)| (name, value)));
    command
}

fn start(
    argv: &[String],
    space: Space<'_>,
    temporary: &Path,
    manner: Manner<'_>,
    mut on_line: impl FnMut(&str),
) -> Result<String> {
    let name = argv.first().map_or("", String::as_str);
    let failed = || Error::new(text!("`{}` 실행 실패", "`{}` failed", name));
    let mut child = command(argv, space, temporary, manner)
        .spawn()
        .map_err(|error| failed().because(error).hint(super::advice()))?;
    let (to, lines) = channel();
    forward(child.stdout.take(), true, &to);
    forward(child.stderr.take(), false, &to);
    drop(to);
    // What went wrong is on stderr; what is on stdout may be long and beside the point.
    let (mut printed, mut complaints, mut tail) = (String::new(), VecDeque::new(), VecDeque::new());
    loop {
        let (stdout, line) = match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => {
                on_line("");
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        on_line(&line);
        if stdout {
            printed += &line;
            printed.push('\n');
        }
        let kept = if stdout { &mut tail } else { &mut complaints };
        kept.push_back(line);
        if kept.len() > 25 {
            kept.pop_front();
        }
    }
    let status = child.wait().map_err(|error| failed().because(error))?;
    if status.success() {
        return Ok(printed);
    }
    let said = if complaints.is_empty() { tail } else { complaints };
    let said = Vec::from(said).join("\n");
    Err(failed().cause(status.to_string()).output(said).hint(text!(
        "패키지 미러에 닿는지 확인하세요: http_proxy, LAB_DEBIAN_MIRROR, LAB_UBUNTU_MIRROR, LAB_CA_FILE. 네트워크가 없으면 `lab bundle import FILE`",
        "see whether the mirror of packages can be reached: http_proxy, LAB_DEBIAN_MIRROR, LAB_UBUNTU_MIRROR, LAB_CA_FILE; without a network: `lab bundle import FILE`"
    )))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_program_that_fails_is_quoted_with_what_it_complained_of() {
        let temporary = tempfile::tempdir().unwrap();
        let said = |script: &str| {
            let argv = ["sh", "-c", script].map(str::to_owned);
            let error = run_beside(&argv, temporary.path()).unwrap_err();
            error.printed().unwrap().to_owned()
        };
        let both = said("echo why >&2; seq 100; exit 1");
        assert!(both.contains("why") && !both.contains("100"), "{both}");
        let stdout_only = said("seq 100; exit 1");
        assert!(
            stdout_only.contains("100") && !stdout_only.contains("75"),
            "{stdout_only}"
        );
    }
}
