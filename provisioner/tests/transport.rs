//! The SSH transport at work against a real OpenSSH server: commands, uploads, channels, and what is left when they break.

#![expect(clippy::unwrap_used, reason = "tests")]

mod harness;
mod sshd;

use std::process::Command;
use std::time::{Duration, Instant};

use lab::transport::ssh::{self, Connection, Ended, Silence};
use sshd::Sshd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

tests!(
    a_command_gets_its_arguments_input_and_status,
    a_file_of_64_mib_arrives_whole,
    a_full_disk_is_said_and_nothing_is_left,
    a_server_killed_mid_command_ends_what_waits_with_a_reason,
    a_program_that_ends_badly_says_so_at_the_end_of_its_output,
    closing_ends_a_program_that_would_run_for_ever,
    two_sessions_do_not_wait_for_each_other,
    an_idle_session_lives_on_long_after_the_limit_for_a_dead_peer,
    a_peer_that_stopped_is_noticed_and_says_so_to_the_reader,
    a_peer_that_stopped_for_a_while_is_forgiven,
);

async fn a_command_gets_its_arguments_input_and_status() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let script = "cat; printf '[%s]' \"$@\"; echo oops >&2; exit 7";
    let done = connection
        .exec(
            &["sh", "-c", script, "sh", "it's", "", "두 줄\n"],
            Some(b"in|".to_vec()),
        )
        .await
        .unwrap();
    assert_eq!(done.ended, Ended::Status(7));
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "in|[it's][][두 줄\n]");
    assert_eq!(done.stderr, b"oops\n");
    let killed = connection
        .exec(&["sh", "-c", "kill -KILL $$"], None)
        .await
        .unwrap();
    assert_ne!(killed.ended, Ended::Status(0));
    connection.close().await;
    assert!(connection.exec(&["true"], None).await.is_err());
}

async fn a_file_of_64_mib_arrives_whole() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let bytes: Vec<u8> = (0..64 << 20)
        .map(|index: u32| index.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    let path = server.path("deep/er/file");
    connection
        .upload(bytes.clone(), path.to_str().unwrap(), 0o750)
        .await
        .unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes, "the file differs");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o750);
}

async fn a_full_disk_is_said_and_nothing_is_left() {
    let server = Sshd::prepared(
        "",
        Some(r#"mkdir "$1/small"; mount -t tmpfs -o size=4m none "$1/small""#),
    );
    let connection = server.connect().await;
    let directory = server.path("small").display().to_string();
    let error = connection
        .upload(vec![7; 16 << 20], &format!("{directory}/file"), 0o644)
        .await
        .unwrap_err();
    assert!(error.printed().unwrap().contains("No space left"), "{error:?}");
    assert!(error.advice().unwrap().en.contains("disk is full"), "{error:?}");
    let left = connection.exec(&["ls", "-A", &directory], None).await.unwrap();
    assert_eq!(String::from_utf8(left.stdout).unwrap(), "", "something was left");
    // The session is still good.
    connection
        .upload(vec![7; 1 << 20], &format!("{directory}/file"), 0o644)
        .await
        .unwrap();
}

async fn a_server_killed_mid_command_ends_what_waits_with_a_reason() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let since = Instant::now();
    let error = connection
        .exec(&["sh", "-c", "kill -KILL $PPID; cat"], None)
        .await
        .unwrap_err();
    // Not by its silence, which takes longer than this to be noticed.
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    assert!(error.to_string().contains("closed the connection"), "{error}");
    let error = connection.exec(&["true"], None).await.unwrap_err();
    assert!(error.to_string().contains("closed the connection"), "{error}");

    let connection = server.connect().await;
    let (mut reader, mut writer, trace) = connection
        .channel(&["sh", "-c", "echo $PPID; exec cat"])
        .await
        .unwrap();
    let mut bytes = [0; 64];
    let count = reader.read(&mut bytes).await.unwrap();
    let pid = std::str::from_utf8(&bytes[..count]).unwrap().trim().to_owned();
    writer.write_all(b"still there").await.unwrap();
    assert!(
        Command::new("kill")
            .args(["-KILL", &pid])
            .status()
            .unwrap()
            .success()
    );
    let mut rest = vec![];
    let error = reader.read_to_end(&mut rest).await.unwrap_err();
    assert!(error.to_string().contains("closed the connection"), "{error}");
    assert!(trace.reason().unwrap().contains("closed the connection"));
}

