//! The node's end of the channel: reads requests, hands each to its handler, and cleans up when the channel closes.
//! What a request means is the handlers' business.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::task::JoinSet;

use crate::handler::{self, Node};
use crate::outbox::{Outbox, json_frame};
use crate::stream::Stream;
use crate::wire::frame::{Frame, FrameError, Kind};
use crate::wire::{Hello, PROTOCOL, Reply};

/// Requests at work at the same time.
const MAX_STREAMS: usize = 256;
/// How long what runs may take to end once the channel is closed: the grace of SIGTERM and a little.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Why serving ended other than by the orchestrator closing the channel.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The channel carries something else than frames, or failed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The orchestrator broke the protocol's rules.
    #[error("{0}")]
    Protocol(String),
}

/// Serves until the channel closes. Errors: [`ServeError`], which the orchestrator was told on stream 0 if possible.
pub async fn serve<R, W>(reader: R, writer: W) -> Result<(), ServeError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    serve_until(reader, writer, std::future::pending()).await
}

/// [`serve`], until the channel closes or `stop` resolves.
pub async fn serve_until<R, W>(reader: R, writer: W, stop: impl Future<Output = ()>) -> Result<(), ServeError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (outbox, writing) = Outbox::open(writer);
    let mut writing = tokio::spawn(writing);
    let mut session = Session {
        node: Arc::new(Node::default()),
        outbox: outbox.clone(),
        streams: Arc::default(),
        handlers: JoinSet::new(),
        highest: 0,
    };
    let mut reader = BufReader::with_capacity(64 * 1024, reader);
    let result = tokio::select! {
        result = session.read(&mut reader) => result,
        () = outbox.closed() => Ok(()),
        () = stop => Ok(()),
    };
    if let Err(error) = &result
        && let Ok(frame) = json_frame(
            0,
            Kind::Reply,
            &Reply::Failed {
                message: error.to_string(),
            },
        )
    {
        outbox.send_soon(frame);
    }
    session.end().await;
    drop((session, outbox));
    if tokio::time::timeout(Duration::from_secs(1), &mut writing)
        .await
        .is_err()
    {
        writing.abort();
    }
    result
}

type Streams = Arc<Mutex<HashMap<u32, Arc<Stream>>>>;

struct Session {
    node: Arc<Node>,
    outbox: Outbox,
    streams: Streams,
    handlers: JoinSet<()>,
    /// Highest stream number opened so far: what comes late for an ended stream is no error.
    highest: u32,
}

impl Session {
    async fn read<R: AsyncRead + Unpin>(&mut self, reader: &mut R) -> Result<(), ServeError> {
        let hello = Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").into(),
        };
        self.say(json_frame(0, Kind::Hello, &hello)).await;
        match Frame::read(reader).await {
            Ok(frame) => check_hello(&frame)?,
            Err(FrameError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        loop {
            match Frame::read(reader).await {
                Ok(frame) => self.arrived(frame).await?,
                Err(FrameError::Closed) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            while self.handlers.try_join_next().is_some() {}
        }
    }

    async fn arrived(&mut self, frame: Frame) -> Result<(), ServeError> {
        let known = lock(&self.streams).get(&frame.stream).cloned();
        match (known, frame.kind) {
            (Some(stream), _) => stream.arrived(frame).map_err(ServeError::Protocol),
            (None, Kind::Request) => {
                self.open(&frame).await;
                Ok(())
            }
            (None, _) if frame.stream <= self.highest && frame.stream != 0 => Ok(()),
            (None, kind) => {
                let message = format!("{kind:?} for stream {}, which was never opened", frame.stream);
                self.refuse(frame.stream, message).await;
                Ok(())
            }
        }
    }

    async fn open(&mut self, frame: &Frame) {
        let number = frame.stream;
        if number == 0 {
            return self
                .refuse(0, "a request on stream 0, which is the hello's".into())
                .await;
        }
        self.highest = self.highest.max(number);
        if lock(&self.streams).len() >= MAX_STREAMS {
            return self
                .refuse(number, format!("more than {MAX_STREAMS} requests at once"))
                .await;
        }
        let request = match serde_json::from_slice(&frame.body) {
            Ok(request) => request,
            Err(error) => return self.refuse(number, format!("unreadable request: {error}")).await,
        };
        let stream = Arc::new(Stream::new(number, self.outbox.clone()));
        lock(&self.streams).insert(number, Arc::clone(&stream));
        let (node, outbox, streams) = (
            Arc::clone(&self.node),
            self.outbox.clone(),
            Arc::clone(&self.streams),
        );
        self.handlers.spawn(async move {
            let reply = handler::handle(request, &stream, &node).await;
            lock(&streams).remove(&number);
            let frame = json_frame(number, Kind::Reply, &reply)
                .or_else(|problem| json_frame(number, Kind::Reply, &Reply::Failed { message: problem }));
            if let Ok(frame) = frame {
                // Nobody is left to hear it if the channel is gone.
                let _ = outbox.send(frame).await;
            }
        });
    }

    async fn refuse(&self, stream: u32, message: String) {
        self.say(json_frame(stream, Kind::Reply, &Reply::Failed { message }))
            .await;
    }

    async fn say(&self, frame: Result<Frame, String>) {
        if let Ok(frame) = frame {
            drop(self.outbox.send(frame).await);
        }
    }

    /// Ends everything that runs: requests are cancelled and given time to clean up, background processes are ended.
    async fn end(&mut self) {
        for stream in lock(&self.streams).values() {
            stream.cancel();
        }
        let handlers = &mut self.handlers;
        let finish = async { while handlers.join_next().await.is_some() {} };
        let both = async { tokio::join!(finish, self.node.background.end_all()) };
        // What is not done by then is dropped with the session: guards remove files, children are killed on drop.
        drop(tokio::time::timeout(LAST_WORDS, both).await);
    }
}

fn lock(streams: &Mutex<HashMap<u32, Arc<Stream>>>) -> std::sync::MutexGuard<'_, HashMap<u32, Arc<Stream>>> {
    streams.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check_hello(frame: &Frame) -> Result<(), ServeError> {
    if frame.stream != 0 || frame.kind != Kind::Hello {
        return Err(ServeError::Protocol(format!(
            "expected a hello, got {:?}",
            frame.kind
        )));
    }
    let hello: Hello = serde_json::from_slice(&frame.body)
        .map_err(|error| ServeError::Protocol(format!("unreadable hello: {error}")))?;
    if hello.protocol == PROTOCOL {
        return Ok(());
    }
    Err(ServeError::Protocol(format!(
        "the orchestrator speaks protocol {} (version {}), this agent {PROTOCOL} (version {})",
        hello.protocol,
        hello.version,
        env!("CARGO_PKG_VERSION")
    )))
}
