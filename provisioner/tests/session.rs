//! Sessions with the real agent behind a real OpenSSH server, which sees a /usr/local and a home of its own, both empty.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod harness;
mod sshd;

use std::process::Command;
use std::time::{Duration, Instant};

use agent::client::{Client, ClientError};
use agent::wire::{FactsQuery, How, Run};
use lab::session::{Session, open_all};
use sshd::Sshd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

tests!(
    the_agent_is_uploaded_once_and_replaces_what_is_not_it,
    sessions_open_at_the_same_time_and_quickly,
    a_killed_server_ends_every_pending_request_with_the_reason,
    a_tunnel_carries_bytes_both_ways,
);

const PATIENCE: Duration = Duration::from_secs(10);

fn server() -> Sshd {
    Sshd::prepared(
        "",
        Some("mount -t tmpfs -o size=64m none /usr/local; mount -t tmpfs none \"$HOME\""),
    )
}

async fn output(client: &Client, script: &str) -> String {
    let run = Run {
        argv: ["sh", "-c", script].map(str::to_owned).into(),
        cap: Some(1 << 20),
        ..Run::default()
    };
    let done = client.run(run).await.unwrap();
    assert_eq!(
        done.exited.how,
        How::Code(0),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).unwrap()
}

async fn the_agent_is_uploaded_once_and_replaces_what_is_not_it() {
    const LIST: &str = "cd /usr/local; ls -i lib/lab; readlink bin/lab-agent";
    let server = server();
    let first = Session::open(&server.endpoint(), PATIENCE).await.unwrap();
    let there = output(&first.agent, LIST).await;
    assert!(
        there.lines().count() == 2 && there.contains("/usr/local/lib/lab/lab-agent-"),
        "{there}"
    );
    output(
        &first.agent,
        "cd /usr/local/lib/lab; cp lab-agent-* lab-agent-0123456789abcdef",
    )
    .await;
    first.close().await;

    let second = Session::open(&server.endpoint(), PATIENCE).await.unwrap();
    assert_eq!(
        output(&second.agent, LIST).await,
        there,
        "uploaded again, or the old one was left"
    );
    output(
        &second.agent,
        "cd /usr/local/lib/lab; f=$(ls); cp $f x; printf y >>x; chmod 755 x; mv x $f",
    )
    .await;

    let third = Session::open(&server.endpoint(), PATIENCE).await.unwrap();
    assert_ne!(
        output(&third.agent, LIST).await,
        there,
        "a damaged agent was used"
    );
    assert!(third.agent.facts(FactsQuery::default()).await.unwrap().cpus > 0);
}

/// The median of many.
fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

async fn through(agent: &Client) -> Duration {
    let mut all = vec![];
    for _ in 0..100 {
        let since = Instant::now();
        output(agent, "true").await;
        all.push(since.elapsed());
    }
    median(all)
}

fn bare() -> Duration {
    let run = |_| {
        let since = Instant::now();
        let ended = Command::new("sh").args(["-c", "true"]).output().unwrap();
        assert!(ended.status.success());
        since.elapsed()
    };
    median((0..100).map(run).collect())
}

async fn sessions_open_at_the_same_time_and_quickly() {
    let plain = Sshd::start("");
    let since = Instant::now();
    plain.connect().await.close().await;
    eprintln!("a bare connection in {:?}", since.elapsed());
    let (server, other) = (server(), server());
    Session::open(&server.endpoint(), PATIENCE)
        .await
        .unwrap()
        .close()
        .await;
    let since = Instant::now();
    let session = Session::open(&server.endpoint(), PATIENCE).await.unwrap();
    eprintln!("opened in {:?}", since.elapsed());
    eprintln!(
        "a command in {:?}, by itself in {:?}",
        through(&session.agent).await,
        bare()
    );
    let mut unreachable = server.endpoint();
    unreachable.node = "w3-k8s".parse().unwrap();
    unreachable.port = 1;
    let endpoints = [server.endpoint(), unreachable, other.endpoint()];
    let opened = open_all(&endpoints, Duration::from_secs(2)).await;
    assert_eq!(
        opened.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, false, true]
    );
    assert!(
        opened[1]
            .as_ref()
            .unwrap_err()
            .to_string()
            .starts_with("w3-k8s: no SSH at")
    );
}

async fn a_killed_server_ends_every_pending_request_with_the_reason() {
    let server = server();
    let session = Session::open(&server.endpoint(), PATIENCE).await.unwrap();
    let agent = session.agent.clone();
    // Agent, started by sshd's session process (the login shell replaces itself).
    let parent = output(&agent, "awk '{print $4}' /proc/$PPID/stat").await;
    let pending = tokio::spawn({
        let agent = agent.clone();
        async move {
            agent
                .run(Run {
                    argv: vec!["sleep".into(), "1000".into()],
                    ..Run::default()
                })
                .await
        }
    });
    let kill = ["kill", "-KILL", parent.trim()].map(str::to_owned);
    let _ = agent
        .run(Run {
            argv: kill.into(),
            ..Run::default()
        })
        .await;
    let ended = tokio::time::timeout(Duration::from_secs(60), pending)
        .await
        .unwrap()
        .unwrap();
    let Err(ClientError::Gone(why)) = ended else {
        panic!("{ended:?}")
    };
    assert!(why.contains("closed the connection"), "{why}");
    assert!(session.broken().unwrap().contains("closed the connection"));
}

async fn a_tunnel_carries_bytes_both_ways() {
    let server = server();
    let session = Session::open(&server.endpoint(), PATIENCE).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let echo = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    });
    let (near, far) = tokio::io::duplex(4096);
    let tunnel = tokio::spawn(async move { session.agent.tunnel("127.0.0.1", port, far).await });
    let (mut reader, mut writer) = tokio::io::split(near);
    let bytes = vec![b'x'; 3 << 20];
    let sent = bytes.clone();
    let sending = tokio::spawn(async move {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let mut back = vec![];
    reader.read_to_end(&mut back).await.unwrap();
    assert!(back == bytes, "{} bytes came back", back.len());
    sending.await.unwrap();
    echo.await.unwrap();
    tunnel.await.unwrap().unwrap();
}
