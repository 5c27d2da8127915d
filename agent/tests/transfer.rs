//! Files and tunnels, through the real program or the real server.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(dead_code, reason = "not every test file uses all that is shared")]

mod shared;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use agent::client::ClientError;
use agent::wire::FactsQuery;
use shared::{in_memory, program};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn names(directory: &Path) -> Vec<String> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn a_file_of_nothing_and_one_in_memory() {
    let client = in_memory().await;
    let directory = tempfile::tempdir().unwrap();
    for bytes in [&b""[..], b"hello"] {
        // Into directories that are not there yet, and over a file that is.
        let path = directory.path().join("a/b/file");
        client
            .put_bytes(path.to_str().unwrap(), 0o640, bytes)
            .await
            .unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o640);
        assert_eq!(names(path.parent().unwrap()), ["file"]);
        let mut back = Vec::new();
        client.get(path.to_str().unwrap(), &mut back).await.unwrap();
        assert_eq!(back, bytes);
    }
}

#[tokio::test]
async fn what_does_not_match_leaves_the_old_file_and_nothing_else() {
    let client = in_memory().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, "old").unwrap();
    let text = path.to_str().unwrap();
    let wrong = client
        .put(text, 0o600, 3, &"0".repeat(64), &b"new"[..])
        .await
        .unwrap_err();
    assert!(
        matches!(&wrong, ClientError::Failed(message) if message.contains("sha256")),
        "{wrong}"
    );
    let short = client
        .put(text, 0o600, 9, &"0".repeat(64), &b"new"[..])
        .await
        .unwrap_err();
    assert!(matches!(short, ClientError::Local(_)), "{short}");
    assert!(client.put_bytes("relative", 0o600, b"x").await.is_err());
    assert!(
        client
            .put_bytes(directory.path().to_str().unwrap(), 0o600, b"x")
            .await
            .is_err()
    );
    for path in ["/", "/no/such", "/dev/zero"] {
        assert!(
            matches!(
                client.get(path, tokio::io::sink()).await,
                Err(ClientError::Failed(_))
            ),
            "{path}"
        );
    }
    // The cut one is cleaned up when its cancel arrives: after an answer to a later request, it has.
    client.facts(FactsQuery::default()).await.unwrap();
    assert_eq!(
        (std::fs::read(&path).unwrap(), names(directory.path())),
        (b"old".to_vec(), vec!["file".to_owned()])
    );
}

#[tokio::test]
async fn a_full_disk_is_named_and_left_clean() {
    // A file system of one mebibyte in a mount namespace of its own; the agent lives in it.
    let directory = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m none \"$1\" && exec \"$2\" serve";
    let mut agent = tokio::process::Command::new("unshare")
        .args(["--mount", "--map-root-user", "bash", "-c", script, "bash"])
        .args([
            directory.path().to_str().unwrap(),
            env!("CARGO_BIN_EXE_lab-agent"),
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (reader, writer) = (agent.stdout.take().unwrap(), agent.stdin.take().unwrap());
    let client = agent::client::Client::connect(reader, writer).await.unwrap();
    let path = directory.path().join("big");
    let error = client
        .put_bytes(path.to_str().unwrap(), 0o600, &vec![1; 2 << 20])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    let left = client
        .run(shared::bash(&format!("ls -A {}", directory.path().display())))
        .await
        .unwrap();
    assert_eq!(left.stdout, b"");
}

#[tokio::test]
async fn a_tunnel_moves_bytes_both_ways_and_closes_by_halves() {
    let (client, _agent) = program().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        // Answers only after the other side ended: proves the half close.
        socket.read_to_end(&mut all).await.unwrap();
        socket.write_all(&all).await.unwrap();
    });
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    let tunnel = tokio::spawn(async move { client.tunnel("localhost", port, far).await });
    near.write_all(&vec![7; 1 << 20]).await.unwrap();
    near.shutdown().await.unwrap();
    let mut back = Vec::new();
    near.read_to_end(&mut back).await.unwrap();
    assert_eq!(back, vec![7; 1 << 20]);
    tunnel.await.unwrap().unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_tunnel_to_nowhere_says_so() {
    let client = in_memory().await;
    let (_near, far) = tokio::io::duplex(64);
    let error = client.tunnel("127.0.0.1", 1, far).await.unwrap_err();
    assert!(
        error.to_string().contains("cannot connect to 127.0.0.1:1"),
        "{error}"
    );
}

#[tokio::test]
async fn facts_are_of_this_machine() {
    let client = in_memory().await;
    let query = FactsQuery {
        files: vec!["/etc/os-release".into(), "/no/such".into(), "/etc".into()],
        containers: vec!["registry".into()],
        programs: vec!["sh".into(), "no-such-program".into()],
        ..FactsQuery::default()
    };
    let facts = client.facts(query).await.unwrap();
    assert!(facts.programs["sh"] && !facts.programs["no-such-program"]);
    assert!(facts.memory > 0 && facts.disk > 0 && facts.cpus > 0 && !facts.kernel.is_empty());
    assert_eq!(facts.files["/etc/os-release"].as_ref().unwrap().sha256.len(), 64);
    assert_eq!(
        (
            &facts.files["/no/such"],
            facts.files["/etc"].as_ref().unwrap().sha256.as_str()
        ),
        (&None, "")
    );
    assert!(facts.containers.contains_key("registry"));
}
