//! Connecting by SSH to a real OpenSSH server: who is let in, who is refused and how it is told, what is waited for.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod harness;
mod sshd;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::transport::ssh;
use lab::transport::{Endpoint, HostKeys, Login};
use sshd::Sshd;

tests!(
    a_wrong_host_key_is_refused_at_once_and_named,
    an_ecdsa_pin_is_asked_for_although_the_server_prefers_ed25519,
    the_first_key_seen_is_the_only_one_accepted_afterwards,
    ways_to_log_in_are_tried_in_order_and_refusals_are_final,
    every_identity_of_the_agent_is_tried,
    a_password_logs_in_and_a_wrong_one_is_final,
    a_peer_that_talks_nonsense_or_nothing_is_given_up_by_the_deadline,
    a_node_that_boots_late_is_waited_for,
);

async fn a_wrong_host_key_is_refused_at_once_and_named() {
    let server = Sshd::start("");
    let mut endpoint = server.endpoint();
    endpoint.host_keys = HostKeys::Pinned(vec![server.public("stranger")]);
    server.connect().await.close().await;
    let since = Instant::now();
    let error = server.try_connect(&endpoint).await.unwrap_err();
    assert!(
        since.elapsed() < Duration::from_secs(8),
        "it was tried again: {:?}",
        since.elapsed()
    );
    for key in ["host", "stranger"] {
        let print = fingerprint(&server, key);
        assert!(
            error.to_string().contains(&print),
            "{error} does not name {print}"
        );
    }
    assert!(error.advice().is_some());
}

async fn an_ecdsa_pin_is_asked_for_although_the_server_prefers_ed25519() {
    let server = Sshd::start("");
    let mut endpoint = server.endpoint();
    endpoint.host_keys = HostKeys::Pinned(vec![server.public("host_ecdsa")]);
    server.try_connect(&endpoint).await.unwrap().close().await;
}

async fn the_first_key_seen_is_the_only_one_accepted_afterwards() {
    let (server, other) = (Sshd::start(""), Sshd::start(""));
    let known = server.path("known");
    let mut endpoint = server.endpoint();
    endpoint.host_keys = HostKeys::FirstSight(known.clone());
    let first = server.try_connect(&endpoint).await.unwrap();
    assert_eq!(
        first.first_seen.as_deref(),
        Some(fingerprint(&server, "host").as_str())
    );
    assert_eq!(
        std::fs::read_to_string(&known).unwrap().trim(),
        server.public("host")
    );
    let second = server.try_connect(&endpoint).await.unwrap();
    assert_eq!(second.first_seen, None);
    let mut impostor = other.endpoint();
    impostor.host_keys = HostKeys::FirstSight(known);
    let error = other.try_connect(&impostor).await.unwrap_err();
    assert!(error.to_string().contains("wrong host key"), "{error}");
}

async fn ways_to_log_in_are_tried_in_order_and_refusals_are_final() {
    let server = Sshd::start("");
    let mut endpoint = server.endpoint();
    endpoint.logins = vec![
        Login::Key(server.path("stranger")),
        Login::Key(server.path("missing")),
        Login::Key(server.path("user")),
    ];
    server.try_connect(&endpoint).await.unwrap().close().await;
    endpoint.logins.pop();
    endpoint.logins.push(Login::Password("a secret of mine".into()));
    let since = Instant::now();
    let error = server.try_connect(&endpoint).await.unwrap_err();
    assert!(
        since.elapsed() < Duration::from_secs(3),
        "it was tried again: {:?}",
        since.elapsed()
    );
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("stranger") && text.contains("missing") && text.contains("publickey"),
        "{text}"
    );
    assert!(!text.contains("a secret of mine"), "{text}");
}

async fn every_identity_of_the_agent_is_tried() {
    if let Ok(server) = std::env::var("LAB_TEST_SERVER") {
        return connect_by_agent(&server).await;
    }
    let server = Sshd::start("");
    let socket = server.path("agent");
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .spawn()
        .expect("these tests need ssh-agent");
    let since = Instant::now();
    while !socket.exists() && since.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    for key in ["stranger", "user"] {
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(server.path(key))
            .env("SSH_AUTH_SOCK", &socket)
            .status()
            .unwrap();
        assert!(added.success());
    }
    // The variable belongs to a process: this very test, run again as one of its own, connects.
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "every_identity_of_the_agent_is_tried"])
        .env("SSH_AUTH_SOCK", &socket)
        .env(
            "LAB_TEST_SERVER",
            format!("{}|{}", server.port, server.public("host")),
        )
        .output()
        .unwrap();
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(
        again.status.success(),
        "{}",
        String::from_utf8_lossy(&again.stdout)
    );
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
    ssh::connect(&endpoint, Duration::from_secs(5))
        .await
        .unwrap()
        .close()
        .await;
}

async fn a_password_logs_in_and_a_wrong_one_is_final() {
    // A shadow file of the test's own, over the host's, in a mount namespace of the server's own.
    let server = Sshd::prepared(
        "PasswordAuthentication yes",
        Some(r#"mount --bind "$1/shadow" /etc/shadow"#),
    );
    let mut endpoint = server.endpoint();
    endpoint.logins = vec![Login::Password("a throwaway password".into())];
    server.try_connect(&endpoint).await.unwrap().close().await;
    endpoint.logins = vec![Login::Password("wrong".into())];
    let error = server.try_connect(&endpoint).await.unwrap_err();
    assert!(error.to_string().contains("cannot log in"), "{error}");
}

async fn a_peer_that_talks_nonsense_or_nothing_is_given_up_by_the_deadline() {
    for nonsense in [
        &b""[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        &[0xff; 300_000],
        b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff",
    ] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut kept = vec![];
            for stream in listener.incoming().flatten() {
                let _ = (&stream).write_all(nonsense);
                kept.push(stream);
            }
        });
        let endpoint = Endpoint {
            port,
            ..unreachable_endpoint()
        };
        let since = Instant::now();
        let error = ssh::connect(&endpoint, Duration::from_millis(700))
            .await
            .unwrap_err();
        // Far beyond the deadline, for machines that have much else to do; without one it would wait for ever.
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "{:?} for {nonsense:?}",
            since.elapsed()
        );
        assert!(
            error.to_string().starts_with("m-k8s: no SSH at 127.0.0.1"),
            "{error}"
        );
    }
}

async fn a_node_that_boots_late_is_waited_for() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = ssh::connect(
        &Endpoint {
            port,
            ..unreachable_endpoint()
        },
        Duration::from_millis(600),
    )
    .await
    .unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    // Hangs up on the first three, as a node does whose sshd is not ready, then passes on to a real server.
    let server = Sshd::start("");
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let mut endpoint = server.endpoint();
    endpoint.port = listener.local_addr().unwrap().port();
    let target = server.port;
    let relay = tokio::spawn(async move {
        for _ in 0..3 {
            drop(listener.accept().await.unwrap());
        }
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, target))
            .await
            .unwrap();
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    });
    let connection = server.try_connect(&endpoint).await.unwrap();
    assert!(connection.exec(&["true"], None).await.unwrap().succeeded());
    connection.close().await;
    relay.await.unwrap();
}

fn fingerprint(server: &Sshd, key: &str) -> String {
    let output = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(server.path(&format!("{key}.pub")))
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .to_owned()
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
