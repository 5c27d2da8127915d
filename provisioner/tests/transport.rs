//! The SSH transport against a real OpenSSH server: who is let in, who is refused, what is left behind.

#![expect(clippy::unwrap_used, reason = "tests")]

mod sshd;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::transport::ssh::{self, Ended};
use lab::transport::{Endpoint, HostKeys, Login};
use sshd::Sshd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_command_gets_its_arguments_input_and_status() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let script = "cat; printf '[%s]' \"$@\"; echo oops >&2; exit 7";
    let done = connection.exec(&["sh", "-c", script, "sh", "it's", "", "두 줄\n"], Some(b"in|".to_vec())).await.unwrap();
    assert_eq!(done.ended, Ended::Status(7));
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "in|[it's][][두 줄\n]");
    assert_eq!(done.stderr, b"oops\n");
    let killed = connection.exec(&["sh", "-c", "kill -KILL $$"], None).await.unwrap();
    assert_ne!(killed.ended, Ended::Status(0));
    connection.close().await;
    assert!(connection.exec(&["true"], None).await.is_err());
}

#[tokio::test]
async fn a_wrong_host_key_is_refused_at_once_and_named() {
    let server = Sshd::start("");
    let mut endpoint = server.endpoint();
    endpoint.host_keys = HostKeys::Pinned(vec![server.public("stranger")]);
    server.connect().await.close().await;
    let since = Instant::now();
    let error = server.try_connect(&endpoint).await.unwrap_err();
    assert!(since.elapsed() < Duration::from_secs(2), "it was tried again: {:?}", since.elapsed());
    for key in ["host", "stranger"] {
        let print = fingerprint(&server, key);
        assert!(error.to_string().contains(&print), "{error} does not name {print}");
    }
    assert!(error.advice().is_some());
}

#[tokio::test]
async fn an_ecdsa_pin_is_asked_for_although_the_server_prefers_ed25519() {
    let server = Sshd::start("");
    let mut endpoint = server.endpoint();
    endpoint.host_keys = HostKeys::Pinned(vec![server.public("host_ecdsa")]);
    server.try_connect(&endpoint).await.unwrap().close().await;
}

#[tokio::test]
async fn the_first_key_seen_is_the_only_one_accepted_afterwards() {
    let (server, other) = (Sshd::start(""), Sshd::start(""));
    let known = server.path("known");
    let mut endpoint = server.endpoint();
    endpoint.host_keys = HostKeys::FirstSight(known.clone());
    let first = server.try_connect(&endpoint).await.unwrap();
    assert_eq!(first.first_seen.as_deref(), Some(fingerprint(&server, "host").as_str()));
    assert_eq!(std::fs::read_to_string(&known).unwrap().trim(), server.public("host"));
    let second = server.try_connect(&endpoint).await.unwrap();
    assert_eq!(second.first_seen, None);
    let mut impostor = other.endpoint();
    impostor.host_keys = HostKeys::FirstSight(known);
    let error = other.try_connect(&impostor).await.unwrap_err();
    assert!(error.to_string().contains("wrong host key"), "{error}");
}

#[tokio::test]
async fn ways_to_log_in_are_tried_in_order_and_refusals_are_final() {
    let server = Sshd::start("");
    let mut endpoint = server.endpoint();
    endpoint.logins = vec![Login::Key(server.path("stranger")), Login::Key(server.path("missing")), Login::Key(server.path("user"))];
    server.try_connect(&endpoint).await.unwrap().close().await;
    endpoint.logins.pop();
    endpoint.logins.push(Login::Password("a secret of mine".into()));
    let since = Instant::now();
    let error = server.try_connect(&endpoint).await.unwrap_err();
    assert!(since.elapsed() < Duration::from_secs(3), "it was tried again: {:?}", since.elapsed());
    let text = format!("{error} {error:?}");
    assert!(text.contains("stranger") && text.contains("missing") && text.contains("publickey"), "{text}");
    assert!(!text.contains("a secret of mine"), "{text}");
}

