//! Moves bytes between one channel and its local end until the remote program ended, holding back whichever side is faster.
//!
//! Owns the rules libssh2 needs: standard error is read in every turn (it is what drains the socket, so that key exchanges,
//! window adjustments and signs of life get through while nobody takes the output); a write that was begun is repeated with
//! the same bytes until it is done; small packets are only sent while nothing waits and the socket has room.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;
use ssh2::Channel;

use super::link::{Fault, Link, settle, settle_io};
use crate::transport::patient;

const CHUNK: usize = 64 * 1024;

/// The local end of a channel. All methods return `WouldBlock` instead of waiting.
pub trait Local {
    /// The next bytes for the remote program; `Ok(0)`: no more.
    fn pull(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Takes bytes of standard output.
    fn push(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Takes bytes of standard error.
    fn push_error(&mut self, bytes: &[u8]);
    /// What to wait for when `pull` or `push` would block.
    fn readiness(&self) -> Option<BorrowedFd<'_>>;
}

/// How a remote program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this status.
    Status(i32),
    /// By this signal (without `SIG`).
    Signal(String),
}

/// Bytes on their way: filled whole, emptied bit by bit.
struct Buffer {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Buffer {
    fn new() -> Self {
        Self {
            bytes: vec![0; CHUNK].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    fn filled(&mut self, count: usize) {
        (self.start, self.end) = (0, count);
    }

    fn taken(&mut self, count: usize) {
        self.start += count;
    }
}

/// One channel at work.
pub struct Pump<'a, L> {
    link: &'a mut Link,
    channel: Channel,
    local: L,
    /// Until it rang, or nobody is left to ring it.
    bell: Option<&'a UnixStream>,
    /// Longest time without any byte moving, where there is one.
    stall: Option<Duration>,
    incoming: Buffer,
    outgoing: Buffer,
    scratch: Box<[u8]>,
    /// The local end gives nothing more.
    input_ended: bool,
    /// The remote end was told so.
    told: bool,
    /// The local end takes nothing more.
    deaf: bool,
    /// libssh2 wants room in the socket.
    send: bool,
    moved: Instant,
    /// Set once the local end is gone: the remote program has until then to end.
    leave: Option<Instant>,
}

impl<'a, L: Local> Pump<'a, L> {
    /// Starts `line` on a new channel. A byte on `bell` ends the input, whatever the local end says.
    pub fn start(link: &'a mut Link, line: &str, local: L, bell: &'a UnixStream) -> Result<Self, Fault> {
        let deadline = Instant::now() + patient(Duration::from_secs(30));
        let mut channel = link.drive(deadline, |session| session.channel_session())?;
        link.drive(deadline, |_| channel.exec(line))?;
        Ok(Self {
            link,
            channel,
            local,
            bell: Some(bell),
            stall: None,
            incoming: Buffer::new(),
            outgoing: Buffer::new(),
            scratch: vec![0; 16 * 1024].into_boxed_slice(),
            input_ended: false,
            told: false,
            deaf: false,
            send: false,
            moved: Instant::now(),
            leave: None,
        })
    }

    /// Gives up when no byte moved for this long.
    pub fn stall_after(mut self, limit: Duration) -> Self {
        self.stall = Some(limit);
        self
    }

    /// Moves bytes until the remote program's output ended and all of it was taken; closes the channel.
    pub fn run(mut self) -> Result<(Ended, L), Fault> {
        loop {
            let moved = self.turn()?;
            if self.channel.eof() && (self.incoming.is_empty() || self.deaf) {
                return self.close();
            }
            let now = Instant::now();
            if moved {
                self.moved = now;
                continue;
            }
            let queued = self.incoming.is_empty() && self.channel.read_window().available > 0;
            if queued {
                continue;
            }
            if let Some(limit) = self.stall.filter(|limit| now - self.moved > *limit) {
                return Err(Fault::Silent(limit));
            }
            if self.leave.is_some_and(|leave| now > leave) {
                return Err(Fault::Closed);
            }
            self.wait()?;
        }
    }

    /// Does what can be done without waiting. Reads come first: a write that cannot be sent must see the newest window.
    fn turn(&mut self) -> Result<bool, Fault> {
        self.send = false;
        let mut moved = self.read_error()?;
        moved |= self.read_output()?;
        moved |= self.give_output();
        moved |= self.take_input();
        moved |= self.write_input()?;
        moved |= self.tell_end()?;
        Ok(moved)
    }

