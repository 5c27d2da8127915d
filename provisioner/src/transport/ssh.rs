//! SSH by libssh2: one thread per session, non-blocking. Owns the async handle on that thread; decides nothing.
//!
//! A session does one thing at a time: small commands and uploads while it is set up, then one long channel. That is
//! all `lab` needs (the agent's protocol carries everything else), and it keeps libssh2 to the paths that are tested.

mod connect;
mod hostkey;
mod link;
mod login;
mod pump;
mod thread;

use std::io;
use std::os::unix::net::UnixStream as Pair;
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;

pub use hostkey::fingerprint_of;
pub use link::Silence;
pub use pump::Ended;

use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::text;
use crate::transport::{Endpoint, patient, quote};
use {link::Fault, thread::Task};

/// A command that ended, with at most 256 KiB of each output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// How it ended.
    pub ended: Ended,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Executed {
    /// Whether its status was 0.
    pub fn succeeded(&self) -> bool {
        self.ended == Ended::Status(0)
    }

    /// Both outputs as text, standard error last.
    pub fn printed(&self) -> String {
        format!(
            "{}{}",
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(&self.stderr)
        )
    }
}

/// What is remembered of a session and its channel after they ended.
#[derive(Clone, Debug)]
pub struct Trace(Arc<Mutex<Traced>>);

#[derive(Debug, Default)]
struct Traced {
    reason: Option<String>,
    stderr: Vec<u8>,
}

/// A session that is logged in. Dropping it lets a running channel go on; [`Connection::close`] ends both.
#[derive(Debug)]
pub struct Connection {
    node: NodeName,
    sudo: bool,
    tasks: mpsc::Sender<Task>,
    bell: Pair,
    trace: Trace,
    /// Fingerprint of a host key that was seen for the first time, and is remembered from now on.
    pub first_seen: Option<String>,
}

/// Connects and logs in, trying again until `patience` is over while the node boots. A wrong host key and a refused login
/// are final at once. The thread enters the endpoint's network namespace.
pub async fn connect(endpoint: &Endpoint, patience: Duration) -> Result<Connection> {
    let silence = Silence {
        ask: patient(Duration::from_secs(10)),
        dead: patient(Duration::from_secs(30)),
    };
    connect_noticing(endpoint, patience, silence).await
}

