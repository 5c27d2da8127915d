//! Serves on standard input and output, without a thread in between where they are pipes or sockets (as sshd's are).

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until the channel closes or somebody ends the agent.
pub(super) async fn serve() -> Result<(), String> {
    let stop = stop().map_err(|error| error.to_string())?;
    let reader = input().map_err(|error| format!("standard input: {error}"))?;
    let writer = output().map_err(|error| format!("standard output: {error}"))?;
    crate::server::serve_until(reader, writer, stop)
        .await
        .map_err(|error| error.to_string())
}

/// Resolves at the first request to end; registered before anything runs.
fn stop() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

enum Nature {
    Pipe(OwnedFd),
    Socket(UnixStream),
    Other,
}

fn nature(fd: impl AsFd) -> io::Result<Nature> {
    let owned = fd.as_fd().try_clone_to_owned()?;
    let file = File::from(owned);
    let kind = file.metadata()?.file_type();
    Ok(if kind.is_fifo() {
        Nature::Pipe(file.into())
    } else if kind.is_socket() {
        let socket = UnixStream::from(OwnedFd::from(file));
        socket.set_nonblocking(true)?;
        Nature::Socket(socket)
    } else {
        Nature::Other
    })
}

fn input() -> io::Result<Box<dyn AsyncRead + Unpin>> {
    Ok(match nature(io::stdin())? {
        Nature::Pipe(fd) => Box::new(pipe::Receiver::from_owned_fd(fd)?),
        Nature::Socket(socket) => Box::new(tokio::net::UnixStream::from_std(socket)?),
        Nature::Other => Box::new(tokio::io::stdin()),
    })
}

fn output() -> io::Result<Box<dyn AsyncWrite + Unpin + Send>> {
    Ok(match nature(io::stdout())? {
        Nature::Pipe(fd) => Box::new(pipe::Sender::from_owned_fd(fd)?),
        Nature::Socket(socket) => Box::new(tokio::net::UnixStream::from_std(socket)?),
        Nature::Other => Box::new(tokio::io::stdout()),
    })
}