    fn read_error(&mut self) -> Result<bool, Fault> {
        let read = self.channel.stderr().read(&mut self.scratch);
        let count = settle_io(read, &self.link.session)?.unwrap_or(0);
        self.send |= self.link.wants_to_send();
        self.local.push_error(&self.scratch[..count]);
        Ok(self.link.heard(count))
    }

    fn read_output(&mut self) -> Result<bool, Fault> {
        if !self.incoming.is_empty() {
            return Ok(false);
        }
        let read = self.channel.read(&mut self.incoming.bytes);
        let count = settle_io(read, &self.link.session)?.unwrap_or(0);
        self.send |= self.link.wants_to_send();
        self.incoming.filled(count);
        Ok(self.link.heard(count))
    }

    fn give_output(&mut self) -> bool {
        if self.incoming.is_empty() {
            return false;
        }
        if self.deaf {
            self.incoming.filled(0);
            return true;
        }
        match self.local.push(self.incoming.waiting()) {
            Ok(count) => {
                self.incoming.taken(count);
                count > 0
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(_) => {
                self.deaf = true;
                self.hurry();
                true
            }
        }
    }

    fn take_input(&mut self) -> bool {
        if self.input_ended || !self.outgoing.is_empty() {
            return false;
        }
        match self.local.pull(&mut self.outgoing.bytes) {
            Ok(0) => {
                self.input_ended = true;
                true
            }
            Ok(count) => {
                self.outgoing.filled(count);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(_) => {
                self.input_ended = true;
                true
            }
        }
    }

    fn write_input(&mut self) -> Result<bool, Fault> {
        if self.outgoing.is_empty() {
            return Ok(false);
        }
        let written = self.channel.write(self.outgoing.waiting());
        let count = settle_io(written, &self.link.session)?.unwrap_or(0);
        self.send |= self.link.wants_to_send();
        self.outgoing.taken(count);
        Ok(count > 0)
    }

    fn tell_end(&mut self) -> Result<bool, Fault> {
        let ready = self.input_ended && self.outgoing.is_empty() && !self.told;
        if !ready || self.send || !self.link.has_room() {
            self.send |= ready;
            return Ok(false);
        }
        self.told = settle(self.channel.send_eof())?.is_some();
        self.send |= self.link.wants_to_send();
        Ok(self.told)
    }

    fn hurry(&mut self) {
        self.input_ended = true;
        self.leave
            .get_or_insert(Instant::now() + patient(Duration::from_secs(3)));
    }

    fn wait(&mut self) -> Result<(), Fault> {
        let mut interest = PollFlags::empty();
        interest.set(PollFlags::POLLIN, !self.input_ended && self.outgoing.is_empty());
        interest.set(PollFlags::POLLOUT, !self.incoming.is_empty() && !self.deaf);
        let mut others = vec![];
        if let Some(bell) = self.bell {
            others.push((bell.as_fd(), PollFlags::POLLIN));
        }
        if let Some(local) = self.local.readiness().filter(|_| !interest.is_empty()) {
            others.push((local, interest));
        }
        let happened = self.link.poll(self.send, &others, Duration::from_secs(1))?;
        if let Some(mut bell) = self.bell.filter(|_| happened) {
            self.bell = None;
            if matches!(bell.read(&mut [0]), Ok(1)) {
                self.hurry();
            }
        }
        Ok(())
    }

    /// Ends the channel from this side too and asks how the program ended.
    fn close(mut self) -> Result<(Ended, L), Fault> {
        let deadline = Instant::now() + patient(Duration::from_secs(5));
        // Bytes half sent must be sent whole, or nothing can follow them. With no window left, nothing was begun.
        while !self.outgoing.is_empty() && self.send && self.channel.write_window().remaining > 0 {
            self.send = false;
            if self.write_input()? || Instant::now() > deadline {
                break;
            }
            self.link
                .poll(self.send, &[], deadline.saturating_duration_since(Instant::now()))?;
        }
        let channel = &mut self.channel;
        self.link.drive(deadline, |_| channel.close())?;
        self.link.drive(deadline, |_| channel.wait_close())?;
        let signal = channel.exit_signal().ok().and_then(|signal| signal.exit_signal);
        let ended = match signal {
            Some(signal) => Ended::Signal(signal),
            None => Ended::Status(channel.exit_status()?),
        };
        Ok((ended, self.local))
    }
}