#[tokio::test]
async fn every_identity_of_the_agent_is_tried() {
    if let Ok(server) = std::env::var("LAB_TEST_SERVER") {
        return connect_by_agent(&server).await;
    }
    let server = Sshd::start("");
    let socket = server.path("agent");
    let mut agent = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).spawn().expect("these tests need ssh-agent");
    let since = Instant::now();
    while !socket.exists() && since.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    for key in ["stranger", "user"] {
        let added = Command::new("ssh-add").arg("-q").arg(server.path(key)).env("SSH_AUTH_SOCK", &socket).status().unwrap();
        assert!(added.success());
    }
    // The variable belongs to a process: this very test, run again as one of its own, connects.
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "every_identity_of_the_agent_is_tried"])
        .env("SSH_AUTH_SOCK", &socket)
        .env("LAB_TEST_SERVER", format!("{}|{}", server.port, server.public("host")))
        .output()
        .unwrap();
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
}

/// The part of the test above that runs with the agent's socket in its environment.
async fn connect_by_agent(server: &str) {
    let (port, key) = server.split_once('|').unwrap();
    let endpoint = Endpoint {
        node: "m-k8s".parse().unwrap(),
        address: Ipv4Addr::LOCALHOST.into(),
        port: port.parse().unwrap(),
        network: None,
        user: sshd::user(),
        sudo: false,
        logins: vec![Login::Agent],
        host_keys: HostKeys::Pinned(vec![key.into()]),
    };
    ssh::connect(&endpoint, Duration::from_secs(5)).await.unwrap().close().await;
}

#[tokio::test]
async fn a_password_logs_in_and_a_wrong_one_is_final() {
    // A shadow file of the test's own, over the host's, in a mount namespace of the server's own.
    let server = Sshd::prepared("PasswordAuthentication yes", Some(r#"mount --bind "$1/shadow" /etc/shadow"#));
    let mut endpoint = server.endpoint();
    endpoint.logins = vec![Login::Password("a throwaway password".into())];
    server.try_connect(&endpoint).await.unwrap().close().await;
    endpoint.logins = vec![Login::Password("wrong".into())];
    let error = server.try_connect(&endpoint).await.unwrap_err();
    assert!(error.to_string().contains("cannot log in"), "{error}");
}

#[tokio::test]
async fn a_peer_that_talks_nonsense_or_nothing_is_given_up_by_the_deadline() {
    for nonsense in [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", &[0xff; 300_000], b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff"] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut kept = vec![];
            for stream in listener.incoming().flatten() {
                let _ = (&stream).write_all(nonsense);
                kept.push(stream);
            }
        });
        let endpoint = Endpoint { port, ..unreachable_endpoint() };
        let since = Instant::now();
        let error = ssh::connect(&endpoint, Duration::from_millis(700)).await.unwrap_err();
        assert!(since.elapsed() < Duration::from_secs(2), "{:?} for {nonsense:?}", since.elapsed());
        assert!(error.to_string().starts_with("m-k8s: no SSH at 127.0.0.1"), "{error}");
        eprintln!("{error}");
    }
}

#[tokio::test]
async fn a_node_that_boots_late_is_waited_for() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let error = ssh::connect(&Endpoint { port, ..unreachable_endpoint() }, Duration::from_millis(600)).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    // Hangs up on the first three, as a node does whose sshd is not ready, then passes on to a real server.
    let server = Sshd::start("");
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut endpoint = server.endpoint();
    endpoint.port = listener.local_addr().unwrap().port();
    let target = server.port;
    let relay = tokio::spawn(async move {
        for _ in 0..3 {
            drop(listener.accept().await.unwrap());
        }
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    });
    let connection = server.try_connect(&endpoint).await.unwrap();
    assert!(connection.exec(&["true"], None).await.unwrap().succeeded());
    connection.close().await;
    relay.await.unwrap();
}

