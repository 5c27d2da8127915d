//! Runs the builder's host programs: in namespaces of their own, with a deadline, dying with `lab`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::text;

/// Minutes a program may take, before `LAB_PATIENCE`.
const MINUTES: f64 = 20.0;

/// The argv that starts `argv` in private mount and process namespaces, with a deadline; in `root` if given.
/// When `lab` dies, `timeout` is told to end, and everything in the namespace is killed: no mount or process stays.
fn contained(argv: &[String], root: Option<&Path>) -> Vec<String> {
    let patience = std::env::var("LAB_PATIENCE")
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
        .unwrap_or(1.0);
    let seconds = format!("{}", (MINUTES * 60.0 * patience).max(1.0));
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
        "unshare",
        "--mount",
        "--pid",
    ];
    let mut all: Vec<String> = words.into_iter().map(str::to_owned).collect();
    all.extend(["--fork", "--kill-child"].map(str::to_owned));
    if let Some(root) = root {
        all.push(format!("--root={}", root.display()));
    }
    all.extend(["--mount-proc", "--"].map(str::to_owned));
    all.extend(argv.iter().cloned());
    all
}

/// Runs a program to its end, contained; `on_line` sees each line it prints on stderr. Returns its stdout.
pub fn run(
    argv: &[String],
    root: Option<&Path>,
    temporary: &Path,
    mut on_line: impl FnMut(&str),
) -> Result<String> {
    let all = contained(argv, root);
    let name = argv.first().map_or("", String::as_str);
    let failed = || Error::new(text!("`{}` 실행 실패", "`{}` failed", name));
    let mut command = Command::new(&all[0]);
    command
        .args(&all[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
        .env("LC_ALL", "C.UTF-8")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("SOURCE_DATE_EPOCH", super::tree::EPOCH);
    if root.is_none() {
        command.env("TMPDIR", temporary);
    } else {
        command
            .env_remove("TMPDIR")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root");
    }
    let mut child = command
        .spawn()
        .map_err(|error| failed().because(error).hint(super::advice()))?;
    let mut stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(stdout) = &mut stdout {
            let _ = stdout.read_to_string(&mut text);
        }
        text
    });
    let mut tail = std::collections::VecDeque::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr)
            .split(b'\n')
            .map_while(std::result::Result::ok)
        {
            let line = String::from_utf8_lossy(&line).into_owned();
            on_line(&line);
            tail.push_back(line);
            if tail.len() > 25 {
                tail.pop_front();
            }
        }
    }
    let status = child.wait().map_err(|error| failed().because(error))?;
    let printed = reader.join().unwrap_or_default();
    if status.success() {
        return Ok(printed);
    }
    let said = Vec::from(tail).join("\n");
    Err(failed().cause(status.to_string()).output(said).hint(text!(
        "데비안 미러에 닿는지 확인하세요: http_proxy, LAB_DEBIAN_MIRROR, LAB_CA_FILE. 네트워크가 없으면 `lab bundle import FILE`",
        "see whether the Debian mirror can be reached: http_proxy, LAB_DEBIAN_MIRROR, LAB_CA_FILE; without a network: `lab bundle import FILE`"
    )))
}
