//! The orchestrator's end of the channel: a cloneable handle whose methods send a request and await its reply.
//!
//! Works over any byte stream; knows nothing of SSH. One task reads frames and hands them to the stream they belong to
//! ([`channel`]); it never waits for anything but the channel, so a slow consumer holds back nobody else.

mod channel;
mod running;
mod transfer;

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::channel::{Call, Channel, out_of_turn};
pub use crate::client::running::Running;
use crate::digest;
use crate::wire::{
    Background, EngineAction, EngineFact, Exited, Facts, FactsQuery, Reply, Request, Run, Trust, TrustFact,
};

/// Why a request has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClientError {
    /// The channel closed or broke; every pending request ends with this.
    #[error("the agent's channel is gone: {0}")]
    Gone(String),
    /// The agent answered that it could not.
    #[error("{0}")]
    Failed(String),
    /// The agent answered something else than was asked, or speaks another protocol.
    #[error("the agent answered out of turn: {0}")]
    Protocol(String),
    /// Reading or writing the local side of a transfer failed.
    #[error("local side of the transfer: {0}")]
    Local(String),
}

/// A piece of a running command's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Bytes of standard output.
    Stdout(Vec<u8>),
    /// Bytes of standard error.
    Stderr(Vec<u8>),
}

/// A command that ended, with its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// How it ended.
    pub exited: Exited,
    /// Standard output, up to the cap of the request.
    pub stdout: Vec<u8>,
    /// Standard error, up to the cap of the request.
    pub stderr: Vec<u8>,
}

/// A handle on one agent. Cloning is cheap; all clones share the channel, which closes with the last of them.
#[derive(Debug, Clone)]
pub struct Client {
    channel: Arc<Channel>,
}

impl Client {
    /// Says hello over `reader` and `writer` and checks the answer's protocol version.
    pub async fn connect<R, W>(reader: R, writer: W) -> Result<Self, ClientError>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        Ok(Self {
            channel: Arc::new(Channel::open(reader, writer).await?),
        })
    }

    /// Reads the node's facts.
    pub async fn facts(&self, query: FactsQuery) -> Result<Facts, ClientError> {
        match self.ask(&Request::Facts(query)).await? {
            Reply::Facts(facts) => Ok(*facts),
            other => Err(out_of_turn("facts", &other)),
        }
    }

    /// Runs a command to its end and keeps its output (give `run.cap`: the output is held in memory).
    pub async fn run(&self, run: Run) -> Result<Completed, ClientError> {
        self.run_watched(run, |_| ()).await
    }

    /// As [`Client::run`]; `watch` sees each piece of output when it arrives.
    pub async fn run_watched(
        &self,
        run: Run,
        mut watch: impl FnMut(&Output),
    ) -> Result<Completed, ClientError> {
        let mut running = self.start(run).await?;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        while let Some(output) = running.next().await {
            watch(&output);
            match output {
                Output::Stdout(bytes) => stdout.extend_from_slice(&bytes),
                Output::Stderr(bytes) => stderr.extend_from_slice(&bytes),
            }
        }
        Ok(Completed {
            exited: running.wait().await?,
            stdout,
            stderr,
        })
    }

    /// Starts a command; its output, input, signals and end go through the handle. Dropping the handle cancels it.
    pub async fn start(&self, run: Run) -> Result<Running, ClientError> {
        Ok(Running::new(self.call(&Request::Run(run)).await?))
    }

    /// Writes a file of `size` bytes read from `source`.
    pub async fn put<S: AsyncRead + Unpin>(
        &self,
        path: &str,
        mode: u32,
        size: u64,
        sha256: &str,
        source: S,
    ) -> Result<(), ClientError> {
        transfer::put(self, path, mode, size, sha256, source).await
    }

    /// Writes a small file held in memory.
    pub async fn put_bytes(&self, path: &str, mode: u32, bytes: &[u8]) -> Result<(), ClientError> {
        self.put(path, mode, bytes.len() as u64, &digest::of(bytes), bytes)
            .await
    }

    /// Reads a file into `sink` and returns its size and SHA-256, checked against what was received.
    pub async fn get<S: AsyncWrite + Unpin>(
        &self,
        path: &str,
        sink: S,
    ) -> Result<(u64, String), ClientError> {
        transfer::get(self, path, sink).await
    }

    /// Connects to `host:port` as the node sees it and moves bytes both ways until both sides ended.
    pub async fn tunnel<S>(&self, host: &str, port: u16, stream: S) -> Result<(), ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        transfer::tunnel(self, host, port, stream).await
    }

    /// Reads or changes what the node's engines trust.
    pub async fn trust(&self, trust: Trust) -> Result<Vec<TrustFact>, ClientError> {
        match self.ask(&Request::Trust(trust)).await? {
            Reply::Trust(facts) => Ok(facts),
            other => Err(out_of_turn("trust", &other)),
        }
    }

    /// Reads or changes the node's engines.
    pub async fn engine(&self, action: EngineAction) -> Result<Vec<EngineFact>, ClientError> {
        match self.ask(&Request::Engine(action)).await? {
            Reply::Engines(facts) => Ok(facts),
            other => Err(out_of_turn("engines", &other)),
        }
    }

    /// Starts, reads or stops a background process: how it ended if it has, and the last of its output.
    pub async fn background(&self, request: Background) -> Result<(Option<Exited>, String), ClientError> {
        match self.ask(&Request::Background(request)).await? {
            Reply::Background { exited, output } => Ok((exited, output)),
            other => Err(out_of_turn("background", &other)),
        }
    }

    async fn call(&self, request: &Request) -> Result<Call, ClientError> {
        self.channel.call(request).await
    }

    async fn ask(&self, request: &Request) -> Result<Reply, ClientError> {
        self.call(request).await?.reply().await
    }
}
