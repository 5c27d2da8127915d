//! `lab snapshot`: states of the whole cluster by name.

use std::time::Instant;

use time::OffsetDateTime;

use crate::cli::App;
use crate::error::{Error, Result, exit};
use crate::provider::NodeState;
use crate::text;

/// The snapshot that `lab up` ends with and `lab reset` goes back to.
pub const FRESH: &str = "fresh";

/// Arguments of `lab snapshot`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Save all nodes as they are now, running ones too
    Save {
        /// Letters, digits, dots, dashes and underscores
        #[arg(value_parser = parse_name)]
        name: String,
        /// Replace a snapshot of that name
        #[arg(long)]
        replace: bool,
    },
    /// Put all nodes back to a snapshot and start them
    Restore {
        /// Its name
        #[arg(value_parser = parse_name)]
        name: String,
    },
    /// List snapshots, oldest first
    List,
    /// Delete a snapshot
    Delete {
        /// Its name
        #[arg(value_parser = parse_name)]
        name: String,
    },
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    match &args.action {
        Action::Save { name, replace } => save(name, *replace, app),
        Action::Restore { name } => restore(name, app),
        Action::List => list(app),
        Action::Delete { name } => {
            let seat = app.change("snapshot delete")?;
            seat.provider.forget(name)?;
            Ok(exit::OK)
        }
    }
}

fn save(name: &str, replace: bool, app: &App) -> Result<u8> {
    if name == FRESH && !replace {
        return Err(Error::usage(text!(
            "`fresh`는 `lab up`이 저장하는 이름",
            "`fresh` is what `lab up` saves"
        ))
        .hint(text!(
            "다른 이름을 쓰거나, `lab reset`이 돌아갈 상태를 바꾸려면 --replace",
            "choose another name, or give --replace to change what `lab reset` goes back to"
        )));
    }
    let seat = app.change("snapshot save")?;
    let work = app.sink.work(
        None,
        "snapshot",
        text!("스냅샷 `{name}` 저장", "save snapshot `{name}`"),
    );
    work.finish(seat.provider.save(name, replace))?;
    Ok(exit::OK)
}

fn restore(name: &str, app: &App) -> Result<u8> {
    let seat = app.change("snapshot restore")?;
    let work = app.sink.work(
        None,
        "snapshot",
        text!("스냅샷 `{name}` 복원", "restore snapshot `{name}`"),
    );
    let (since, watch) = (OffsetDateTime::now_utc(), Instant::now());
    work.finish(seat.provider.restore(name, &[]))?;
    let states = seat.provider.states()?;
    let up: Vec<_> = states
        .into_iter()
        .filter(|(_, state)| *state == NodeState::Up)
        .map(|(node, _)| node)
        .collect();
    seat.wait_until_reached(app, &up, since)?;
    let seconds = watch.elapsed().as_secs_f32();
    app.sink
        .note(text!("{seconds:.1}초 만에 복원", "restored in {seconds:.1} s"));
    Ok(exit::OK)
}

fn list(app: &App) -> Result<u8> {
    let snapshots = app.look()?.provider.snapshots()?;
    if app.json() {
        app.out.json(&snapshots);
        return Ok(exit::OK);
    }
    let head = vec!["NAME".to_owned(), "SAVED".to_owned(), "NODES".to_owned()];
    let rows = snapshots.iter().map(|snapshot| {
        let nodes = snapshot
            .nodes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ");
        vec![snapshot.name.clone(), snapshot.saved.clone(), nodes]
    });
    app.out.table(&[head].into_iter().chain(rows).collect::<Vec<_>>());
    Ok(exit::OK)
}

/// A name becomes part of a path: nothing that could leave its directory.
fn parse_name(name: &str) -> std::result::Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(plain)
        && name.as_bytes()[0].is_ascii_alphanumeric()
    {
        Ok(name.to_owned())
    } else {
        Err("use up to 64 letters, digits, dots, dashes and underscores, a letter or digit first".into())
    }
}

#[cfg(test)]
mod tests {
    use super::parse_name;

    #[test]
    fn a_name_never_leaves_its_directory() {
        for good in ["before", "a.b-c_d", "2026-11-24"] {
            assert!(parse_name(good).is_ok(), "{good}");
        }
        for bad in ["", "..", "a/b", "-rf", "이름", &"a".repeat(65)] {
            assert!(parse_name(bad).is_err(), "{bad}");
        }
    }
}
