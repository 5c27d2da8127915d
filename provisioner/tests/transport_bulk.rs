//! A channel under load: a lot of bytes both ways through a server that renews its keys all the time, in bounded memory.
//! A program of its own, because the peak of memory is the whole process's.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod harness;
mod sshd;

use std::time::{Duration, Instant};

use sshd::Sshd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

tests!(bytes_go_both_ways_in_little_memory_also_while_keys_are_renewed,);

const MIB: u64 = 1 << 20;

/// MiB to move: what fits an everyday test, or `LAB_BULK`. Key renewal costs the server more than the bytes do (OpenSSH's own
/// client gets 3 MiB/s through `RekeyLimit 256K` on two cores), so the gibibyte of DESIGN 4.1 is for `LAB_BULK=1024`.
fn amount(everyday: u64) -> u64 {
    std::env::var("LAB_BULK")
        .ok()
        .and_then(|mib| mib.parse().ok())
        .unwrap_or(everyday)
}

async fn bytes_go_both_ways_in_little_memory_also_while_keys_are_renewed() {
    through("RekeyLimit 256K", amount(12)).await;
    through("", amount(128)).await;
    let peak = peak_memory();
    assert!(peak < 64 * MIB, "{} MiB", peak / MIB);
}

async fn through(configuration: &str, mib: u64) {
    let server = Sshd::start(configuration);
    let connection = server.connect().await;
    let (mut reader, mut writer, _) = connection.channel(&["cat"]).await.unwrap();
    let since = Instant::now();
    let sending = tokio::spawn(async move {
        let chunk = pattern();
        for _ in 0..mib {
            writer.write_all(&chunk).await.unwrap();
        }
        writer.shutdown().await.unwrap();
    });
    let expected = pattern();
    let mut chunk = vec![0; expected.len()];
    for index in 0..mib {
        let read = tokio::time::timeout(Duration::from_secs(20), reader.read_exact(&mut chunk)).await;
        read.unwrap_or_else(|_| panic!("stuck at MiB {index}")).unwrap();
        assert!(chunk == expected, "MiB {index} came back different");
    }
    assert_eq!(reader.read(&mut chunk).await.unwrap(), 0);
    sending.await.unwrap();
    let seconds = since.elapsed().as_secs_f64();
    let peak = peak_memory() / MIB;
    eprintln!("{mib} MiB and back with `{configuration}` in {seconds:.1} s, peak of memory {peak} MiB");
    connection.close().await;
}

fn pattern() -> Vec<u8> {
    (0..MIB as u32)
        .map(|index| index.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect()
}

/// Bytes this process ever had resident at once.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