/// The same, with other limits for a peer that says nothing.
pub async fn connect_noticing(
    endpoint: &Endpoint,
    patience: Duration,
    silence: Silence,
) -> Result<Connection> {
    let failed = |error: io::Error| {
        Error::new("cannot start an SSH session")
            .because(error)
            .on(&endpoint.node)
    };
    let (bell, heard) = Pair::pair().map_err(failed)?;
    let (tasks, received) = mpsc::channel();
    let (reply, established) = oneshot::channel();
    let trace = Trace::new();
    let (theirs, thread_trace) = (endpoint.clone(), trace.clone());
    let body = move || {
        let connected = enter(&theirs)
            .and_then(|()| connect::establish(&theirs, patience, silence, &|| reply.is_closed()));
        match connected {
            Ok(connect::Established { link, first_seen }) => {
                if reply.send(Ok(first_seen)).is_ok() {
                    thread::work(link, &received, &heard, &thread_trace);
                }
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    };
    std::thread::Builder::new()
        .name(format!("ssh {}", endpoint.node))
        .spawn(body)
        .map_err(failed)?;
    let first_seen = established
        .await
        .unwrap_or_else(|_| Err(Error::new("the SSH thread ended").on(&endpoint.node)))?;
    Ok(Connection {
        node: endpoint.node.clone(),
        sudo: endpoint.sudo,
        tasks,
        bell,
        trace,
        first_seen,
    })
}

fn enter(endpoint: &Endpoint) -> Result<()> {
    match &endpoint.network {
        Some(network) => crate::provider::local::namespace::enter_network(network)
            .map_err(|error| error.on(&endpoint.node)),
        None => Ok(()),
    }
}

impl Connection {
    /// Runs a small command to its end. A status is data; an error means that the session is gone.
    pub async fn exec(&self, argv: &[&str], input: Option<Vec<u8>>) -> Result<Executed> {
        let (reply, result) = oneshot::channel();
        self.ask(
            Task::Execute {
                line: self.line(argv),
                input: input.unwrap_or_default(),
                reply,
            },
            result,
        )
        .await
    }

    /// Writes a file: beside it, checked for size, renamed. Nothing is left behind where that fails.
    pub async fn upload(&self, bytes: Vec<u8>, path: &str, mode: u32) -> Result<()> {
        let (size, mode) = (bytes.len().to_string(), format!("{mode:o}"));
        let done = self
            .exec(
                &["sh", "-c", UPLOAD, "lab-upload", path, &mode, &size],
                Some(bytes),
            )
            .await?;
        if done.succeeded() && done.stdout.ends_with(b"uploaded\n") {
            return Ok(());
        }
        let error = Error::new(text!("{path}에 올릴 수 없음", "cannot upload {path}")).on(&self.node);
        let full = done
            .stderr
            .windows(FULL.len())
            .any(|window| window == FULL.as_bytes());
        let error = error.output(done.printed());
        Err(if full {
            error.hint(text!(
                "노드의 디스크가 가득 찼습니다: 노드에서 `df -h`로 보고 비우세요",
                "the node's disk is full: look with `df -h` on the node and make room"
            ))
        } else {
            error
        })
    }

    /// Starts a program and returns its output, its input, and what is remembered of it. Reading or writing more slowly
    /// than the other side holds the other side back. The program's end is the end of the reader, or an error if it ended
    /// badly; dropping reader and writer ends the program's input.
    pub async fn channel(&self, argv: &[&str]) -> Result<(Reader, OwnedWriteHalf, Trace)> {
        let failed = |error: io::Error| Error::new("cannot make a pipe").because(error).on(&self.node);
        let (ours, theirs) = Pair::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        theirs.set_nonblocking(true).map_err(failed)?;
        let (reader, writer) = UnixStream::from_std(ours).map_err(failed)?.into_split();
        let (reply, started) = oneshot::channel();
        self.ask(
            Task::Serve {
                line: self.line(argv),
                local: theirs,
                reply,
            },
            started,
        )
        .await?;
        Ok((
            Reader {
                half: reader,
                trace: self.trace.clone(),
            },
            writer,
            self.trace.clone(),
        ))
    }

    /// Ends the channel if there is one, says goodbye, and returns once the thread let go of the socket.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        let _ = io::Write::write(&mut &self.bell, b"!");
        if self.tasks.send(Task::Close(reply)).is_ok() {
            let _ = closed.await;
        }
    }

    fn line(&self, argv: &[&str]) -> String {
        let sudo: &[&str] = if self.sudo { &["sudo", "-n", "--"] } else { &[] };
        quote::line(&[sudo, argv].concat())
    }

    async fn ask<T>(&self, task: Task, reply: oneshot::Receiver<std::result::Result<T, Fault>>) -> Result<T> {
        let _ = self.tasks.send(task);
        match reply.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(fault)) => Err(self.gone().cause(fault.to_string())),
            Err(_) => Err(self
                .gone()
                .cause(self.trace.reason().unwrap_or_else(|| Fault::Closed.to_string()))),
        }
    }

    fn gone(&self) -> Error {
        Error::new(text!(
            "노드와의 SSH 연결이 끊어짐",
            "the SSH connection to the node is gone"
        ))
        .on(&self.node)
        .hint(text!(
            "노드가 떠 있는지 `lab status`로 보세요",
            "see with `lab status` whether the node runs"
        ))
    }
}

/// What coreutils and libc say when a disk is full (uploads run with `LC_ALL=C`).
const FULL: &str = "No space left on device";

/// Arguments: path, mode, size. Standard input: the bytes.
const UPLOAD: &str = r#"
set -eu
LC_ALL=C; export LC_ALL
umask 077
mkdir -p -m 755 "$(dirname "$1")"
part=$(mktemp "$(dirname "$1")/.upload.XXXXXX")
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$part"
size=$(wc -c <"$part")
if [ "$size" -ne "$3" ]; then echo "$size of $3 bytes arrived" >&2; exit 1; fi
chmod "$2" "$part"
mv -f "$part" "$1"
echo uploaded
"#;

/// A remote program's standard output. Where the program or the connection ended badly, reading says why.
#[derive(Debug)]
pub struct Reader {
    half: OwnedReadHalf,
    trace: Trace,
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, room) = (buffer.filled().len(), buffer.remaining());
        let Poll::Ready(result) = Pin::new(&mut self.half).poll_read(context, buffer) else {
            return Poll::Pending;
        };
        let ended = room > 0 && buffer.filled().len() == before;
        match self.trace.reason().filter(|_| ended || result.is_err()) {
            Some(reason) => Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, reason))),
            None => Poll::Ready(result),
        }
    }
}
