//! A command under way on the node.

use crate::client::channel::{Call, out_of_turn};
use crate::client::{ClientError, Output};
use crate::wire::frame::Kind;
use crate::wire::{Control, Exited, Pty, Reply};

/// A running command.
#[derive(Debug)]
pub struct Running {
    call: Call,
}

impl Running {
    pub(super) fn new(call: Call) -> Self {
        Self { call }
    }

    /// The next piece of output; `None` once there is no more. Holding back here holds back the command.
    pub async fn next(&mut self) -> Option<Output> {
        let piece = self.call.stream.take().await?;
        Some(match piece.kind {
            Kind::Stderr => Output::Stderr(piece.bytes),
            _ => Output::Stdout(piece.bytes),
        })
    }

    /// Sends standard input (the request must have `stdin` set). An empty slice is not the end: see
    /// [`Running::end_input`]. Errors: the command or the channel ended ([`Running::wait`] says which).
    pub async fn input(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.call
            .stream
            .send(Kind::Data, bytes)
            .await
            .map_err(|closed| ClientError::Gone(closed.to_string()))
    }

    /// Closes standard input.
    pub async fn end_input(&mut self) -> Result<(), ClientError> {
        self.call
            .stream
            .send_end()
            .await
            .map_err(|closed| ClientError::Gone(closed.to_string()))
    }

    /// Sends a signal to the process group.
    pub async fn signal(&self, signal: i32) -> Result<(), ClientError> {
        self.call.control(&Control::Signal(signal)).await
    }

    /// Tells the terminal its new size (only `rows` and `cols` count).
    pub async fn resize(&self, size: &Pty) -> Result<(), ClientError> {
        self.call
            .control(&Control::Resize {
                rows: size.rows,
                cols: size.cols,
            })
            .await
    }

    /// Waits for the end; output not yet taken by [`Running::next`] is dropped.
    pub async fn wait(self) -> Result<Exited, ClientError> {
        while self.call.stream.take().await.is_some() {}
        match self.call.reply().await? {
            Reply::Exited(exited) => Ok(exited),
            other => Err(out_of_turn("an end", &other)),
        }
    }
}
