//! Installs what a host lacks, with its own package manager, after asking.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use super::Request;
use crate::error::{Error, Result, exit};
use crate::event::{Sink, Work};
use crate::provider::local::host::Host;
use crate::text;

/// Installs `packages` if the user agrees; the error carries the exact command otherwise.
pub(super) fn offer(host: &Host, packages: &[&'static str], request: &Request<'_>) -> Result<()> {
    let names = packages.join(" ");
    if host.program("apt-get").is_none() {
        return Err(Error::new(text!(
            "없는 호스트 도구가 있음 (Debian 이름: {names})",
            "host tools are missing (Debian names: {names})"
        ))
        .hint(text!(
            "{}에 해당하는 패키지를 설치하세요",
            "install {} or what this distribution calls them",
            manual(host, &names)
        ))
        .exit(exit::HOST));
    }
    let command = command(host, packages).join(" ");
    let declined = || {
        Error::new(text!(
            "호스트 도구가 필요함: {names}",
            "host tools are needed: {names}"
        ))
        .hint(text!(
            "`{command}`을 실행하거나 `--yes`를 주세요",
            "run `{command}`, or give `--yes`"
        ))
        .exit(exit::HOST)
    };
    let question = text!(
        "호스트 도구를 설치할까요? {names}",
        "install these host tools? {names}"
    );
    if request.yes || request.out.ask(&question, true) == Some(true) {
        install(host, packages, request.sink)
    } else {
        Err(declined())
    }
}

/// What to type on a distribution without apt.
fn manual(host: &Host, names: &str) -> String {
    let managers = [
        ("dnf", "dnf install"),
        ("pacman", "pacman -S"),
        ("zypper", "zypper install"),
        ("apk", "apk add"),
    ];
    match managers
        .iter()
        .find(|(program, _)| host.program(program).is_some())
    {
        Some((_, verb)) => format!("`sudo {verb} {names}`"),
        None => format!("`{names}`"),
    }
}

/// The command a person would type; `install` adds to it only what concerns progress.
fn command(host: &Host, packages: &[&'static str]) -> Vec<&'static str> {
    let sudo: &[&str] = if host.root { &[] } else { &["sudo"] };
    let apt = ["apt-get", "install", "--no-install-recommends", "-y"];
    sudo.iter().chain(&apt).chain(packages).copied().collect()
}

/// Installs Debian packages, showing progress. Refreshes the package lists if the first try fails.
fn install(host: &Host, packages: &[&'static str], sink: &Sink) -> Result<()> {
    let names = packages.join(" ");
    let work = sink.work(
        None,
        "host-tools",
        text!("호스트 도구 설치: {names}", "install host tools: {names}"),
    );
    let argv = command(host, packages);
    let result = run(&argv, &work).or_else(|_| {
        let refresh: Vec<&str> = argv
            .iter()
            .copied()
            .take_while(|word| *word != "install")
            .chain(["update"])
            .collect();
        run(&refresh, &work)?;
        run(&argv, &work)
    });
    work.finish(result)
}

fn run(argv: &[&str], work: &Work) -> Result<()> {
    let failed = || Error::new(format!("`{}` failed", argv.join(" "))).exit(exit::HOST);
    let Some((program, arguments)) = argv.split_first() else {
        return Ok(());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .args(["-q", "-o", "APT::Status-Fd=1", "-o", "DPkg::Lock::Timeout=120"])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed().because(error))?;
    let output = follow(&mut child, work);
    let status = child.wait().map_err(|error| failed().because(error))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed().cause(status.to_string()).output(output))
    }
}

/// Reads to the end of both streams: progress to `work`, the rest is returned.
fn follow(child: &mut Child, work: &Work) -> String {
    let stderr = child.stderr.take();
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.map(|mut stderr| stderr.read_to_string(&mut text));
        text
    });
    let mut output = String::new();
    for line in child
        .stdout
        .take()
        .map(BufReader::new)
        .into_iter()
        .flat_map(|reader| reader.lines().map_while(|line| line.ok()))
    {
        match percent(&line) {
            Some(percent) => work.progress(percent, Some(100), false),
            None => output = output + &line + "\n",
        }
    }
    output + &errors.join().unwrap_or_default()
}

/// Hundredths done, from a line of apt's status stream: `dlstatus:1:20.5:…` is the first half, `pmstatus:…` the second.
fn percent(line: &str) -> Option<u64> {
    let mut fields = line.split(':');
    let half = match fields.next()? {
        "dlstatus" => 0,
        "pmstatus" => 50,
        _ => return None,
    };
    let whole = fields.nth(1)?.split('.').next()?.parse::<u64>().ok()?;
    Some(half + whole.min(100) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apt_tells_how_far_it_is() {
        for (line, expected) in [
            ("dlstatus:1:20.5:Retrieving file 1 of 2", Some(10)),
            ("pmstatus:crun:60.0:Configuring crun (amd64)", Some(80)),
            ("Setting up crun (1.21-1) ...", None),
            ("pmstatus:", None),
        ] {
            assert_eq!(percent(line), expected, "{line}");
        }
    }

    #[test]
    fn the_command_is_what_a_person_would_type() {
        let host = Host {
            root: false,
            ..Host::default()
        };
        assert_eq!(
            command(&host, &["crun"]).join(" "),
            "sudo apt-get install --no-install-recommends -y crun"
        );
        let host = Host {
            root: true,
            ..Host::default()
        };
        assert_eq!(
            command(&host, &["crun", "passt"]).join(" "),
            "apt-get install --no-install-recommends -y crun passt"
        );
    }
}
