//! One libssh2 session on its socket, non-blocking: waits for what it wants, keeps it alive, notices a dead peer.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout};
use ssh2::{BlockDirections, ErrorCode, Session};

/// `LIBSSH2_ERROR_EAGAIN`.
const AGAIN: ErrorCode = ErrorCode::Session(-37);

/// Why a session is of no more use.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// libssh2 said so.
    #[error("{message}")]
    Ssh {
        /// Its code, one of `LIBSSH2_ERROR_*`.
        code: i32,
        /// What it says, or better words of ours.
        message: String,
    },
    /// The peer said nothing for too long.
    #[error("no answer for {:.1} s", .0.as_secs_f32())]
    Silent(Duration),
    /// A system call failed.
    #[error("{0}")]
    System(String),
    /// The orchestrator itself ended it.
    #[error("the connection was closed by lab")]
    Closed,
}

impl From<ssh2::Error> for Fault {
    fn from(error: ssh2::Error) -> Self {
        let code = match error.code() {
            ErrorCode::Session(code) | ErrorCode::SFTP(code) => code,
        };
        let message = match code {
            -13 | -43 | -7 => "the other side closed the connection".to_owned(),
            _ => error.message().to_owned(),
        };
        Self::Ssh { code, message }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::System(error.to_string())
    }
}

/// `None` where libssh2 wants to be called again.
pub fn settle<T>(result: Result<T, ssh2::Error>) -> Result<Option<T>, Fault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code() == AGAIN => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The same for libssh2's reads and writes, which come as `io::Error`.
pub fn settle_io(result: io::Result<usize>, session: &Session) -> Result<Option<usize>, Fault> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(ssh2::Error::last_session_error(session).map_or_else(|| error.into(), Fault::from)),
    }
}

/// How long a peer may be silent. Only time spent waiting for it counts: not that of a stopped `lab` or a sleeping laptop.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
    /// After this it is asked for a sign of life (and again every so often; libssh2 asks at most every two seconds).
    pub ask: Duration,
    /// After this it is dead.
    pub dead: Duration,
}

/// A session and its socket.
pub struct Link {
    /// libssh2's side.
    pub session: Session,
    socket: Arc<TcpStream>,
    limits: Silence,
    silent: Duration,
}

impl Link {
    /// Takes a connected socket.
    pub fn new(socket: TcpStream, limits: Silence) -> Result<Self, Fault> {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let socket = Arc::new(socket);
        let mut session = Session::new()?;
        session.set_tcp_stream(Arc::clone(&socket));
        session.set_blocking(false);
        let every = u32::try_from(limits.ask.as_secs()).unwrap_or(u32::MAX);
        session.set_keepalive(true, every.max(2));
        Ok(Self {
            session,
            socket,
            limits,
            silent: Duration::ZERO,
        })
    }

    /// Whether libssh2 has bytes it could not send.
    pub fn wants_to_send(&self) -> bool {
        matches!(
            self.session.block_directions(),
            BlockDirections::Outbound | BlockDirections::Both
        )
    }

    /// Calls `operation` until it is done, waiting for the socket in between, at most until `deadline`.
    pub fn drive<T>(
        &mut self,
        deadline: Instant,
        mut operation: impl FnMut(&mut Session) -> Result<T, ssh2::Error>,
    ) -> Result<T, Fault> {
        let since = Instant::now();
        loop {
            if let Some(value) = settle(operation(&mut self.session))? {
                return Ok(value);
            }
            let now = Instant::now();
            if now >= deadline {
                return Err(Fault::Silent(now - since));
            }
            self.poll(self.wants_to_send(), &[], deadline - now)?;
            self.acknowledge_at_once();
        }
    }

    /// A server sends its small answers one by one and, without a terminal, holds each back until the one before was
    /// acknowledged; Linux waits 40 ms with that. Seen: the first command took 50 ms, and takes 8.
    fn acknowledge_at_once(&self) {
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&*self.socket).set_tcp_quickack(true);
    }

    /// Waits until the socket or one of `others` is ready, at most `limit` (and never longer than a second; once more as long
    /// where the peer was just asked for a sign of life). Returns whether anything happened on the first of `others`.
    pub fn poll(
        &mut self,
        send: bool,
        others: &[(BorrowedFd, PollFlags)],
        limit: Duration,
    ) -> Result<bool, Fault> {
        let interest = if send {
            PollFlags::POLLIN | PollFlags::POLLOUT
        } else {
            PollFlags::POLLIN
        };
        let socket = Arc::clone(&self.socket);
        let mut all = vec![PollFd::new(socket.as_fd(), interest)];
        all.extend(
            others
                .iter()
                .map(|(descriptor, interest)| PollFd::new(*descriptor, *interest)),
        );
        let limit = limit.min(self.limits.ask).min(Duration::from_secs(1));
        let mut quiet = self.look(&mut all, limit)?;
        // The answer is waited for here: if the caller read at once, libssh2 could swallow it before it was noticed.
        if self.keep_alive(send)? && quiet {
            quiet = self.look(&mut all, limit)?;
        }
        Ok(!quiet && all.get(1).and_then(PollFd::any).unwrap_or(false))
    }

    /// Waits once. Returns whether nothing happened.
    fn look(&mut self, all: &mut [PollFd], limit: Duration) -> Result<bool, Fault> {
        let since = Instant::now();
        // Rounded up, or the last fraction of a millisecond would be spun away.
        let timeout = PollTimeout::try_from(limit.as_millis() + 1).unwrap_or(PollTimeout::MAX);
        let ready = match nix::poll::poll(all, timeout) {
            Ok(ready) => ready,
            Err(nix::errno::Errno::EINTR) => 0,
            Err(error) => return Err(Fault::System(error.desc().to_owned())),
        };
        let readable = |socket: &PollFd| {
            socket
                .revents()
                .is_some_and(|events| events.contains(PollFlags::POLLIN))
        };
        if ready > 0 && all.first().is_some_and(readable) {
            self.silent = Duration::ZERO;
        } else {
            self.silent += since.elapsed().min(limit);
        }
        Ok(ready == 0)
    }

    /// That many bytes were read, perhaps while nobody waited for the socket. Returns whether there were any.
    pub fn heard(&mut self, count: usize) -> bool {
        if count > 0 {
            self.silent = Duration::ZERO;
        }
        count > 0
    }

    /// Asks a silent peer for a sign of life; returns whether it did. Only while nothing waits to be sent and the socket has
    /// room: libssh2 keeps this packet on its stack, and one sent by half could never be completed.
    fn keep_alive(&mut self, sending: bool) -> Result<bool, Fault> {
        if self.silent > self.limits.dead {
            return Err(Fault::Silent(self.silent));
        }
        let ask = self.silent >= self.limits.ask && !sending && self.has_room();
        if ask {
            settle(self.session.keepalive_send())?;
        }
        Ok(ask)
    }

    /// Whether the socket takes a small packet whole.
    pub fn has_room(&self) -> bool {
        let mut socket = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
        nix::poll::poll(&mut socket, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }
}
