//! Commands on a node, through the real program or the real server.

#![expect(clippy::unwrap_used, reason = "tests")]

mod shared;
#[path = "shared/words.rs"]
mod words;

use std::time::Duration;

use agent::client::{ClientError, Output};
use agent::wire::{How, Pty, Run};
use shared::{bash, eventually, in_memory, lives, program};
use words::text_until;

#[tokio::test]
async fn output_status_and_environment_arrive() {
    let (client, _agent) = program().await;
    let done = client.run(bash("echo out; echo err >&2; exit 7")).await.unwrap();
    assert_eq!(
        (done.exited.how, &done.stdout[..], &done.stderr[..]),
        (How::Code(7), &b"out\n"[..], &b"err\n"[..])
    );
    let mut run = bash("env | sort | cut -d= -f1 | xargs; echo $A; pwd");
    run.env.insert("A".into(), "a b".into());
    run.directory = Some("/usr".into());
    let done = client.run(run).await.unwrap();
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "A HOME LANG PATH PWD SHLVL USER _\na b\n/usr\n"
    );
}

#[tokio::test]
async fn what_cannot_run_says_so() {
    let client = in_memory().await;
    for (run, wanted) in [
        (
            Run {
                argv: vec!["/no/such".into()],
                ..Run::default()
            },
            "cannot run `/no/such`",
        ),
        (Run::default(), "no program"),
        (
            Run {
                directory: Some("/no/such".into()),
                ..bash("true")
            },
            "no directory `/no/such`",
        ),
    ] {
        let error = client.run(run).await.unwrap_err();
        assert!(
            matches!(&error, ClientError::Failed(message) if message.contains(wanted)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_deadline_ends_the_grandchildren_too() {
    let (client, _agent) = program().await;
    let mut run = bash("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000");
    run.deadline_ms = Some(200);
    let done = client.run(run).await.unwrap();
    assert_eq!(done.exited.how, How::Deadline);
    let grandchild = String::from_utf8(done.stdout).unwrap();
    eventually("the grandchild ended", || !lives(&grandchild)).await;
}

#[tokio::test]
async fn a_child_that_keeps_the_output_open_does_not_hold_up_the_end() {
    let client = in_memory().await;
    let held = client.run(bash(
        "sleep 1000 & while sleep 0.05; do echo x; done & echo $! ; exit 3",
    ));
    // How long a slow machine takes says nothing: held up, it would take the thousand seconds.
    let done = tokio::time::timeout(Duration::from_secs(60), held).await;
    let done = done.unwrap().unwrap();
    assert_eq!(done.exited.how, How::Code(3));
    let chatty = String::from_utf8(done.stdout)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    eventually("the chatty one met a closed pipe", || !lives(&chatty)).await;
}

#[tokio::test]
async fn output_beyond_the_cap_is_counted() {
    let client = in_memory().await;
    let done = client
        .run(Run {
            cap: Some(10),
            ..bash("head -c 100000 /dev/zero; echo four >&2")
        })
        .await
        .unwrap();
    assert_eq!((done.stdout.len(), done.exited.stdout_dropped), (10, 99_990));
    assert_eq!(
        (&done.stderr[..], done.exited.stderr_dropped),
        (&b"four\n"[..], 0)
    );
}

#[tokio::test]
async fn input_reaches_the_command_and_a_mebibyte_comes_back() {
    let (client, _agent) = program().await;
    let mut running = client
        .start(Run {
            argv: vec!["cat".into()],
            stdin: true,
            ..Run::default()
        })
        .await
        .unwrap();
    let (mut sent, mut back) = (0, 0);
    while sent < 1 << 20 {
        running.input(&[b'x'; 65_536]).await.unwrap();
        sent += 65_536;
        while back < sent {
            let Some(Output::Stdout(bytes)) = running.next().await else {
                panic!("ended early")
            };
            back += bytes.len();
        }
    }
    running.end_input().await.unwrap();
    assert_eq!(running.wait().await.unwrap().how, How::Code(0));
}

#[tokio::test]
async fn signals_reach_the_group_and_are_reported() {
    let client = in_memory().await;
    let mut running = client
        .start(bash(
            "trap 'echo caught; exit 9' USR1; echo up; while :; do sleep 0.05; done",
        ))
        .await
        .unwrap();
    text_until(&mut running, "up").await;
    running.signal(10).await.unwrap();
    assert_eq!(running.wait().await.unwrap().how, How::Code(9));
    let running = client
        .start(Run {
            argv: vec!["sleep".into(), "1000".into()],
            ..Run::default()
        })
        .await
        .unwrap();
    running.signal(9).await.unwrap();
    assert_eq!(running.wait().await.unwrap().how, How::Signal(9));
}

#[tokio::test]
async fn a_terminal_has_a_size_that_can_change_and_is_the_controlling_one() {
    let (client, _agent) = program().await;
    let pty = Pty {
        term: "xterm".into(),
        rows: 24,
        cols: 80,
    };
    let script = "trap 'stty size' WINCH; stty size; echo $TERM; tty < /dev/tty; echo ready; while ! read -t 0.1 line; do :; done; echo got $line";
    let run = Run {
        pty: Some(pty.clone()),
        stdin: true,
        ..bash(script)
    };
    let mut running = client.start(run).await.unwrap();
    let said = text_until(&mut running, "ready").await;
    assert!(said.contains("24 80\r\nxterm\r\n/dev/"), "{said:?}");
    running
        .resize(&Pty {
            rows: 50,
            cols: 132,
            ..pty
        })
        .await
        .unwrap();
    text_until(&mut running, "50 132").await;
    running.input(b"word\n").await.unwrap();
    text_until(&mut running, "got word").await;
    assert_eq!(running.wait().await.unwrap().how, How::Code(0));
}

#[tokio::test]
async fn a_slow_consumer_holds_back_nobody_else() {
    let (client, _agent) = program().await;
    let yes = Run {
        argv: vec!["yes".into()],
        ..Run::default()
    };
    let mut slow = client.start(yes).await.unwrap();
    assert!(slow.next().await.is_some());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let client = client.clone();
        tasks.spawn(async move {
            client
                .run(bash(&format!("head -c 300000 /dev/zero; exit {number}")))
                .await
        });
    }
    let mut sum = 0;
    while let Some(done) = tasks.join_next().await {
        let done = done.unwrap().unwrap();
        assert_eq!(done.stdout.len(), 300_000);
        let How::Code(code) = done.exited.how else {
            panic!("{:?}", done.exited)
        };
        sum += code;
    }
    assert_eq!(sum, 49 * 50 / 2);
    assert!(slow.next().await.is_some());
}
