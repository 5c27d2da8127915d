//! One node, reached: an SSH session with the agent on one channel. Uploads the agent when its digest differs.

use std::sync::Arc;
use std::time::Duration;

use agent::client::{Client, ClientError};
use agent::wire::{FactsQuery, Run};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::text;
use crate::transport::ssh::{self, Connection, Trace};
use crate::transport::{Endpoint, patience, patient};

/// Where agents live on a node; one is found by its digest.
const DIRECTORY: &str = "/usr/local/lib/lab";

/// A reached node.
#[derive(Clone, Debug)]
pub struct Session {
    /// The node.
    pub node: NodeName,
    /// Its agent.
    pub agent: Client,
    /// Fingerprint of its host key, if this was the first time it was seen (and is remembered from now on).
    pub first_seen: Option<String>,
    connection: Arc<Connection>,
    trace: Trace,
}

impl Session {
    /// Connects, waiting up to `patience` for the node to answer; uploads the agent if needed and says hello to it.
    pub async fn open(endpoint: &Endpoint, patience: Duration) -> Result<Self> {
        let connection = ssh::connect(endpoint, patience).await?;
        let opened = Self::start(endpoint, &connection).await;
        match opened {
            Ok((agent, trace)) => Ok(Self {
                node: endpoint.node.clone(),
                agent,
                first_seen: connection.first_seen.clone(),
                connection: Arc::new(connection),
                trace,
            }),
            Err(error) => {
                connection.close().await;
                Err(error)
            }
        }
    }

    async fn start(endpoint: &Endpoint, connection: &Connection) -> Result<(Client, Trace)> {
        let digest = hex::encode(Sha256::digest(crate::AGENT));
        let path = format!("{DIRECTORY}/lab-agent-{}", &digest[..16]);
        if !ready(connection, &path, &digest).await? {
            can_run_it(endpoint, connection).await?;
            connection.upload(crate::AGENT.to_vec(), &path, 0o755).await?;
            if !ready(connection, &path, &digest).await? {
                return Err(Error::new(text!(
                    "올린 에이전트 {path}의 내용이 다름",
                    "the agent at {path} is not what was uploaded"
                ))
                .on(&endpoint.node));
            }
        }
        // The agent has deadlines of its own.
        let patience = format!("LAB_PATIENCE={}", patience());
        let (reader, writer, trace) = connection.channel(&["env", &patience, &path, "serve"]).await?;
        let limit = patient(Duration::from_secs(10));
        let hello = tokio::time::timeout(limit, Client::connect(reader, writer)).await;
        match hello.unwrap_or_else(|_| {
            Err(ClientError::Gone(format!(
                "no hello within {} s",
                limit.as_secs_f32()
            )))
        }) {
            Ok(client) => Ok((client, trace)),
            Err(error) => Err(silent(endpoint, &path, error, &trace)),
        }
    }

