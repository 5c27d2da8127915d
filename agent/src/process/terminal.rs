//! A pseudo-terminal's master side as an asynchronous byte stream.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::pin::Pin;
use std::task::{Context, Poll};

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::pipe;

use crate::wire::Pty;

/// The master side. Its reader and writer hold duplicates of it.
#[derive(Debug)]
pub(super) struct Terminal {
    master: OwnedFd,
}

impl Terminal {
    /// A new terminal of that size, and the side the process gets.
    pub(super) fn open(size: &Pty) -> io::Result<(Self, File)> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let master = posix_openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let flags = OFlag::O_NOCTTY.bits();
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(ptsname_r(&master)?)?;
        let terminal = Self {
            master: master.into(),
        };
        terminal.resize(size.rows, size.cols);
        Ok((terminal, slave))
    }

    pub(super) fn resize(&self, rows: u16, cols: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: cols,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        // A terminal whose process is gone needs no size.
        drop(tcsetwinsize(self.master.as_fd(), size));
    }

    /// What the process writes. A terminal is no pipe, but is read and waited for in the same way.
    pub(super) fn reader(&self) -> io::Result<Reader> {
        Ok(Reader(pipe::Receiver::from_owned_fd_unchecked(
            self.master.try_clone()?,
        )?))
    }

    /// What the process reads.
    pub(super) fn writer(&self) -> io::Result<Writer> {
        Ok(Writer(pipe::Sender::from_owned_fd_unchecked(
            self.master.try_clone()?,
        )?))
    }
}

/// Output of the terminal.
pub(super) struct Reader(pipe::Receiver);

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.0).poll_read(cx, buffer) {
            // Linux says EIO once nobody holds the other side: that is the end.
            Poll::Ready(Err(error)) if error.raw_os_error() == Some(nix::libc::EIO) => Poll::Ready(Ok(())),
            other => other,
        }
    }
}

/// Input of the terminal.
pub(super) struct Writer(pipe::Sender);

impl AsyncWrite for Writer {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    /// The end of input on a terminal is a character.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write(cx, b"\x04").map_ok(drop)
    }
}
