//! How much memory commands and files take: alone in this process, as its peak is the kernel's word for all of it.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(dead_code, reason = "not every test file uses all that is shared")]

mod shared;

use agent::client::Output;
use agent::wire::{FactsQuery, How, Run};
use shared::program;
use tokio::io::AsyncWriteExt;

/// `VmHWM` of a process in KiB: the most memory it ever had.
fn peak_kib(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// One after the other: neither is counted with what the other takes.
#[tokio::test]
async fn what_passes_through_is_not_kept() {
    a_gibibyte_of_output().await;
    a_large_file_there_and_back().await;
}

async fn a_gibibyte_of_output() {
    let (client, agent) = program().await;
    let process = agent.id().unwrap().to_string();
    let before = (peak_kib(&process), peak_kib("self"));
    let run = Run {
        argv: ["head", "-c", "1G", "/dev/zero"].map(Into::into).into(),
        ..Run::default()
    };
    let mut running = client.start(run).await.unwrap();
    let mut size = 0;
    while let Some(Output::Stdout(bytes)) = running.next().await {
        size += bytes.len();
    }
    assert_eq!((running.wait().await.unwrap().how, size), (How::Code(0), 1 << 30));
    let grown = (peak_kib(&process) - before.0, peak_kib("self") - before.1);
    assert!(
        grown.0 < 16 * 1024 && grown.1 < 64 * 1024,
        "grew by {grown:?} KiB"
    );
}

async fn a_large_file_there_and_back() {
    let (client, agent) = program().await;
    let process = agent.id().unwrap().to_string();
    let before = (peak_kib(&process), peak_kib("self"));
    let directory = tempfile::tempdir().unwrap();
    let (source, target) = (
        directory.path().join("source"),
        directory.path().join("a/b/target"),
    );
    let size = 64 << 20;
    let mut file = tokio::fs::File::create(&source).await.unwrap();
    for number in 0..64u8 {
        file.write_all(&vec![number; 1 << 20]).await.unwrap();
    }
    file.sync_all().await.unwrap();
    let path = source.to_str().unwrap().to_owned();
    let facts = client
        .facts(FactsQuery {
            files: vec![path.clone()],
            ..FactsQuery::default()
        })
        .await
        .unwrap();
    let sha256 = facts.files[&path].clone().unwrap().sha256;
    let file = tokio::fs::File::open(&source).await.unwrap();
    client
        .put(target.to_str().unwrap(), 0o640, size, &sha256, file)
        .await
        .unwrap();
    let back = client
        .get(target.to_str().unwrap(), tokio::io::sink())
        .await
        .unwrap();
    assert_eq!(back, (size, sha256));
    let grown = (peak_kib(&process) - before.0, peak_kib("self") - before.1);
    assert!(
        grown.0 < 16 * 1024 && grown.1 < 32 * 1024,
        "grew by {grown:?} KiB"
    );
}
