//! `lab logs`: the journal of a node, or of one unit on it, as it is or as it grows.

use std::collections::BTreeSet;
use std::time::Duration;

use agent::wire::{FactsQuery, How, Run};

use crate::cli::App;
use crate::cli::exec::streamed;
use crate::cli::seat::one;
use crate::config::suggest;
use crate::error::{Error, Result, exit};
use crate::session::Session;
use crate::text;

/// Arguments of `lab logs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The node, or `master`
    #[arg(value_name = "NODE")]
    node: String,
    /// Only this systemd unit, e.g. docker or kubelet
    #[arg(value_name = "UNIT")]
    unit: Option<String>,
    /// Go on with what is written from now on, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// What was written since, as journalctl takes it: "10 min ago", 14:30, "2026-11-24 09:00"
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// The last lines, so many (default: 200, or all since --since)
    #[arg(long, short = 'n', value_name = "COUNT")]
    lines: Option<u32>,
}

/// How long the node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Lines that are shown if nobody says which.
const USUAL: u32 = 200;
/// Bytes of names that are looked through for one that is meant.
const NAMES: u64 = 1 << 20;

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let node = one(&seat.cluster, &args.node)?;
    let endpoint = seat.provider.endpoint(&node)?;
    app.block_on(async {
        let session = Session::open(&endpoint, crate::transport::patient(PATIENCE)).await?;
        // Ctrl-C ends this process as any other; with its channel ends what it had running on the node.
        let ended = show(args, &session, app).await;
        session.close().await;
        ended
    })?
}

async fn show(args: &Args, session: &Session, app: &App) -> Result<u8> {
    let unit = match &args.unit {
        Some(name) => Some(known(session, name).await?),
        None => None,
    };
    match streamed(session, argv(args, unit.as_deref()), app.out, None)
        .await?
        .code
    {
        0 => Ok(exit::OK),
        // What it says of that was passed on.
        code => Err(Error::new(text!(
            "journalctl이 {code}로 끝남",
            "journalctl ended with {code}"
        ))
        .on(&session.node)),
    }
}

fn argv(args: &Args, unit: Option<&str>) -> Vec<String> {
    let mut argv = ["journalctl", "--no-pager", "--output=short-iso"]
        .map(str::to_owned)
        .to_vec();
    argv.extend(unit.map(|unit| format!("--unit={unit}")));
    argv.extend(args.since.as_ref().map(|since| format!("--since={since}")));
    let lines = args.lines.or_else(|| args.since.is_none().then_some(USUAL));
    argv.push(match lines {
        Some(lines) => format!("--lines={lines}"),
        None => "--lines=all".into(),
    });
    argv.extend(args.follow.then(|| "--follow".to_owned()));
    argv
}

/// A unit's whole name.
fn whole(name: &str) -> String {
    const KINDS: [&str; 8] = [
        ".service", ".socket", ".timer", ".mount", ".scope", ".slice", ".target", ".path",
    ];
    match KINDS.iter().any(|kind| name.ends_with(kind)) {
        true => name.to_owned(),
        false => format!("{name}.service"),
    }
}

/// The unit that is meant. One that is not there any more counts as long as the journal has something of it.
async fn known(session: &Session, name: &str) -> Result<String> {
    let unit = whole(name);
    let query = FactsQuery {
        units: vec![unit.clone()],
        ..FactsQuery::default()
    };
    let silent = |error| {
        Error::new("the agent does not answer")
            .on(&session.node)
            .because(error)
    };
    let facts = session.agent.facts(query).await.map_err(silent)?;
    if facts.units.get(&unit).is_some_and(|fact| fact.load == "loaded") {
        return Ok(unit);
    }
    let files = [
        "systemctl",
        "list-unit-files",
        "--plain",
        "--no-legend",
        "--type=service",
    ];
    let written = ["journalctl", "--field=_SYSTEMD_UNIT"];
    let (files, written) = tokio::join!(printed(session, &files), printed(session, &written));
    let written = written?;
    if written.lines().any(|line| line == unit) {
        return Ok(unit);
    }
    let files = files?;
    let names = files.lines().filter_map(|line| line.split_whitespace().next());
    let names: BTreeSet<&str> = names.chain(written.lines()).map(short).collect();
    let hint = match suggest::closest(short(&unit), names) {
        Some(meant) => text!("`{meant}`인가요?", "did you mean `{meant}`?"),
        None => text!(
            "`lab exec {0} -- systemctl list-units`가 있는 것을 보여 줍니다",
            "`lab exec {0} -- systemctl list-units` shows what there is",
            session.node
        ),
    };
    let what = text!("`{unit}`이라는 유닛이 없음", "there is no unit `{unit}`");
    Err(Error::usage(what).on(&session.node).hint(hint))
}

fn short(unit: &str) -> &str {
    unit.strip_suffix(".service").unwrap_or(unit)
}

async fn printed(session: &Session, argv: &[&str]) -> Result<String> {
    let run = Run {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        deadline_ms: u64::try_from(crate::transport::patient(PATIENCE).as_millis()).ok(),
        cap: Some(NAMES),
        ..Run::default()
    };
    let failed = || Error::new(format!("`{}` failed", argv.join(" "))).on(&session.node);
    let done = session
        .agent
        .run(run)
        .await
        .map_err(|error| failed().because(error))?;
    match done.exited.how {
        How::Code(0) => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        _ => Err(failed().output(String::from_utf8_lossy(&done.stderr))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_journalctl() {
        let asked = |follow: bool, since: Option<&str>, lines: Option<u32>, unit: Option<&str>| {
            let args = Args {
                node: "m-k8s".into(),
                unit: None,
                follow,
                since: since.map(str::to_owned),
                lines,
            };
            argv(&args, unit)[3..].join(" ")
        };
        assert_eq!(asked(false, None, None, None), "--lines=200");
        assert_eq!(
            asked(true, Some("10 min ago"), None, Some("docker.service")),
            "--unit=docker.service --since=10 min ago --lines=all --follow"
        );
        assert_eq!(
            asked(false, Some("today"), Some(5), None),
            "--since=today --lines=5"
        );
    }

    #[test]
    fn a_unit_without_its_kind_is_a_service() {
        for (name, expected) in [
            ("docker", "docker.service"),
            ("docker.socket", "docker.socket"),
            ("user@0.service", "user@0.service"),
            ("k3s.agent", "k3s.agent.service"),
        ] {
            assert_eq!(whole(name), expected);
        }
    }
}
