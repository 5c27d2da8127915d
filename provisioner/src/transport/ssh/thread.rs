//! The thread that owns a session: connects, then does one thing after another until nobody can ask for more.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::link::{Fault, Link};
use super::pump::{Ended, Local, Pump};
use super::{Executed, Trace};
use crate::transport::patient;

/// Bytes of a small command's output that are kept, each stream.
const KEPT: usize = 256 * 1024;

/// What the thread is asked to do.
pub enum Task {
    /// Run a small command to its end.
    Execute {
        /// Shell line.
        line: String,
        /// Its standard input.
        input: Vec<u8>,
        /// Where the result goes.
        reply: oneshot::Sender<Result<Executed, Fault>>,
    },
    /// Run a program whose input and output are the other end of `local`.
    Serve {
        /// Shell line.
        line: String,
        /// This side of the pipe.
        local: UnixStream,
        /// Sent once the program was started.
        reply: oneshot::Sender<Result<(), Fault>>,
    },
    /// Say goodbye and end.
    Close(oneshot::Sender<()>),
}

/// Does tasks until told to close, until nobody is left to ask, or until the connection breaks; what broke it goes into `trace`.
pub fn work(mut link: Link, tasks: &Receiver<Task>, bell: &UnixStream, trace: &Trace) {
    let farewell = loop {
        match tasks.recv_timeout(Duration::from_secs(1)) {
            Ok(Task::Execute { line, input, reply }) => {
                let result = execute(&mut link, &line, input, bell);
                let fault = result.as_ref().err().cloned();
                let _ = reply.send(result);
                if let Some(fault) = fault {
                    return trace.broke(&fault.to_string());
                }
            }
            Ok(Task::Serve { line, local, reply }) => {
                if let Err(fault) = serve(&mut link, &line, local, reply, bell, trace) {
                    return trace.broke(&fault.to_string());
                }
            }
            Ok(Task::Close(reply)) => break Some(reply),
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => {
                if let Err(fault) = link.poll(false, &[], Duration::ZERO) {
                    return trace.broke(&fault.to_string());
                }
            }
        }
    };
    let deadline = Instant::now() + patient(Duration::from_secs(1));
    let _ = link.drive(deadline, |session| session.disconnect(None, "done", None));
    drop(link);
    if let Some(reply) = farewell {
        let _ = reply.send(());
    }
}

fn execute(link: &mut Link, line: &str, input: Vec<u8>, bell: &UnixStream) -> Result<Executed, Fault> {
    let local = Memory {
        input: io::Cursor::new(input),
        stdout: vec![],
        stderr: vec![],
    };
    let pump = Pump::start(link, line, local, bell)?.stall_after(patient(Duration::from_secs(30)));
    let (ended, Memory { stdout, stderr, .. }) = pump.run()?;
    Ok(Executed {
        ended,
        stdout,
        stderr,
    })
}

fn serve(
    link: &mut Link,
    line: &str,
    local: UnixStream,
    reply: oneshot::Sender<Result<(), Fault>>,
    bell: &UnixStream,
    trace: &Trace,
) -> Result<(), Fault> {
    // Held until the trace is written: the end of the pipe makes the other side read it.
    let held = local.try_clone();
    let local = Pipe {
        stream: local,
        trace: trace.clone(),
    };
    let pump = match held.as_ref().map_err(|error| Fault::System(error.to_string())) {
        Ok(_) => Pump::start(link, line, local, bell),
        Err(fault) => Err(fault),
    };
    let pump = match pump {
        Ok(pump) => pump,
        Err(fault) => {
            let _ = reply.send(Err(fault.clone()));
            return Err(fault);
        }
    };
    let _ = reply.send(Ok(()));
    let ended = pump.run();
    match &ended {
        Ok((Ended::Status(0), _)) => {}
        Ok((Ended::Status(status), _)) => {
            trace.broke(&format!("the program on the node ended with status {status}"))
        }
        Ok((Ended::Signal(signal), _)) => {
            trace.broke(&format!("the program on the node was ended by SIG{signal}"))
        }
        Err(fault) => trace.broke(&fault.to_string()),
    }
    ended.map(drop)
}

/// Input and output in memory.
struct Memory {
    input: io::Cursor<Vec<u8>>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    kept.extend_from_slice(&bytes[..bytes.len().min(KEPT.saturating_sub(kept.len()))]);
}

impl Local for Memory {
    fn pull(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<usize> {
        keep(&mut self.stdout, bytes);
        Ok(bytes.len())
    }

    fn push_error(&mut self, bytes: &[u8]) {
        keep(&mut self.stderr, bytes);
    }

    fn readiness(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// Input and output through a socket pair; standard error only leaves a trace.
struct Pipe {
    stream: UnixStream,
    trace: Trace,
}

impl Local for Pipe {
    fn pull(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn push_error(&mut self, bytes: &[u8]) {
        self.trace.heard(bytes);
    }

    fn readiness(&self) -> Option<BorrowedFd<'_>> {
        Some(self.stream.as_fd())
    }
}

/// Bytes of standard error that are remembered.
const TAIL: usize = 8 * 1024;

impl Trace {
    fn lock(&self) -> std::sync::MutexGuard<'_, super::Traced> {
        Arc::as_ref(&self.0)
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What broke the connection or ended the program badly; the first reason counts.
    fn broke(&self, reason: &str) {
        self.lock().reason.get_or_insert_with(|| reason.to_owned());
    }

    fn heard(&self, bytes: &[u8]) {
        let tail = &mut self.lock().stderr;
        tail.extend_from_slice(bytes);
        let excess = tail.len().saturating_sub(TAIL);
        tail.drain(..excess);
    }

    /// Why the connection is of no more use, if so.
    pub fn reason(&self) -> Option<String> {
        self.lock().reason.clone()
    }

    /// The last of what the program wrote to its standard error.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.lock().stderr).into_owned()
    }

    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(super::Traced::default())))
    }
}
