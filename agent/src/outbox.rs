//! The one way out: a bounded queue of frames and the task that writes them. Decides nothing about who may send.

use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::wire::frame::{Frame, FrameError, Kind, MAX_FRAME};

/// Frames that may wait. With credit per stream this is what bounds memory on the way out.
const QUEUE: usize = 64;
/// Frames put into one write.
const BATCH: usize = 8;

/// The channel can take no more frames.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the channel is closed")]
pub(crate) struct Closed;

/// Sends frames to the writing task.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    sender: mpsc::Sender<Frame>,
}

impl Outbox {
    /// The queue, and the future that writes until every `Outbox` is dropped or the channel fails.
    pub(crate) fn open<W: AsyncWrite + Unpin>(
        writer: W,
    ) -> (Self, impl Future<Output = Result<(), FrameError>>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { sender }, write_all(writer, receiver))
    }

    /// Queues a frame, waiting for room.
    pub(crate) async fn send(&self, frame: Frame) -> Result<(), Closed> {
        self.sender.send(frame).await.map_err(|_| Closed)
    }

    /// Queues a frame from where nobody can wait: at once if there is room, else by a task.
    pub(crate) fn send_soon(&self, frame: Frame) {
        if let Err(mpsc::error::TrySendError::Full(frame)) = self.sender.try_send(frame)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let sender = self.sender.clone();
            runtime.spawn(async move { sender.send(frame).await });
        }
    }

    /// Resolves once the channel takes no more frames.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }
}

async fn write_all<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut receiver: mpsc::Receiver<Frame>,
) -> Result<(), FrameError> {
    let (mut frames, mut bytes) = (Vec::with_capacity(BATCH), Vec::new());
    while receiver.recv_many(&mut frames, BATCH).await > 0 {
        for frame in frames.drain(..) {
            frame.encode(&mut bytes)?;
        }
        writer.write_all(&bytes).await?;
        writer.flush().await?;
        bytes.clear();
        bytes.shrink_to(MAX_FRAME as usize);
    }
    writer.shutdown().await?;
    Ok(())
}

/// A frame with a JSON body. Errors: the body would not fit into a frame.
pub(crate) fn json_frame<T: Serialize>(stream: u32, kind: Kind, value: &T) -> Result<Frame, String> {
    let body = serde_json::to_vec(value).map_err(|error| error.to_string())?;
    if body.len() > MAX_FRAME as usize - 16 {
        return Err(format!(
            "{} bytes do not fit into one frame of {MAX_FRAME}",
            body.len()
        ));
    }
    Ok(Frame { stream, kind, body })
}
