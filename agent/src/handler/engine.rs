//! Restarts and starts engines, and waits until they answer.

use std::path::Path;
use std::time::Duration;

use crate::engine_table::{ENGINES, Row, facts, output};
use crate::wire::{Engine, EngineAction, Reply};

const SYSTEMCTL: Duration = Duration::from_secs(120);
const ANSWER: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Does it and says what engines are there afterwards.
pub(super) async fn handle(action: EngineAction) -> Result<Reply, String> {
    match action {
        EngineAction::Status => {}
        EngineAction::Restart(engine) => act(engine, &["restart"]).await?,
        EngineAction::Start(engine) => act(engine, &["enable", "--now"]).await?,
    }
    Ok(Reply::Engines(facts().await))
}

async fn act(engine: Engine, verb: &[&str]) -> Result<(), String> {
    let row = ENGINES
        .iter()
        .find(|row| row.engine == engine)
        .ok_or("no such engine")?;
    if !row.is_installed(Path::new("/")) {
        return Err(format!("{} is not installed", row.name));
    }
    // Podman has no daemon: there is nothing to start.
    let Some(unit) = row.unit else { return Ok(()) };
    // systemd refuses what was started a few times within a minute, as exercises and students do: its count begins anew.
    // A unit that is not loaded has no count, and that is all this can fail for.
    let _ = output(&["systemctl", "reset-failed", unit], SYSTEMCTL).await;
    output(&[&["systemctl"], verb, &[unit]].concat(), SYSTEMCTL).await?;
    wait_until_it_answers(row).await
}

async fn wait_until_it_answers(row: &Row) -> Result<(), String> {
    let deadline = ANSWER.mul_f64(crate::process::patience());
    let poll = async {
        while !row.answers().await {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let waited = tokio::time::timeout(deadline, poll).await;
    waited.map_err(|_| {
        format!(
            "{} does not answer {} s after it was started",
            row.name,
            deadline.as_secs()
        )
    })
}
