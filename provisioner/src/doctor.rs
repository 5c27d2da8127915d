//! What this host has, what it lacks, and what to do about it: `lab doctor`, and the check before `lab up` and `lab run`.
//! Judging is pure (`judge`); reading the host is the local provider's, installing is `fix`.

mod fix;
mod judge;
mod tools;

use serde::Serialize;

use crate::config::Cluster;
use crate::error::{Error, Result, exit};
use crate::event::Sink;
use crate::paths::Paths;
use crate::provider::local::host::Host;
use crate::report::out::{Out, bytes, columns};
use crate::text;
use crate::text::{Lang, Text};

/// Disk that the first build and the nodes take, cache and state together.
pub const FIRST_TIME: u64 = 3 << 30;

/// How something on the host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Fine.
    Ok,
    /// Works, but somebody should know.
    Warn,
    /// `lab up` cannot work without it.
    Missing,
}

/// One thing about the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: short, the same in both languages, e.g. `cgroup`.
    pub name: &'static str,
    /// How it is.
    pub outcome: Standing,
    /// What was found.
    pub detail: Text,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Text>,
    /// What `--fix` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// What `lab doctor --fix` can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fix {
    /// Install Debian packages.
    Install(Vec<&'static str>),
}

/// What the host is to be fit for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs<'a> {
    /// The cluster, if its file can be read.
    pub cluster: Option<&'a Cluster>,
    /// Whether the node image must still be built here.
    pub building: bool,
    /// Whether disks of virtual machines are to be made.
    pub disks: bool,
    /// Bytes that what is to be built takes in the cache, where that is known.
    pub room: u64,
}

/// A check of the host before a verb that needs it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The seat.
    pub paths: &'a Paths,
    /// What the host is to be fit for.
    pub needs: Needs<'a>,
    /// Whether every question was answered yes in advance.
    pub yes: bool,
    /// Where questions are asked.
    pub out: Out,
    /// Where progress goes.
    pub sink: &'a Sink,
}

/// Looks at everything.
pub fn examine(paths: &Paths, needs: Needs<'_>) -> Vec<Finding> {
    judge::judge(&Host::read(paths, true), needs)
}

/// Returns at once on a host that has all it needs (and says nothing); else installs what can be installed, asking first.
/// Errors with [`exit::HOST`] and the command to run where that is not possible.
pub fn ensure_host(request: &Request<'_>) -> Result<()> {
    let missing = |findings: Vec<Finding>| -> Vec<Finding> {
        findings
            .into_iter()
            .filter(|finding| finding.outcome == Standing::Missing)
            .collect()
    };
    let host = Host::read(request.paths, false);
    let all = judge::judge(&host, request.needs);
    tell_of_project(&all, request.sink);
    let found = missing(all);
    if found.is_empty() {
        return Ok(());
    }
    let hopeless: Vec<&Finding> = found.iter().filter(|finding| finding.fix.is_none()).collect();
    if !hopeless.is_empty() {
        return Err(lacking(&hopeless));
    }
    fix::offer(&host, &packages(&found), request)?;
    let still = missing(judge::judge(&Host::read(request.paths, false), request.needs));
    if still.is_empty() {
        Ok(())
    } else {
        Err(lacking(&still.iter().collect::<Vec<_>>()))
    }
}

/// Says what is wrong with where the clone is, and nothing else: of machines that need nothing of this host.
pub fn warn_of_project(paths: &Paths, sink: &Sink) {
    tell_of_project(&judge::judge(&Host::read(paths, false), Needs::default()), sink);
}

/// Nobody would think of asking for it.
fn tell_of_project(findings: &[Finding], sink: &Sink) {
    for finding in findings.iter().filter(|finding| finding.name == judge::PROJECT) {
        sink.warn(finding.detail.clone());
        finding.advice.iter().for_each(|advice| sink.note(advice.clone()));
    }
}

/// Does what the fixes of these findings say, warnings too, asking first.
pub fn fix_all(findings: &[Finding], request: &Request<'_>) -> Result<()> {
    match packages(findings).as_slice() {
        [] => Ok(()),
        packages => fix::offer(&Host::read(request.paths, false), packages, request),
    }
}

/// Packages that the fixes of these findings install, each once.
pub fn packages(findings: &[Finding]) -> Vec<&'static str> {
    let mut packages: Vec<&'static str> = vec![];
    for Fix::Install(names) in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        packages.extend(names);
    }
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Findings as aligned lines: mark, name, what was found, what to do.
pub fn lines(findings: &[Finding], lang: Lang) -> Vec<String> {
    let row = |finding: &Finding| {
        let mark = match finding.outcome {
            Standing::Ok => "✓",
            Standing::Warn => "!",
            Standing::Missing => "✗",
        };
        let advice = finding
            .advice
            .as_ref()
            .map(|advice| format!("  → {}", advice.get(lang)))
            .unwrap_or_default();
        vec![
            mark.to_owned(),
            finding.name.to_owned(),
            format!("{}{advice}", finding.detail.get(lang)),
        ]
    };
    columns(&findings.iter().map(row).collect::<Vec<_>>())
}

/// What a first build is going to take. The numbers are the caller's.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    /// Minutes, at least and at most.
    pub minutes: (u32, u32),
    /// Bytes to download.
    pub download: u64,
    /// Bytes of disk.
    pub disk: u64,
}

/// What to say before a first build.
pub fn first_build(estimate: Estimate) -> Text {
    let Estimate {
        minutes: (least, most),
        download,
        disk,
    } = estimate;
    let tools = tools::building().join(", ");
    text!(
        "처음 한 번 번들을 만듭니다: 약 {least}~{most}분, 다운로드 약 {}, 디스크 약 {}. 쓰는 도구: {tools}",
        "making the bundle, once: about {least} to {most} minutes, {} to download, {} of disk. tools used: {tools}",
        bytes(download),
        bytes(disk)
    )
}

fn lacking(findings: &[&Finding]) -> Error {
    let join = |lang| {
        let one = |finding: &&Finding| format!("{}: {}", finding.name, finding.detail.get(lang));
        findings.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let advice = |lang| {
        let advice = findings.iter().filter_map(|finding| finding.advice.as_ref());
        advice
            .map(|advice| advice.get(lang).to_owned())
            .collect::<Vec<_>>()
            .join("; ")
    };
    let what = Text {
        ko: format!("이 컴퓨터에 없는 것: {}", join(Lang::Ko)),
        en: format!("this host lacks: {}", join(Lang::En)),
    };
    Error::new(what)
        .hint(Text {
            ko: advice(Lang::Ko),
            en: advice(Lang::En),
        })
        .exit(exit::HOST)
}

#[cfg(test)]
mod tests;
