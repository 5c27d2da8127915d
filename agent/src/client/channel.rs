//! The channel and its streams: who waits for what, and what happens to all of them when the channel breaks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, BufReader};

use crate::client::ClientError;
use crate::outbox::{Outbox, json_frame};
use crate::stream::Stream;
use crate::wire::frame::{Frame, FrameError, Kind};
use crate::wire::{Control, Hello, PROTOCOL, Reply, Request};

/// How long the other side may take to say hello; multiplied by `LAB_PATIENCE`.
const HELLO: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
struct Streams {
    open: HashMap<u32, Arc<Stream>>,
    last: u32,
    gone: Option<String>,
}

type Shared = Arc<Mutex<Streams>>;

fn lock(streams: &Mutex<Streams>) -> MutexGuard<'_, Streams> {
    streams.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection to one agent.
#[derive(Debug)]
pub(super) struct Channel {
    outbox: Outbox,
    streams: Shared,
}

impl Channel {
    pub(super) async fn open<R, W>(reader: R, writer: W) -> Result<Self, ClientError>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (outbox, writing) = Outbox::open(writer);
        tokio::spawn(writing);
        let hello = Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let frame = json_frame(0, Kind::Hello, &hello).map_err(ClientError::Protocol)?;
        // If this fails, the reader knows why.
        let _ = outbox.send(frame).await;
        let mut reader = BufReader::with_capacity(64 * 1024, reader);
        let patience = HELLO.mul_f64(crate::process::patience());
        let frame = tokio::time::timeout(patience, Frame::read(&mut reader))
            .await
            .map_err(|_| ClientError::Gone(format!("no hello within {} s", patience.as_secs())))?
            .map_err(|error| match error {
                FrameError::Length(_) | FrameError::Kind(_) => ClientError::Protocol(error.to_string()),
                FrameError::Closed | FrameError::Io(_) => ClientError::Gone(error.to_string()),
            })?;
        check_hello(&frame)?;
        let streams = Shared::default();
        tokio::spawn(read(reader, Arc::clone(&streams)));
        Ok(Self { outbox, streams })
    }

    /// Sends a request and opens its stream.
    pub(super) async fn call(&self, request: &Request) -> Result<Call, ClientError> {
        let stream = {
            let mut streams = lock(&self.streams);
            if let Some(why) = &streams.gone {
                return Err(ClientError::Gone(why.clone()));
            }
            streams.last = streams
                .last
                .checked_add(1)
                .ok_or_else(|| ClientError::Gone("streams used up".into()))?;
            let stream = Arc::new(Stream::new(streams.last, self.outbox.clone()));
            let number = streams.last;
            streams.open.insert(number, Arc::clone(&stream));
            stream
        };
        let mut call = Call {
            stream,
            outbox: self.outbox.clone(),
            streams: Arc::clone(&self.streams),
            sent: false,
        };
        let frame =
            json_frame(call.stream.number(), Kind::Request, request).map_err(ClientError::Protocol)?;
        if self.outbox.send(frame).await.is_err() {
            let why = lock(&self.streams).gone.clone();
            return Err(ClientError::Gone(
                why.unwrap_or_else(|| "cannot write to it".into()),
            ));
        }
        call.sent = true;
        Ok(call)
    }
}

/// A request under way. Dropping it before the reply cancels the request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) stream: Arc<Stream>,
    outbox: Outbox,
    streams: Shared,
    sent: bool,
}

impl Call {
    /// Waits for the reply.
    pub(super) async fn reply(&self) -> Result<Reply, ClientError> {
        match self.stream.outcome().await {
            Ok(Reply::Failed { message }) => Err(ClientError::Failed(message)),
            Ok(reply) => Ok(reply),
            Err(why) => Err(ClientError::Gone(why)),
        }
    }

    /// Sends a control.
    pub(super) async fn control(&self, control: &Control) -> Result<(), ClientError> {
        let frame =
            json_frame(self.stream.number(), Kind::Control, control).map_err(ClientError::Protocol)?;
        self.outbox
            .send(frame)
            .await
            .map_err(|closed| ClientError::Gone(closed.to_string()))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        lock(&self.streams).open.remove(&self.stream.number());
        if self.sent
            && !self.stream.is_finished()
            && let Ok(frame) = json_frame(self.stream.number(), Kind::Control, &Control::Cancel)
        {
            self.outbox.send_soon(frame);
        }
    }
}

/// The error for a reply of another kind than was asked for.
pub(super) fn out_of_turn(asked: &str, reply: &Reply) -> ClientError {
    ClientError::Protocol(format!("asked for {asked}, got {reply:.80?}"))
}

async fn read<R: AsyncRead + Unpin>(mut reader: R, streams: Shared) {
    let why = loop {
        let problem = match Frame::read(&mut reader).await {
            Ok(frame) => arrived(frame, &streams).err(),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = problem {
            break why;
        }
    };
    let pending = {
        let mut streams = lock(&streams);
        streams.gone = Some(why.clone());
        std::mem::take(&mut streams.open)
    };
    for stream in pending.into_values() {
        stream.finish(Err(why.clone()));
    }
}

fn arrived(frame: Frame, streams: &Mutex<Streams>) -> Result<(), String> {
    let (stream, last) = {
        let streams = lock(streams);
        (streams.open.get(&frame.stream).cloned(), streams.last)
    };
    let reply = |body: &[u8]| {
        serde_json::from_slice::<Reply>(body).map_err(|error| format!("unreadable reply: {error}"))
    };
    match (stream, frame.kind) {
        (Some(stream), Kind::Reply) => {
            lock(streams).open.remove(&frame.stream);
            stream.finish(Ok(reply(&frame.body)?));
            Ok(())
        }
        (Some(stream), _) => stream.arrived(frame),
        (None, Kind::Reply) if frame.stream == 0 => match reply(&frame.body)? {
            Reply::Failed { message } => Err(message),
            other => Err(format!("{other:.80?} on stream 0")),
        },
        // What was under way for a request that was dropped.
        (None, _) if frame.stream != 0 && frame.stream <= last => Ok(()),
        (None, kind) => Err(format!(
            "{kind:?} for stream {}, which was never opened",
            frame.stream
        )),
    }
}

fn check_hello(frame: &Frame) -> Result<(), ClientError> {
    if frame.stream != 0 || frame.kind != Kind::Hello {
        return Err(ClientError::Protocol(format!(
            "expected a hello, got {:?}",
            frame.kind
        )));
    }
    let hello: Hello = serde_json::from_slice(&frame.body)
        .map_err(|error| ClientError::Protocol(format!("unreadable hello: {error}")))?;
    if hello.protocol == PROTOCOL {
        return Ok(());
    }
    Err(ClientError::Protocol(format!(
        "the agent speaks protocol {} (version {}), this program {PROTOCOL}",
        hello.protocol, hello.version
    )))
}
