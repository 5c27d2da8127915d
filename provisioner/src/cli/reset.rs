//! `lab reset`: nodes back to the snapshot that `lab up` ended with, after saying what will be lost; `LAB/EXERCISE` takes back only
//! what `lab` did of an exercise.

use std::time::Duration;

use agent::wire::Run;
use time::OffsetDateTime;

use crate::cli::App;
use crate::cli::seat::{Seat, select};
use crate::cli::snapshot::FRESH;
use crate::error::{Error, Result, exit};
use crate::node::NodeName;
use crate::provider::machines::no_snapshots;
use crate::provider::{NodeState, Snapshot};
use crate::session::Session;
use crate::text;
use crate::text::Text;
use crate::transport::Endpoint;

/// Arguments of `lab reset`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Nodes to put back (default: all), or one exercise as LAB/EXERCISE
    #[arg(value_name = "NODE|LAB/EXERCISE")]
    names: Vec<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    if args.names.iter().any(|name| name.contains('/')) {
        return match args.names.as_slice() {
            [exercise] => crate::cli::solve::take_back(exercise, app),
            _ => Err(Error::usage(text!(
                "실습은 한 번에 하나만 되돌립니다",
                "one exercise at a time"
            ))),
        };
    }
    let seat = app.change("reset")?;
    let nodes = select(&seat.cluster, &args.names)?;
    if !seat.provider.saves() {
        return Err(no_snapshots(seat.provider.name()));
    }
    let snapshots = seat.provider.snapshots()?;
    let fresh = snapshots
        .iter()
        .find(|snapshot| snapshot.name == FRESH)
        .ok_or_else(|| {
            Error::new(text!(
                "돌아갈 스냅샷 `fresh`가 없음",
                "there is no snapshot `fresh` to go back to"
            ))
            .hint(text!("`lab up`이 끝나면 생깁니다", "`lab up` ends by saving it"))
        })?;
    let (nodes, without): (Vec<NodeName>, Vec<NodeName>) =
        nodes.into_iter().partition(|node| fresh.nodes.contains(node));
    for node in without {
        app.sink.warn(text!(
            "{node}은(는) `fresh`에 없어 그대로 둠",
            "{node} is not in `fresh` and stays as it is"
        ));
    }
    // To restore none by name would mean all.
    if nodes.is_empty() {
        return Err(
            Error::new(text!("되돌릴 노드가 없음", "there is no node to put back")).hint(text!(
                "`lab snapshot save fresh --replace`가 모두를 지금 상태로 저장합니다",
                "`lab snapshot save fresh --replace` saves all as they are now"
            )),
        );
    }
    let lost = losses(&seat, &nodes, fresh, app)?;
    for (node, loss) in nodes.iter().zip(&lost) {
        app.sink.send(
            Some(node),
            crate::event::What::Note {
                text: loss_words(*loss, &fresh.saved),
            },
        );
    }
    let question = text!("되돌릴까요?", "go back?");
    let agreed = app.global.yes || app.out.ask(&question, false).ok_or_else(unattended)?;
    if !agreed {
        return Ok(exit::CANNOT);
    }
    let since = OffsetDateTime::now_utc();
    let work = app
        .sink
        .work(None, "reset", text!("`fresh`로 되돌림", "go back to `fresh`"));
    work.finish(seat.provider.restore(FRESH, &nodes))?;
    seat.wait_until_reached(app, &nodes, since)?;
    Ok(exit::OK)
}

fn unattended() -> Error {
    Error::usage(text!("물어볼 사람이 없음", "nobody is there to ask"))
        .hint(text!("`--yes`를 주세요", "give `--yes`"))
}

/// What a node has that its snapshot has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Loss {
    containers: usize,
    images: usize,
}