async fn a_program_that_ends_badly_says_so_at_the_end_of_its_output() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let (mut reader, _writer, trace) = connection
        .channel(&["sh", "-c", "echo last words; echo why >&2; exit 3"])
        .await
        .unwrap();
    let mut output = vec![];
    let error = reader.read_to_end(&mut output).await.unwrap_err();
    assert_eq!(output, b"last words\n");
    assert!(error.to_string().contains("status 3"), "{error}");
    assert_eq!(trace.stderr(), "why\n");
}

async fn closing_ends_a_program_that_would_run_for_ever() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let (mut reader, _writer, _) = connection.channel(&["cat"]).await.unwrap();
    let since = Instant::now();
    connection.close().await;
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);
}

async fn two_sessions_do_not_wait_for_each_other() {
    let server = Sshd::start("");
    let (first, second) = tokio::join!(server.connect(), server.connect());
    let meeting = server.directory.path().join("meeting");
    let meeting = meeting.to_str().unwrap();
    let waiting = "until [ -e \"$1\" ]; do sleep 0.05; done";
    let waits = ["timeout", "20", "sh", "-c", waiting, "sh", meeting];
    let comes = ["touch", meeting];
    let (slow, quick) = tokio::join!(first.exec(&waits, None), second.exec(&comes, None));
    assert!(slow.unwrap().succeeded() && quick.unwrap().succeeded());
}

const LIMITS: Silence = Silence {
    ask: Duration::from_millis(500),
    dead: Duration::from_secs(3),
};

async fn connect_noticing(server: &Sshd) -> Connection {
    ssh::connect_noticing(&server.endpoint(), Duration::from_secs(10), LIMITS)
        .await
        .unwrap()
}

/// Stops a process; it goes on when this is dropped.
struct Stopped(String);

impl Stopped {
    fn new(pid: &str) -> Self {
        signal("-STOP", pid);
        Self(pid.to_owned())
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("-CONT", &self.0);
    }
}

fn signal(signal: &str, pid: &str) {
    let status = Command::new("kill").args([signal, pid]).status();
    assert!(status.unwrap().success());
}

/// The answers to `lab`'s questions used to be read by libssh2 before anybody noticed that they had come.
async fn an_idle_session_lives_on_long_after_the_limit_for_a_dead_peer() {
    let server = Sshd::start("");
    let connections = [
        connect_noticing(&server).await,
        connect_noticing(&server).await,
        connect_noticing(&server).await,
    ];
    let mut channels = vec![];
    for connection in &connections {
        channels.push(connection.channel(&["cat"]).await.unwrap());
    }
    tokio::time::sleep(LIMITS.dead * 2).await;
    for (reader, writer, trace) in &mut channels {
        assert_eq!(trace.reason(), None);
        writer.write_all(b"still there").await.unwrap();
        let mut bytes = [0; 11];
        reader.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"still there");
    }
}

async fn a_peer_that_stopped_is_noticed_and_says_so_to_the_reader() {
    let server = Sshd::start("");
    let connection = connect_noticing(&server).await;
    let (mut reader, _writer, trace) = connection
        .channel(&["sh", "-c", "echo $PPID; exec cat"])
        .await
        .unwrap();
    let mut bytes = [0; 64];
    let count = reader.read(&mut bytes).await.unwrap();
    let pid = std::str::from_utf8(&bytes[..count]).unwrap().trim();
    let since = Instant::now();
    let stopped = Stopped::new(pid);
    let error = tokio::time::timeout(LIMITS.dead * 3, reader.read(&mut [0; 64]))
        .await
        .unwrap()
        .unwrap_err();
    assert!(since.elapsed() >= LIMITS.dead, "{:?}", since.elapsed());
    assert!(error.to_string().contains("no answer for 3."), "{error}");
    assert!(trace.reason().unwrap().contains("no answer for 3."));
    drop(stopped);
}

async fn a_peer_that_stopped_for_a_while_is_forgiven() {
    let server = Sshd::start("");
    let connection = connect_noticing(&server).await;
    let (mut reader, mut writer, trace) = connection
        .channel(&["sh", "-c", "echo $PPID; exec cat"])
        .await
        .unwrap();
    let mut bytes = [0; 64];
    let count = reader.read(&mut bytes).await.unwrap();
    let pid = std::str::from_utf8(&bytes[..count]).unwrap().trim().to_owned();
    let stopped = Stopped::new(&pid);
    tokio::time::sleep(LIMITS.dead / 2).await;
    drop(stopped);
    tokio::time::sleep(LIMITS.dead * 2).await;
    assert_eq!(trace.reason(), None);
    writer.write_all(b"back").await.unwrap();
    let count = reader.read(&mut bytes).await.unwrap();
    assert_eq!(&bytes[..count], b"back");
}
