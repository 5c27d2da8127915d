//! How what runs on a node ends: with its handle, with the channel, in the background.

#![expect(clippy::unwrap_used, reason = "tests")]

mod shared;
#[path = "shared/words.rs"]
mod words;

use agent::client::ClientError;
use agent::wire::{Background, How};
use shared::{bash, eventually, in_memory, lives, program};
use words::text_until;

#[tokio::test]
async fn dropping_the_handle_or_the_client_ends_what_runs() {
    let (client, mut agent) = program().await;
    let mut first = client.start(bash("echo $$; sleep 1000")).await.unwrap();
    let number = text_until(&mut first, "\n").await;
    drop(first);
    eventually("the cancelled command ended", || !lives(&number)).await;

    let mut second = client.start(bash("echo $$; sleep 1000")).await.unwrap();
    let foreground = text_until(&mut second, "\n").await;
    let run = bash("echo $$; exec sleep 1000");
    client
        .background(Background::Start {
            name: "b".into(),
            run,
        })
        .await
        .unwrap();
    let mut behind = String::new();
    while behind.is_empty() {
        behind = client
            .background(Background::Status { name: "b".into() })
            .await
            .unwrap()
            .1;
    }
    assert!(lives(&foreground) && lives(&behind));
    agent.kill().await.unwrap();
    assert!(matches!(second.wait().await, Err(ClientError::Gone(_))));
    assert!(matches!(
        client.run(bash("true")).await,
        Err(ClientError::Gone(_))
    ));
    // Killed with -9 it could not clean up; this test does.
    for number in [foreground, behind] {
        tokio::process::Command::new("kill")
            .arg(number.trim())
            .status()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn what_a_command_leaves_in_its_group_ends_with_it() {
    let (client, _agent) = program().await;
    let stubborn = "trap '' TERM; while :; do sleep 1000; done";
    let script = format!(
        "sleep 1000 > /dev/null 2>&1 & echo $!; bash -c \"{stubborn}\" > /dev/null 2>&1 & echo $!; setsid sleep 20 > /dev/null 2>&1 & echo $!
        until test \"$(ps -o sid= -p $! | tr -d ' ')\" = $!; do :; done"
    );
    let done = client.run(bash(&script)).await.unwrap();
    assert_eq!(done.exited.how, How::Code(0));
    let said = String::from_utf8(done.stdout).unwrap();
    let numbers: Vec<&str> = said.lines().collect();
    assert_eq!(numbers.len(), 3, "{said}");
    // No waiting: the reply comes after their end. Only what has left the group goes on.
    let lives: Vec<bool> = numbers.iter().map(|number| lives(number)).collect();
    assert_eq!(lives, [false, false, true]);
    tokio::process::Command::new("kill")
        .arg(numbers[2])
        .status()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_closed_channel_ends_foreground_and_background() {
    let (client, mut agent) = program().await;
    let mut running = client
        .start(bash("trap '' TERM HUP; sleep 1000 & echo $!; wait; wait"))
        .await
        .unwrap();
    let foreground = text_until(&mut running, "\n").await;
    client
        .background(Background::Start {
            name: "b".into(),
            run: bash("echo $$; exec sleep 1000"),
        })
        .await
        .unwrap();
    let mut behind = String::new();
    while behind.is_empty() {
        behind = client
            .background(Background::Status { name: "b".into() })
            .await
            .unwrap()
            .1;
    }
    drop((running, client));
    assert!(agent.wait().await.unwrap().success());
    eventually("both ended", || !lives(&foreground) && !lives(&behind)).await;
}

#[tokio::test]
async fn background_processes_keep_their_last_words() {
    let client = in_memory().await;
    let start = Background::Start {
        name: "loud".into(),
        run: bash("seq 100000; echo last >&2; sleep 1000"),
    };
    client.background(start.clone()).await.unwrap();
    assert!(matches!(
        client.background(start).await,
        Err(ClientError::Failed(_))
    ));
    let mut output = String::new();
    while !output.ends_with("last\n") {
        output = client
            .background(Background::Status { name: "loud".into() })
            .await
            .unwrap()
            .1;
    }
    assert!(output.len() <= 64 * 1024 && output.len() > 60 * 1024);
    let stop = Background::Stop {
        name: "loud".into(),
        signal: 15,
        grace_ms: 1000,
    };
    let (exited, _) = client.background(stop).await.unwrap();
    assert_eq!(exited.unwrap().how, How::Signal(15));
    assert!(
        client
            .background(Background::Status { name: "none".into() })
            .await
            .is_err()
    );
}
