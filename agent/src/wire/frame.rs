//! Frames: `length: u32 | stream: u32 | kind: u8 | body`, big-endian, `length` counting what follows it.
//! A frame is at most [`MAX_FRAME`] long; a longer header is refused before a byte of it is read.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Longest frame, header included: room for a 64 KiB chunk and any request.
pub const MAX_FRAME: u32 = 1024 * 1024;
/// Largest chunk of raw bytes a sender puts into one frame.
pub const CHUNK: usize = 32 * 1024;
const HEADER: u32 = 5;

/// What a frame's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// JSON [`super::Hello`].
    Hello = 0,
    /// JSON [`super::Request`]; opens the stream.
    Request = 1,
    /// JSON [`super::Reply`]; ends the stream.
    Reply = 2,
    /// JSON [`super::Control`].
    Control = 3,
    /// Raw bytes towards the node.
    Data = 4,
    /// Raw bytes from the node: standard output, file contents, tunnel.
    Stdout = 5,
    /// Raw bytes from the node: standard error.
    Stderr = 6,
    /// The sender will send no more raw bytes on this stream.
    End = 7,
    /// Four bytes, big-endian: raw bytes consumed since the last credit.
    Credit = 8,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Stream it belongs to; 0 is the hello.
    pub stream: u32,
    /// What the body is.
    pub kind: Kind,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side is gone.
    #[error("the other side closed the channel")]
    Closed,
    /// The header promises more than [`MAX_FRAME`], or less than a header.
    #[error(
        "frame of {0} bytes refused (at most {MAX_FRAME} allowed): the peer does not speak this protocol"
    )]
    Length(u32),
    /// A kind nobody defined.
    #[error("frame of unknown kind {0}")]
    Kind(u8),
    /// The channel failed.
    #[error("channel: {0}")]
    Io(#[from] std::io::Error),
}

impl Frame {
    /// Reads one frame. Errors: [`FrameError`]; `Closed` only between frames, a cut frame is an `Io` error.
    pub async fn read<R: AsyncRead + Unpin>(reader: &mut R) -> Result<Self, FrameError> {
        let mut length = [0u8; 4];
        match reader.read_exact(&mut length[..1]).await {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(FrameError::Closed);
            }
            Err(error) => return Err(error.into()),
        }
        reader.read_exact(&mut length[1..]).await?;
        let length = u32::from_be_bytes(length);
        if !(HEADER..=MAX_FRAME).contains(&length) {
            return Err(FrameError::Length(length));
        }
        let stream = reader.read_u32().await?;
        let kind = Kind::try_from(reader.read_u8().await?)?;
        let mut body = vec![0; (length - HEADER) as usize];
        reader.read_exact(&mut body).await?;
        Ok(Self { stream, kind, body })
    }

    /// Appends the frame to `bytes`. Errors: [`FrameError::Length`].
    pub fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), FrameError> {
        let length = u32::try_from(self.body.len())
            .unwrap_or(u32::MAX)
            .saturating_add(HEADER);
        if length > MAX_FRAME {
            return Err(FrameError::Length(length));
        }
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.stream.to_be_bytes());
        bytes.push(self.kind as u8);
        bytes.extend_from_slice(&self.body);
        Ok(())
    }

    /// Writes one frame and flushes it.
    pub async fn write<W: AsyncWrite + Unpin>(&self, writer: &mut W) -> Result<(), FrameError> {
        let mut bytes = Vec::with_capacity(self.body.len() + 9);
        self.encode(&mut bytes)?;
        writer.write_all(&bytes).await?;
        writer.flush().await?;
        Ok(())
    }
}

impl TryFrom<u8> for Kind {
    type Error = FrameError;

    fn try_from(byte: u8) -> Result<Self, FrameError> {
        Ok(match byte {
            0 => Self::Hello,
            1 => Self::Request,
            2 => Self::Reply,
            3 => Self::Control,
            4 => Self::Data,
            5 => Self::Stdout,
            6 => Self::Stderr,
            7 => Self::End,
            8 => Self::Credit,
            other => return Err(FrameError::Kind(other)),
        })
    }
}
