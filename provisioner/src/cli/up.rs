//! `lab up`.

use std::time::Instant;

use crate::cli::App;
use crate::doctor::{self, Needs};
use crate::error::{Result, exit};
use crate::provider::NodeState;
use crate::text;
use crate::up::{Request, bring_up};

/// Arguments of `lab up`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// The snapshot that a new cluster is saved under.
const FRESH: &str = "fresh";

/// Runs the verb.
pub fn run(_args: &Args, app: &App) -> Result<u8> {
    let since = Instant::now();
    let seat = app.change("up")?;
    let needs = Needs {
        cluster: Some(&seat.cluster),
        building: false,
    };
    let (yes, out, sink) = (app.global.yes, app.out, &app.sink);
    doctor::ensure_host(&doctor::Request {
        paths: &seat.paths,
        needs,
        yes,
        out,
        sink,
    })?;
    let created = seat
        .provider
        .states()?
        .iter()
        .any(|(_, state)| *state == NodeState::Absent);
    seat.provider.prepare()?;
    let request = Request {
        paths: &seat.paths,
        cluster: &seat.cluster,
        provider: &seat.provider,
        bundle: "",
        sink,
        interrupt: &app.interrupt,
    };
    let up = app.block_on(bring_up(&request))??;
    // Also where an earlier `lab up` was killed before it saved.
    if created
        || !seat
            .provider
            .snapshots()?
            .iter()
            .any(|snapshot| snapshot.name == FRESH)
    {
        let shown = sink.work(None, FRESH, text!("스냅숏 fresh 저장", "save the snapshot fresh"));
        shown.finish(seat.provider.save(FRESH, true))?;
    }
    let (changes, seconds) = (up.changes, since.elapsed().as_secs_f32());
    let said = match changes {
        0 => text!(
            "바꿀 것 없음 ({seconds:.1}초)",
            "nothing to change ({seconds:.1} s)"
        ),
        _ => text!(
            "변경 {changes}개, {seconds:.1}초",
            "{changes} changes in {seconds:.1} s"
        ),
    };
    app.out.say(said.get(app.out.lang));
    Ok(exit::OK)
}
