//! Peers that do not keep to the protocol: a clear error, no panic, no memory by their word.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(dead_code, reason = "not every test file uses all that is shared")]

mod shared;

use agent::client::{Client, ClientError};
use agent::wire::frame::{Frame, FrameError, Kind, MAX_FRAME};
use agent::wire::{Hello, PROTOCOL, Reply};
use proptest::prelude::*;
use shared::peak_kib;
use tokio::io::AsyncWriteExt;

fn hello(protocol: u32) -> Frame {
    let body = serde_json::to_vec(&Hello { protocol, version: "9".into() }).unwrap();
    Frame { stream: 0, kind: Kind::Hello, body }
}

fn bytes_of(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frames.iter().for_each(|frame| frame.encode(&mut bytes).unwrap());
    bytes
}

fn message(frame: &Frame) -> String {
    match serde_json::from_slice(&frame.body).unwrap() {
        Reply::Failed { message } => message,
        other => panic!("{other:?}"),
    }
}

/// Sends bytes to the real program and returns what it answers after its hello, and how it ended.
async fn answers(bytes: &[u8]) -> (Vec<Frame>, bool) {
    let mut agent = shared::spawn();
    let (mut stdin, mut stdout) = (agent.stdin.take().unwrap(), agent.stdout.take().unwrap());
    stdin.write_all(bytes).await.unwrap();
    assert_eq!(Frame::read(&mut stdout).await.unwrap().kind, Kind::Hello);
    let before = peak_kib(&agent.id().unwrap().to_string());
    assert!(before < 32 * 1024, "{before} KiB");
    drop(stdin);
    let mut frames = Vec::new();
    while let Ok(frame) = Frame::read(&mut stdout).await {
        frames.push(frame);
    }
    (frames, agent.wait().await.unwrap().success())
}

#[tokio::test]
async fn the_agent_refuses_what_is_no_protocol_of_its_own() {
    for (bytes, wanted) in [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "frame of 1195725856 bytes refused"),
        (vec![0xff; 4], "frame of 4294967295 bytes refused"),
        (vec![0; 4], "frame of 0 bytes refused"),
        (vec![0, 0, 0, 5, 0, 0, 0, 0, 99], "unknown kind 99"),
        (bytes_of(&[hello(PROTOCOL + 1)]), "speaks protocol 2"),
        (bytes_of(&[Frame { kind: Kind::Data, ..hello(PROTOCOL) }]), "expected a hello"),
        (bytes_of(&[Frame { body: b"{".to_vec(), ..hello(PROTOCOL) }]), "unreadable hello"),
        (bytes_of(&[hello(PROTOCOL), Frame { stream: 0, kind: Kind::Data, body: vec![] }]), "never opened"),
    ] {
        let (frames, _) = answers(&bytes).await;
        assert_eq!(frames.len(), 1, "{wanted}");
        assert!(message(&frames[0]).contains(wanted), "{wanted}: {}", message(&frames[0]));
    }
}

#[tokio::test]
async fn an_unknown_stream_or_request_is_answered_and_the_channel_lives() {
    let request = |stream, body: &str| Frame { stream, kind: Kind::Request, body: body.into() };
    let (frames, well) = answers(&bytes_of(&[
        hello(PROTOCOL),
        Frame { stream: 7, kind: Kind::Data, body: vec![1] },
        request(1, "{\"dance\":1}"),
        request(2, "{\"get\":{\"path\":\"/no/such\"}}"),
    ]))
    .await;
    assert!(well);
    let said: Vec<_> = frames.iter().map(|frame| (frame.stream, message(frame))).collect();
    assert!(said[0].0 == 7 && said[0].1.contains("never opened"), "{said:?}");
    assert!(said[1].0 == 1 && said[1].1.contains("unreadable request"), "{said:?}");
    assert_eq!(said[2].0, 2, "{said:?}");
}

#[tokio::test]
async fn more_bytes_than_credit_end_the_channel() {
    let run = "{\"run\":{\"argv\":[\"sleep\",\"9\"],\"env\":{},\"directory\":null,\"stdin\":true,\"pty\":null,\"deadline_ms\":null,\"cap\":null}}";
    let mut frames = vec![hello(PROTOCOL), Frame { stream: 1, kind: Kind::Request, body: run.into() }];
    frames.extend((0..5).map(|_| Frame { stream: 1, kind: Kind::Data, body: vec![0; 128 * 1024] }));
    let (frames, well) = answers(&bytes_of(&frames)).await;
    assert!(!well);
    assert!(frames.iter().any(|frame| frame.stream == 0 && message(frame).contains("more bytes than credit")));
}

#[tokio::test]
async fn the_client_refuses_what_is_no_agent() {
    for (bytes, wanted) in [
        (b"bash: line 1: lab-agent: command not found\n".to_vec(), "does not speak this protocol"),
        (bytes_of(&[hello(PROTOCOL + 1)]), "the agent speaks protocol 2"),
        (b"\0\0".to_vec(), "gone"),
        (Vec::new(), "closed the channel"),
    ] {
        let (mut far, near) = tokio::io::duplex(1024);
        far.write_all(&bytes).await.unwrap();
        far.shutdown().await.unwrap();
        let (reader, writer) = tokio::io::split(near);
        let error = Client::connect(reader, writer).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{wanted}: {error}");
    }
}

#[tokio::test]
async fn an_agent_that_turns_to_garbage_fails_what_is_pending() {
    let (mut far, near) = tokio::io::duplex(1 << 16);
    far.write_all(&bytes_of(&[hello(PROTOCOL)])).await.unwrap();
    let (reader, writer) = tokio::io::split(near);
    let client = Client::connect(reader, writer).await.unwrap();
    let pending = client.facts(agent::wire::FactsQuery::default());
    let garbage = far.write_all(&[0xff; 64]);
    let (result, _) = tokio::join!(pending, garbage);
    assert!(matches!(result, Err(ClientError::Gone(why)) if why.contains("refused")));
}

proptest! {
    #[test]
    fn no_bytes_make_the_frame_reader_panic_or_over_allocate(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        match runtime.block_on(Frame::read(&mut &bytes[..])) {
            Ok(frame) => prop_assert!(frame.body.len() + 9 <= bytes.len()),
            Err(FrameError::Length(length)) => prop_assert!(length < 5 || length > MAX_FRAME),
            Err(_) => {}
        }
    }

    #[test]
    fn a_frame_comes_back_as_it_was(stream: u32, kind in 0u8..9, body in proptest::collection::vec(any::<u8>(), 0..999)) {
        let frame = Frame { stream, kind: Kind::try_from(kind).unwrap(), body };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).unwrap();
        prop_assert_eq!(runtime.block_on(Frame::read(&mut &bytes[..])).unwrap(), frame);
    }
}
