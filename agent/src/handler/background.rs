//! Processes that outlive the request that started them, but not the agent.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::process::{GRACE, Process, SIGTERM, Source};
use crate::wire::{Background, Exited, How, Reply, Run};

const RING: usize = 64 * 1024;
const MAX_PROCESSES: usize = 64;
/// How long output may trail behind the end of the process.
const TRAIL: Duration = Duration::from_millis(500);

type Ring = Arc<Mutex<VecDeque<u8>>>;

struct Entry {
    ring: Ring,
    exited: watch::Receiver<Option<Exited>>,
    stop: mpsc::Sender<(i32, Duration)>,
}

/// All of them, by name.
#[derive(Default)]
pub(crate) struct Processes {
    entries: Mutex<HashMap<String, Entry>>,
}

impl Processes {
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn handle(&self, request: Background) -> Result<Reply, String> {
        match request {
            Background::Start { name, run } => self.start(name, run),
            Background::Status { name } => self.status(&name),
            Background::Stop {
                name,
                signal,
                grace_ms,
            } => {
                self.stop(&name, signal, Duration::from_millis(grace_ms)).await?;
                self.status(&name)
            }
        }
    }

    fn start(&self, name: String, run: Run) -> Result<Reply, String> {
        let mut entries = self.entries();
        if entries
            .get(&name)
            .is_some_and(|entry| entry.exited.borrow().is_none())
        {
            return Err(format!("background process `{name}` already runs"));
        }
        if entries.len() >= MAX_PROCESSES {
            entries.retain(|_, entry| entry.exited.borrow().is_none());
        }
        if entries.len() >= MAX_PROCESSES {
            return Err(format!("more than {MAX_PROCESSES} background processes"));
        }
        let process = Process::start(&Run {
            stdin: false,
            pty: None,
            ..run.clone()
        })?;
        let ring = Ring::default();
        let (exit, exited) = watch::channel(None);
        let (stop, stopped) = mpsc::channel(1);
        tokio::spawn(look_after(
            process,
            run.deadline_ms,
            Arc::clone(&ring),
            exit,
            stopped,
        ));
        entries.insert(name, Entry { ring, exited, stop });
        Ok(Reply::Background {
            exited: None,
            output: String::new(),
        })
    }

    fn status(&self, name: &str) -> Result<Reply, String> {
        let entries = self.entries();
        let entry = entries
            .get(name)
            .ok_or_else(|| format!("no background process `{name}`"))?;
        let bytes = lock(&entry.ring).make_contiguous().to_vec();
        Ok(Reply::Background {
            exited: entry.exited.borrow().clone(),
            output: last_of(&bytes),
        })
    }

    async fn stop(&self, name: &str, signal: i32, grace: Duration) -> Result<(), String> {
        let (stop, mut exited) = {
            let entries = self.entries();
            let entry = entries
                .get(name)
                .ok_or_else(|| format!("no background process `{name}`"))?;
            (entry.stop.clone(), entry.exited.clone())
        };
        // Full or closed: it is ending already.
        let _ = stop.try_send((signal, grace));
        drop(exited.wait_for(Option::is_some).await);
        Ok(())
    }

    /// Ends all that run.
    pub(crate) async fn end_all(&self) {
        let entries: Vec<_> = self.entries().drain().map(|(_, entry)| entry).collect();
        for entry in &entries {
            let _ = entry.stop.try_send((SIGTERM, GRACE));
        }
        for mut entry in entries {
            drop(entry.exited.wait_for(Option::is_some).await);
        }
    }
}

fn lock(ring: &Mutex<VecDeque<u8>>) -> MutexGuard<'_, VecDeque<u8>> {
    ring.lock().unwrap_or_else(PoisonError::into_inner)
}

/// At most 64 KiB of text: a replacement character is longer than the byte it stands for.
fn last_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut start = text.len().saturating_sub(RING);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text[start..].to_owned()
}

async fn look_after(
    mut process: Process,
    deadline_ms: Option<u64>,
    ring: Ring,
    exit: watch::Sender<Option<Exited>>,
    mut stop: mpsc::Receiver<(i32, Duration)>,
) {
    let started = Instant::now();
    let stdout = std::mem::replace(&mut process.stdout, Box::new(tokio::io::empty()));
    let mut readers = vec![tokio::spawn(keep(stdout, Arc::clone(&ring)))];
    readers.extend(
        process
            .stderr
            .take()
            .map(|stderr| tokio::spawn(keep(stderr, ring))),
    );
    let deadline = started + Duration::from_millis(deadline_ms.unwrap_or(u64::MAX).min(3_000_000_000_000));
    let how = tokio::select! {
        how = process.wait() => how,
        () = sleep_until(deadline) => {
            process.end(SIGTERM, GRACE).await;
            How::Deadline
        }
        asked = stop.recv() => {
            let (signal, grace) = asked.unwrap_or((SIGTERM, GRACE));
            process.end(signal, grace).await;
            process.wait().await
        }
    };
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    process.end_rest().await;
    for mut reader in readers {
        if timeout(TRAIL, &mut reader).await.is_err() {
            reader.abort();
        }
    }
    exit.send_replace(Some(Exited {
        how,
        stdout_dropped: 0,
        stderr_dropped: 0,
        millis,
    }));
}

async fn keep(mut source: Source, ring: Ring) {
    let mut buffer = vec![0; 8192];
    while let Ok(read @ 1..) = source.read(&mut buffer).await {
        let mut ring = lock(&ring);
        let excess = (ring.len() + read).saturating_sub(RING);
        ring.drain(..excess);
        ring.extend(&buffer[..read]);
    }
}
