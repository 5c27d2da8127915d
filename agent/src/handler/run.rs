//! Runs a command: output out, input and signals in, and the end of its whole group by deadline or cancel.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::process::{GRACE, Process, SIGTERM, Sink, Source};
use crate::stream::Stream;
use crate::wire::frame::{CHUNK, Kind};
use crate::wire::{Control, Exited, How, Reply, Run};

/// Once the command has ended, others may still hold its output open: silence this long is the end of it …
const IDLE: Duration = Duration::from_millis(500);
/// … or this much waiting altogether …
const PATIENCE: Duration = Duration::from_secs(2);
/// … or more bytes than a pipe can have held when the command ended.
const LEFT_IN_PIPE: usize = 1024 * 1024;

/// Runs it to its end.
pub(super) async fn handle(run: &Run, stream: &Stream) -> Result<Reply, String> {
    let started = Instant::now();
    let mut process = Process::start(run)?;
    let (ended, end) = watch::channel(false);
    let stdout = pump(
        std::mem::replace(&mut process.stdout, Box::new(tokio::io::empty())),
        Kind::Stdout,
        run.cap,
        stream,
        end.clone(),
    );
    let stderr = pump(
        process
            .stderr
            .take()
            .unwrap_or_else(|| Box::new(tokio::io::empty())),
        Kind::Stderr,
        run.cap,
        stream,
        end.clone(),
    );
    let stdin = feed(process.stdin.take(), stream, end);
    let supervise = async {
        let how = supervise(&mut process, run.deadline_ms, stream).await;
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        ended.send_replace(true);
        (how, millis)
    };
    let ((how, millis), stdout_dropped, stderr_dropped, ()) = tokio::join!(supervise, stdout, stderr, stdin);
    // Only now: a child may still have been writing what the command gave it.
    process.end_rest().await;
    let _ = stream.send_end().await;
    Ok(Reply::Exited(Exited {
        how,
        stdout_dropped,
        stderr_dropped,
        millis,
    }))
}

async fn supervise(process: &mut Process, deadline_ms: Option<u64>, stream: &Stream) -> How {
    // A century is as good as never, and no overflow.
    let deadline =
        Instant::now() + Duration::from_millis(deadline_ms.unwrap_or(u64::MAX).min(3_000_000_000_000));
    let how = loop {
        tokio::select! {
            how = process.wait() => return how,
            () = sleep_until(deadline) => break How::Deadline,
            () = stream.cancelled() => break How::Cancelled,
            control = stream.control() => match control {
                Control::Signal(number) => process.signal(number),
                Control::Resize { rows, cols } => process.resize(rows, cols),
                Control::Cancel => break How::Cancelled,
            },
        }
    };
    process.end(SIGTERM, GRACE).await;
    how
}

/// Moves output until its end and returns how many bytes exceeded the cap.
async fn pump(
    mut source: Source,
    kind: Kind,
    cap: Option<u64>,
    stream: &Stream,
    end: watch::Receiver<bool>,
) -> u64 {
    let mut buffer = vec![0; CHUNK];
    let (mut left, mut dropped) = (cap.unwrap_or(u64::MAX), 0);
    let mut drain = Drain::default();
    while let Some(read) = drain.read(&mut source, &mut buffer, end.clone()).await {
        let sent = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        if cap.is_some() {
            left -= sent as u64;
        }
        dropped += (read - sent) as u64;
        if stream.send(kind, &buffer[..sent]).await.is_err() {
            break;
        }
    }
    dropped
}

/// What reading has cost since the command ended.
#[derive(Default)]
struct Drain {
    waited: Duration,
    bytes: usize,
}

impl Drain {
    /// Reads once; `None` at the end, or when the command ended and waiting longer is pointless.
    async fn read(
        &mut self,
        source: &mut Source,
        buffer: &mut [u8],
        mut end: watch::Receiver<bool>,
    ) -> Option<usize> {
        let patience = PATIENCE.saturating_sub(self.waited).min(IDLE);
        let silence = async {
            // The sender lives as long as we are polled.
            drop(end.wait_for(|ended| *ended).await);
            sleep(patience).await;
        };
        let since = Instant::now();
        let read = tokio::select! {
            biased;
            read = source.read(buffer) => read.unwrap_or(0),
            () = silence => 0,
        };
        if *end.borrow() {
            self.waited += since.elapsed().min(IDLE);
            self.bytes += read;
        }
        (read > 0 && self.bytes <= LEFT_IN_PIPE).then_some(read)
    }
}

/// Moves input until either side ends.
async fn feed(stdin: Option<Sink>, stream: &Stream, mut end: watch::Receiver<bool>) {
    let Some(mut stdin) = stdin else { return };
    let all = async {
        while let Some(piece) = stream.take().await {
            if stdin.write_all(&piece.bytes).await.is_err() {
                break;
            }
        }
        // A closed pipe is what the command asked for by not reading.
        drop(stdin.shutdown().await);
        drop(stdin);
    };
    tokio::select! {
        () = all => {}
        _ = end.wait_for(|ended| *ended) => {}
    }
}
