//! What changes for an external registry do: ask it, make its project, make a node ready for it, make a node forget it.

use std::time::Duration;

use agent::client::Output;
use agent::wire::{How, Run, Trust, Whose};

use super::command::command;
use super::hands::Hands;
use crate::cluster::External;
use crate::error::{Error, Result};
use crate::external::{Credentials, authority, make_project};
use crate::gather::{self, MARK, Sessions};
use crate::pki::Secret;
use crate::plan::external::Step;
use crate::session::Session;
use crate::text;
use crate::transport::patient;

/// How long `docker login` may take.
const LOGIN: Duration = Duration::from_secs(60);

impl Hands {
    /// Does one of these changes.
    pub(super) async fn external(&self, session: &Session, step: Step) -> Result<()> {
        if step == Step::Forget {
            return forget(session).await;
        }
        let wanted = self.cluster.registry.external.as_ref().zip(self.login.as_ref());
        let Some((external, login)) = wanted else {
            return Err(Error::new("cluster.yaml names no external registry"));
        };
        match step {
            Step::Look => self.look(session).await,
            Step::Project(product) => make_project(external, login, &session.agent, product).await,
            Step::Ready | Step::Forget => ready(session, external, login).await,
        }
    }

    async fn look(&self, session: &Session) -> Result<()> {
        let only = Sessions::from([(session.node.clone(), session.clone())]);
        let way_out = self.provider.way_out()?;
        let sight = gather::sight(&self.cluster, &only, self.login.as_ref(), way_out).await?;
        match sight.asked {
            Some(Err(trouble)) => Err(Error::new(trouble.text).hint(trouble.hint)),
            _ => Ok(()),
        }
    }
}

/// Trust first, then the login. The mark comes before both: a node that was cut off half way is known to have something to forget.
async fn ready(session: &Session, external: &External, login: &Credentials) -> Result<()> {
    let server = external.server();
    let former = gather::ready_for(session).await;
    let others: Vec<String> = former.into_iter().filter(|name| *name != server).collect();
    let all: Vec<&str> = others
        .iter()
        .map(String::as_str)
        .chain([server.as_str()])
        .collect();
    mark(session, &all).await?;
    leave(session, &others).await?;
    let registries = vec![server.clone()];
    let whose = Whose::External;
    let trust = match &external.ca_file {
        Some(file) => Trust::Install {
            whose,
            registries,
            authority: authority(file)?,
        },
        None => Trust::Remove { whose, registries },
    };
    session.agent.trust(trust).await.map_err(|error| {
        let what = text!(
            "{server}의 인증 기관을 신뢰하게 할 수 없음",
            "cannot make the node trust the authority of {server}"
        );
        Error::new(what).on(&session.node).because(error)
    })?;
    let argv = [
        "docker",
        "login",
        "--username",
        &login.user,
        "--password-stdin",
        &server,
    ];
    with_input(session, &argv, &login.password).await?;
    mark(session, &[&server]).await
}

/// Logs the node out of every external registry it was made ready for, and takes their authority away.
pub async fn forget(session: &Session) -> Result<()> {
    let former = gather::ready_for(session).await;
    leave(session, &former).await?;
    if !former.is_empty() {
        command(session, &["rm", "-f", MARK]).await?;
    }
    Ok(())
}

async fn leave(session: &Session, servers: &[String]) -> Result<()> {
    for server in servers {
        command(session, &["docker", "logout", server]).await?;
    }
    if servers.is_empty() {
        return Ok(());
    }
    let remove = Trust::Remove {
        whose: Whose::External,
        registries: servers.to_vec(),
    };
    let cannot = || {
        let what = text!("인증 기관을 치울 수 없음", "cannot take the authority away");
        Error::new(what).on(&session.node)
    };
    let removed = session.agent.trust(remove).await;
    removed.map(drop).map_err(|error| cannot().because(error))
}

async fn mark(session: &Session, servers: &[&str]) -> Result<()> {
    let text: String = servers.iter().map(|server| format!("{server}\n")).collect();
    let written = session.agent.put_bytes(MARK, 0o644, text.as_bytes()).await;
    written.map_err(|error| {
        Error::new(text!("{MARK}을(를) 쓸 수 없음", "cannot write {MARK}"))
            .on(&session.node)
            .because(error)
    })
}

/// Runs a command with a secret as its standard input, the one place of it on the node besides what Docker keeps.
async fn with_input(session: &Session, argv: &[&str], secret: &Secret) -> Result<()> {
    let shown = argv.join(" ");
    let cannot = || Error::new(text!("`{shown}` 실패", "`{shown}` failed")).on(&session.node);
    let run = Run {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        stdin: true,
        deadline_ms: u64::try_from(patient(LOGIN).as_millis()).ok(),
        cap: Some(64 * 1024),
        ..Run::default()
    };
    let mut running = session
        .agent
        .start(run)
        .await
        .map_err(|error| cannot().because(error))?;
    let feeder = running.feeder();
    // A command that ended without reading says why in its output.
    let fed = async {
        let fed = feeder.input(secret.expose().as_bytes()).await;
        fed.and(feeder.end_input().await)
    };
    let told = async {
        let mut output = vec![];
        while let Some(Output::Stdout(bytes) | Output::Stderr(bytes)) = running.next().await {
            output.extend(bytes);
        }
        (running.wait().await, output)
    };
    let (fed, (exited, output)) = tokio::join!(fed, told);
    let exited = exited.map_err(|error| cannot().because(error))?;
    match exited.how {
        How::Code(0) => fed.map_err(|error| cannot().because(error)),
        how => Err(cannot()
            .cause(format!("{how:?}"))
            .output(String::from_utf8_lossy(&output))),
    }
}
