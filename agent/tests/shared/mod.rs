//! What the integration tests share: a client of the real binary, and of the real server in this process.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Stdio;

use agent::client::Client;
use agent::wire::Run;
use tokio::process::{Child, Command};

/// The real program, spoken to over pipes.
pub async fn program() -> (Client, Child) {
    let mut child = spawn();
    let client = Client::connect(child.stdout.take().unwrap(), child.stdin.take().unwrap())
        .await
        .unwrap();
    (client, child)
}

/// `lab-agent serve`.
pub fn spawn() -> Child {
    Command::new(env!("CARGO_BIN_EXE_lab-agent"))
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// The real server over a stream in memory.
pub async fn in_memory() -> Client {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (reader, writer) = tokio::io::split(theirs);
    tokio::spawn(async move { agent::server::serve(reader, writer).await });
    let (reader, writer) = tokio::io::split(ours);
    Client::connect(reader, writer).await.unwrap()
}

/// A command for bash.
pub fn bash(script: &str) -> Run {
    Run {
        argv: vec!["bash".into(), "-c".into(), script.into()],
        cap: Some(1 << 20),
        ..Run::default()
    }
}

/// Waits until `holds`, at most a minute: how long a busy machine takes says nothing.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..6000 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("did not happen: {what}");
}

/// Whether a process with this number runs (and is no zombie).
pub fn lives(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}
