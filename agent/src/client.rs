//! The orchestrator's end of the channel: a cloneable handle whose methods send a request and await its reply.
//!
//! Works over any byte stream; knows nothing of SSH. One task reads frames and hands them to the stream they belong to.

use tokio::io::{AsyncRead, AsyncWrite};

use crate::wire::{
    Background, EngineAction, EngineFact, Exited, Facts, FactsQuery, Pty, Run, Trust, TrustFact,
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

/// A handle on one agent. Cloning is cheap; all clones share the channel.
#[derive(Debug, Clone)]
pub struct Client {}

/// A running command.
#[derive(Debug)]
pub struct Running {}

impl Client {
    /// Says hello over `reader` and `writer` and checks the answer's protocol version.
    pub async fn connect<R, W>(_reader: R, _writer: W) -> Result<Self, ClientError>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Reads the node's facts.
    pub async fn facts(&self, _query: FactsQuery) -> Result<Facts, ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Runs a command to its end and keeps its output (give `run.cap`: the output is held in memory).
    pub async fn run(&self, _run: Run) -> Result<Completed, ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Starts a command; its output, input, signals and end go through the handle. Dropping the handle cancels it.
    pub async fn start(&self, _run: Run) -> Result<Running, ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Writes a file of `size` bytes read from `source`.
    pub async fn put<S: AsyncRead + Unpin>(
        &self,
        _path: &str,
        _mode: u32,
        _size: u64,
        _sha256: &str,
        _source: S,
    ) -> Result<(), ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Writes a small file held in memory.
    pub async fn put_bytes(&self, _path: &str, _mode: u32, _bytes: &[u8]) -> Result<(), ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Reads a file into `sink` and returns its size and SHA-256, checked against what was received.
    pub async fn get<S: AsyncWrite + Unpin>(
        &self,
        _path: &str,
        _sink: S,
    ) -> Result<(u64, String), ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Connects to `host:port` as the node sees it and moves bytes both ways until both sides ended.
    pub async fn tunnel<S>(&self, _host: &str, _port: u16, _stream: S) -> Result<(), ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Reads or changes what the node's engines trust.
    pub async fn trust(&self, _trust: Trust) -> Result<Vec<TrustFact>, ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Reads or changes the node's engines.
    pub async fn engine(&self, _action: EngineAction) -> Result<Vec<EngineFact>, ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Starts, reads or stops a background process: how it ended if it has, and the last of its output.
    pub async fn background(&self, _request: Background) -> Result<(Option<Exited>, String), ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }
}

impl Running {
    /// The next piece of output; `None` once there is no more. Holding back here holds back the command.
    pub async fn next(&mut self) -> Option<Output> {
        None
    }

    /// Sends standard input (the request must have `stdin` set). An empty slice is not the end: see [`Running::end_input`].
    pub async fn input(&mut self, _bytes: &[u8]) -> Result<(), ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Closes standard input.
    pub async fn end_input(&mut self) -> Result<(), ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Sends a signal to the process group.
    pub async fn signal(&self, _signal: i32) -> Result<(), ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Tells the terminal its new size (only `rows` and `cols` count).
    pub async fn resize(&self, _size: &Pty) -> Result<(), ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }

    /// Waits for the end; output not yet taken by [`Running::next`] is dropped.
    pub async fn wait(self) -> Result<Exited, ClientError> {
        Err(ClientError::Gone("not yet".into()))
    }
}