    /// Has the machine reboot itself and reaches it again: what answers before it is down has the old boot's id.
    pub async fn reboot(endpoint: &Endpoint, limit: Duration) -> Result<Self> {
        let cannot = || {
            Error::new(text!("기계가 다시 부팅되지 않음", "the machine does not reboot")).on(&endpoint.node)
        };
        let boot = async |session: &Self| {
            session
                .agent
                .facts(FactsQuery::default())
                .await
                .map(|facts| facts.boot_id)
        };
        let deadline = tokio::time::Instant::now() + limit;
        let session = Self::open(endpoint, limit).await?;
        let before = boot(&session).await.map_err(|error| cannot().because(error))?;
        let reboot = Run {
            argv: ["systemctl", "reboot"].map(str::to_owned).to_vec(),
            ..Run::default()
        };
        // It may be gone before it can answer.
        let _ = session.agent.run(reboot).await;
        session.close().await;
        while tokio::time::Instant::now() < deadline {
            if let Ok(session) = Self::open(endpoint, patient(Duration::from_secs(2))).await {
                if boot(&session).await.is_ok_and(|now| now != before) {
                    return Ok(session);
                }
                session.close().await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(cannot().hint(text!(
            "기계의 콘솔을 보세요; 컨테이너는 스스로 다시 부팅하지 못합니다",
            "look at its console; a container cannot reboot itself"
        )))
    }

    /// Ends the agent, the channel and the connection; returns once the socket is let go.
    pub async fn close(&self) {
        self.connection.close().await;
    }

    /// Why the session is of no more use, if so.
    pub fn broken(&self) -> Option<String> {
        self.trace.reason()
    }
}

/// Opens sessions to all of `endpoints` at the same time; results in their order.
pub async fn open_all(endpoints: &[Endpoint], patience: Duration) -> Vec<Result<Session>> {
    let opening: Vec<_> = endpoints
        .iter()
        .cloned()
        .map(|endpoint| {
            let node = endpoint.node.clone();
            (
                node,
                tokio::spawn(async move { Session::open(&endpoint, patience).await }),
            )
        })
        .collect();
    let mut sessions = Vec::with_capacity(opening.len());
    for (node, task) in opening {
        let opened = task
            .await
            .unwrap_or_else(|error| Err(Error::new("opening the session ended early").because(error)));
        sessions.push(opened.map_err(|error| {
            if error.node().is_some() {
                error
            } else {
                error.on(&node)
            }
        }));
    }
    sessions
}

/// Says so where the machine is of another architecture than the agent; or the user has no sudo, or sudo asks for a password.
async fn can_run_it(endpoint: &Endpoint, connection: &Connection) -> Result<()> {
    let done = connection.exec(&["uname", "-m"], None).await?;
    if done.succeeded() {
        let printed = String::from_utf8_lossy(&done.stdout);
        return same_architecture(printed.trim()).map_err(|error| error.on(&endpoint.node));
    }
    let user = &endpoint.user;
    Err(Error::new(text!(
        "{user} 사용자가 비밀번호 없이 sudo를 쓸 수 없음",
        "{user} cannot use sudo without a password"
    ))
    .on(&endpoint.node)
    .output(done.printed())
    .hint(text!(
        "그 기계에서: `echo '{user} ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/lab`, 또는 root로 로그인하세요 (`ssh: {{user: root}}`)",
        "on that machine: `echo '{user} ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/lab`, or log in as root (`ssh: {{user: root}}`)"
    )))
}

/// Programs and images of the bundle, and the agent, are for the architecture `lab` was built for.
fn same_architecture(machine: &str) -> Result<()> {
    let own = std::env::consts::ARCH;
    if machine == own {
        return Ok(());
    }
    Err(Error::new(text!(
        "이 기계는 {machine}이고, 이 lab은 {own} 기계에서만 씁니다",
        "it is a {machine}, and this lab can use only machines that are {own}"
    ))
    .hint(text!(
        "같은 아키텍처의 기계를 쓰거나, 그 아키텍처의 컴퓨터에서 lab을 빌드해 실행하세요",
        "use a machine of the same architecture, or build and run lab on a computer of that one"
    )))
}

fn silent(endpoint: &Endpoint, path: &str, error: ClientError, trace: &Trace) -> Error {
    Error::new(text!(
        "에이전트가 대답하지 않음: {path}",
        "the agent does not answer: {path}"
    ))
    .on(&endpoint.node)
    .because(error)
    .output(trace.stderr())
    .hint(text!(
        "노드에서 `{path} facts`를 실행해 보세요; 로그인 셸의 시작 파일이 무언가를 출력하면 안 됩니다",
        "run `{path} facts` on the node; the login shell's start-up files must not print anything"
    ))
}

/// Whether the agent is there, whole. If so it is made the node's `lab-agent`, and others are removed.
async fn ready(connection: &Connection, path: &str, digest: &str) -> Result<bool> {
    let done = connection
        .exec(&["sh", "-c", READY, "lab-ready", DIRECTORY, path, digest], None)
        .await?;
    Ok(done.succeeded() && done.stdout.ends_with(b"ready\n"))
}

/// Arguments: directory, path, digest. `readlink` first, so that nothing is written where all is as it should be.
const READY: &str = r#"
set -eu
found=$(sha256sum "$2" 2>/dev/null) || { echo absent; exit 0; }
if [ "${found%% *}" != "$3" ] || [ ! -x "$2" ]; then echo absent; exit 0; fi
if [ "$(readlink /usr/local/bin/lab-agent 2>/dev/null)" != "$2" ]; then
    mkdir -p /usr/local/bin
    ln -sfn "$2" /usr/local/bin/lab-agent
fi
for other in "$1"/lab-agent-*; do [ "$other" = "$2" ] || rm -f "$other"; done
echo ready
"#;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_machine_of_another_architecture_is_told_apart() {
        same_architecture(std::env::consts::ARCH).unwrap();
        let error = same_architecture("riscv64").unwrap_err();
        assert!(error.to_string().contains("it is a riscv64"), "{error}");
        assert!(error.advice().unwrap().en.contains("same architecture"));
    }
}