#[tokio::test]
async fn a_file_of_64_mib_arrives_whole() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let bytes: Vec<u8> = (0..64 << 20).map(|index: u32| index.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let path = server.path("deep/er/file");
    let since = Instant::now();
    connection.upload(bytes.clone(), path.to_str().unwrap(), 0o750).await.unwrap();
    eprintln!("64 MiB uploaded in {:?}", since.elapsed());
    assert!(std::fs::read(&path).unwrap() == bytes, "the file differs");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o750);
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_left() {
    let server = Sshd::prepared("", Some(r#"mkdir "$1/small"; mount -t tmpfs -o size=4m none "$1/small""#));
    let connection = server.connect().await;
    let directory = server.path("small").display().to_string();
    let error = connection.upload(vec![7; 16 << 20], &format!("{directory}/file"), 0o644).await.unwrap_err();
    assert!(error.printed().unwrap().contains("No space left"), "{error:?}");
    assert!(error.advice().unwrap().en.contains("disk is full"), "{error:?}");
    let left = connection.exec(&["ls", "-A", &directory], None).await.unwrap();
    assert_eq!(String::from_utf8(left.stdout).unwrap(), "", "something was left");
    // The session is still good.
    connection.upload(vec![7; 1 << 20], &format!("{directory}/file"), 0o644).await.unwrap();
}

#[tokio::test]
async fn a_server_killed_mid_command_ends_what_waits_with_a_reason() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let since = Instant::now();
    let error = connection.exec(&["sh", "-c", "kill -KILL $PPID; cat"], None).await.unwrap_err();
    assert!(since.elapsed() < Duration::from_secs(2));
    assert!(error.to_string().contains("closed the connection"), "{error}");
    let error = connection.exec(&["true"], None).await.unwrap_err();
    assert!(error.to_string().contains("closed the connection"), "{error}");

    let connection = server.connect().await;
    let (mut reader, mut writer, trace) = connection.channel(&["sh", "-c", "echo $PPID; exec cat"]).await.unwrap();
    let mut bytes = [0; 64];
    let count = reader.read(&mut bytes).await.unwrap();
    let pid = std::str::from_utf8(&bytes[..count]).unwrap().trim().to_owned();
    writer.write_all(b"still there").await.unwrap();
    assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    let mut rest = vec![];
    let error = reader.read_to_end(&mut rest).await.unwrap_err();
    assert!(error.to_string().contains("closed the connection"), "{error}");
    assert!(trace.reason().unwrap().contains("closed the connection"));
}

#[tokio::test]
async fn a_program_that_ends_badly_says_so_at_the_end_of_its_output() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let (mut reader, _writer, trace) = connection.channel(&["sh", "-c", "echo last words; echo why >&2; exit 3"]).await.unwrap();
    let mut output = vec![];
    let error = reader.read_to_end(&mut output).await.unwrap_err();
    assert_eq!(output, b"last words\n");
    assert!(error.to_string().contains("status 3"), "{error}");
    assert_eq!(trace.stderr(), "why\n");
}

#[tokio::test]
async fn closing_ends_a_program_that_would_run_for_ever() {
    let server = Sshd::start("");
    let connection = server.connect().await;
    let (mut reader, _writer, _) = connection.channel(&["cat"]).await.unwrap();
    let since = Instant::now();
    connection.close().await;
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn two_sessions_do_not_wait_for_each_other() {
    let server = Sshd::start("");
    let (first, second) = tokio::join!(server.connect(), server.connect());
    let since = Instant::now();
    let (slow, quick) = tokio::join!(first.exec(&["sleep", "1"], None), async {
        let done = second.exec(&["true"], None).await;
        assert!(since.elapsed() < Duration::from_millis(900), "{:?}", since.elapsed());
        done
    });
    assert!(slow.unwrap().succeeded() && quick.unwrap().succeeded());
}

fn fingerprint(server: &Sshd, key: &str) -> String {
    let output = Command::new("ssh-keygen").arg("-lf").arg(server.path(&format!("{key}.pub"))).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().nth(1).unwrap().to_owned()
}

fn unreachable_endpoint() -> Endpoint {
    Endpoint {
        node: "m-k8s".parse().unwrap(),
        address: Ipv4Addr::LOCALHOST.into(),
        port: 1,
        network: None,
        user: "nobody".into(),
        sudo: false,
        logins: vec![],
        host_keys: HostKeys::Pinned(vec![]),
    }
}
