//! `lab down`: removes the nodes and what the lab made on this host; what can be used again (the cache) stays.

use std::path::Path;

use crate::cli::App;
use crate::config::ProviderKind;
use crate::error::{Error, Result, exit};
use crate::provider::NodeState;
use crate::report::out::bytes;
use crate::text;

/// Arguments of `lab down`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the verb.
pub fn run(_args: &Args, app: &App) -> Result<u8> {
    let seat = app.change("down")?;
    let there: Vec<_> = seat
        .provider
        .states()?
        .into_iter()
        .filter(|(_, state)| *state != NodeState::Absent)
        .collect();
    let nodes: Vec<_> = there.into_iter().map(|(node, _)| node).collect();
    match seat.cluster.provider {
        ProviderKind::Inventory => super::machines::put_back(app, &seat, &nodes)?,
        ProviderKind::Vagrant if !nodes.is_empty() && !super::machines::may_destroy(app, &nodes)? => {
            return Ok(exit::CANNOT);
        }
        _ => {}
    }
    let words = match seat.cluster.provider {
        ProviderKind::Inventory => text!("잊음", "forget"),
        _ => text!("삭제", "remove"),
    };
    seat.each(app, &nodes, ("destroy", &words), |provider, node| {
        provider.destroy(node)
    })?;
    if seat.cluster.provider.makes_nodes() {
        let words = text!(
            "네트워크, 디스크, 스냅샷 삭제",
            "remove network, disk and snapshots"
        );
        let work = app.sink.work(None, "dismantle", words);
        work.finish(seat.provider.dismantle())?;
    }
    let work = app
        .sink
        .work(None, "forget", text!("키와 기록 삭제", "remove keys and journal"));
    work.finish(empty(&seat.paths.state))?;
    let cache = super::clean::size(&seat.paths.cache);
    let done = match seat.cluster.provider {
        ProviderKind::Inventory => text!(
            "기계 {}개를 이전 상태로 되돌림",
            "{} machine(s) put back as they were",
            nodes.len()
        ),
        _ => text!("노드 {}개 삭제됨", "{} node(s) removed", nodes.len()),
    };
    let (done_ko, done_en) = (&done.ko, &done.en);
    app.sink.note(text!(
        "{done_ko}. 남은 것: 캐시 {} ({}), 보고서 ({})",
        "{done_en}. what stays: the cache, {} ({}), and reports ({})",
        bytes(cache),
        seat.paths.cache.display(),
        seat.paths.reports.display()
    ));
    Ok(exit::OK)
}

/// Removes everything in the state directory but the lock, which this process holds.
fn empty(state: &Path) -> Result<()> {
    let failed = |path: &Path, error| Error::new(format!("cannot remove {}", path.display())).because(error);
    let entries = match std::fs::read_dir(state) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| failed(state, error))?,
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.file_name().is_some_and(|name| name == crate::seat::LOCK) {
            continue;
        }
        let directory = path.symlink_metadata().is_ok_and(|file| file.is_dir());
        let removed = if directory {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    #[test]
    fn everything_but_the_lock_goes() {
        let state = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(state.path().join("keys/deep")).unwrap();
        std::fs::write(state.path().join("journal"), "").unwrap();
        std::fs::write(state.path().join("lock"), "").unwrap();
        super::empty(state.path()).unwrap();
        let left: Vec<_> = std::fs::read_dir(state.path())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(left, ["lock"]);
        super::empty(&state.path().join("never-made")).unwrap();
    }
}
