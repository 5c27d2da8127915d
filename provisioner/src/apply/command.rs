//! Commands on a node whose only good end is status 0: all that `apply` runs.

use std::time::{Duration, Instant};

use agent::wire::{Engine, EngineAction, How, Run};

use crate::error::{Error, Result};
use crate::plan::{UnitStep, mirror};
use crate::session::Session;
use crate::transport::patient;
use crate::{engine, render, text};

/// How long a command may take.
const USUAL: Duration = Duration::from_secs(120);

/// Enables a unit, if so, and tells it `step`.
pub(super) async fn unit_step(session: &Session, unit: &str, enable: bool, step: UnitStep) -> Result<()> {
    if enable {
        command(session, &["systemctl", "enable", unit]).await?;
    }
    let verb = match step {
        UnitStep::Start => "start",
        UnitStep::Reload => "reload-or-restart",
        UnitStep::Restart => "restart",
    };
    if step != UnitStep::Reload {
        // What was started too often in a row is refused otherwise.
        command(session, &["systemctl", "reset-failed", unit])
            .await
            .or_else(|_| Ok::<_, Error>(String::new()))?;
    }
    command(session, &["systemctl", verb, unit]).await?;
    if unit == mirror::UNIT {
        answers(session, &format!("127.0.0.1:{}", render::MIRROR_PORT)).await?;
    }
    await_engine(session, unit).await?;
    if step == UnitStep::Reload && engine::unit(Engine::Docker) == Some(unit) {
        knows_the_mirror(session).await?;
    }
    Ok(())
}

/// Stops units, if they run, and enables them no more.
pub(super) async fn retire(session: &Session, units: &[String]) -> Result<()> {
    let verb = ["systemctl", "disable", "--now"].map(str::to_owned);
    words(session, &[&verb, units].concat()).await.map(drop)
}

/// Waits until an engine answers: its unit counts as active a little earlier.
async fn await_engine(session: &Session, unit: &str) -> Result<()> {
    let row = engine::all()
        .iter()
        .find(|row| row.unit == Some(unit) && row.engine != Engine::Docker);
    let Some(row) = row else { return Ok(()) };
    let started = session.agent.engine(EngineAction::Start(row.engine)).await;
    started.map(drop).map_err(|error| {
        let name = row.name;
        Error::new(text!("{name}이(가) 응답하지 않음", "{name} does not answer"))
            .on(&session.node)
            .because(error)
    })
}

/// Polls until Docker has read its configuration: a reload only sends a signal.
async fn knows_the_mirror(session: &Session) -> Result<()> {
    let deadline = Instant::now() + patient(Duration::from_secs(30));
    let port = format!(":{}/", render::MIRROR_PORT);
    let asked = ["docker", "info", "--format", "{{.RegistryConfig.Mirrors}}"];
    while !command(session, &asked).await?.contains(&port) {
        if Instant::now() > deadline {
            return Err(Error::new(text!(
                "Docker가 /etc/docker/daemon.json을 읽지 않음",
                "Docker does not read /etc/docker/daemon.json"
            ))
            .on(&session.node));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Polls until a TLS server answers.
pub(super) async fn answers(session: &Session, address: &str) -> Result<()> {
    let deadline = Instant::now() + patient(Duration::from_secs(20));
    loop {
        match command(session, &["openssl", "s_client", "-brief", "-connect", address]).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// The same, of words that were put together.
pub(super) async fn words(session: &Session, argv: &[String]) -> Result<String> {
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    command(session, &argv).await
}

/// Runs a command on the node; its standard output. Any status but 0 is an error here.
pub(super) async fn command(session: &Session, argv: &[&str]) -> Result<String> {
    run(session, argv, USUAL).await
}

/// The same, for what may take longer.
pub(super) async fn run(session: &Session, argv: &[&str], limit: Duration) -> Result<String> {
    let shown = argv.join(" ");
    let run = Run {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        deadline_ms: u64::try_from(patient(limit).as_millis()).ok(),
        cap: Some(64 * 1024),
        ..Run::default()
    };
    let cannot = || Error::new(text!("`{shown}` 실패", "`{shown}` failed")).on(&session.node);
    let done = session
        .agent
        .run(run)
        .await
        .map_err(|error| cannot().because(error))?;
    if done.exited.how == How::Code(0) {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let output = [done.stdout, done.stderr].concat();
    Err(cannot()
        .cause(format!("{:?}", done.exited.how))
        .output(String::from_utf8_lossy(&output)))
}