/// What each node would lose; `None` for a node that does not answer soon.
fn losses(seat: &Seat, nodes: &[NodeName], fresh: &Snapshot, app: &App) -> Result<Vec<Option<Loss>>> {
    let states = seat.provider.states()?;
    let up = |node: &NodeName| {
        states
            .iter()
            .any(|(name, state)| name == node && *state == NodeState::Up)
    };
    let endpoints: Vec<Option<Endpoint>> = nodes
        .iter()
        .map(|node| {
            if up(node) {
                seat.provider.endpoint(node).ok()
            } else {
                None
            }
        })
        .collect();
    let patience = crate::transport::patient(Duration::from_secs(5));
    app.block_on(async {
        let count = |endpoint: Option<Endpoint>| {
            let since = fresh.saved.clone();
            tokio::spawn(async move {
                let endpoint = endpoint?;
                tokio::time::timeout(patience, loss(&endpoint, patience, &since))
                    .await
                    .ok()
                    .flatten()
            })
        };
        let tasks: Vec<_> = endpoints.into_iter().map(count).collect();
        let mut losses = vec![];
        for task in tasks {
            losses.push(task.await.ok().flatten());
        }
        losses
    })
}

async fn loss(endpoint: &Endpoint, patience: Duration, since: &str) -> Option<Loss> {
    let session = Session::open(endpoint, patience).await.ok()?;
    let containers = times(
        &session,
        &["docker", "ps", "-aq"],
        &["docker", "inspect", "-f", "{{.Created}}"],
    )
    .await?;
    let tagged = ["docker", "image", "inspect", "-f", "{{.Metadata.LastTagTime}}"];
    let images = times(&session, &["docker", "image", "ls", "-q"], &tagged).await?;
    Some(Loss {
        containers: newer(&containers, since),
        images: newer(&images, since),
    })
}

/// What `inspect` prints of each thing that `list` names.
async fn times(session: &Session, list: &[&str], inspect: &[&str]) -> Option<String> {
    let ids = lines(session, list.iter().map(|word| (*word).to_owned()).collect()).await?;
    if ids.trim().is_empty() {
        return Some(String::new());
    }
    let argv = inspect
        .iter()
        .copied()
        .chain(ids.split_whitespace())
        .map(str::to_owned)
        .collect();
    lines(session, argv).await
}

async fn lines(session: &Session, argv: Vec<String>) -> Option<String> {
    let run = Run {
        argv,
        cap: Some(1 << 20),
        deadline_ms: Some(5000),
        ..Run::default()
    };
    let completed = session.agent.run(run).await.ok()?;
    (completed.exited.how == agent::wire::How::Code(0))
        .then(|| String::from_utf8_lossy(&completed.stdout).into_owned())
}

/// How many of these times (a line each, UTC; RFC 3339 or as Go prints them) are after `since` (RFC 3339).
fn newer(times: &str, since: &str) -> usize {
    let second = |time: &str| {
        time.chars()
            .take(19)
            .map(|char| if char == 'T' { ' ' } else { char })
            .collect::<String>()
    };
    let since = second(since);
    times.lines().filter(|time| second(time) > since).count()
}

fn loss_words(loss: Option<Loss>, saved: &str) -> Text {
    match loss {
        Some(Loss { containers, images }) => text!(
            "{saved} 이후 바뀐 파일, 새 컨테이너 {containers}개, 새 이미지 {images}개를 잃습니다",
            "loses files changed since {saved}, {containers} new container(s), {images} new image(s)"
        ),
        None => text!(
            "{saved} 이후 바뀐 모든 것을 잃습니다 (응답이 없어 세지 못함)",
            "loses all changes since {saved} (it does not answer, so nothing was counted)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_newer_than_the_snapshot_is_lost() {
        let times = "2026-11-24T02:10:11.5Z\n2026-11-24T02:30:00Z\n2026-11-24 03:00:00.1 +0000 UTC\n0001-01-01 00:00:00 +0000 UTC\n";
        assert_eq!(newer(times, "2026-11-24T02:15:00.000Z"), 2);
        assert_eq!(newer("", "2026-11-24T02:15:00.000Z"), 0);
        assert!(
            loss_words(
                Some(Loss {
                    containers: 2,
                    images: 1
                }),
                "x"
            )
            .en
            .contains("2 new container(s), 1 new image(s)")
        );
    }
}
