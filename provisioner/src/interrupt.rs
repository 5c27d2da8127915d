//! Ctrl-C and SIGTERM: the first asks the work to stop cleanly, the second ends the program now. Nothing is caught until
//! somebody watches, so a verb that does not is ended by the first one, as any program.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use crate::error::{Error, exit};
use crate::event::Sink;
use crate::text;

/// A request to stop. Cloning is cheap; all clones see the same request.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    sink: Sink,
    state: Arc<OnceLock<watch::Sender<bool>>>,
}

impl Interrupt {
    /// Not watching yet. The first signal is announced on `sink`.
    pub fn new(sink: Sink) -> Self {
        Self {
            sink,
            state: Arc::default(),
        }
    }

    /// Begins to catch signals (as the first [`Interrupt::requested`] or [`Interrupt::wait`] does).
    pub fn arm(&self) {
        self.sender();
    }

    /// Whether to stop.
    pub fn requested(&self) -> bool {
        *self.sender().borrow()
    }

    /// Returns once the work is to stop; never before.
    pub async fn wait(&self) {
        let mut receiver = self.sender().subscribe();
        // The sender lives in `self`: this only ends by a request.
        let _ = receiver.wait_for(|requested| *requested).await;
    }

    /// Asks the work to stop, as the first signal does.
    pub fn request(&self) {
        self.sender().send_replace(true);
    }

    /// `Err` once the work is to stop: for a loop of steps, as in `app.interrupt.check()?`.
    pub fn check(&self) -> crate::error::Result<()> {
        if self.requested() {
            Err(interrupted())
        } else {
            Ok(())
        }
    }

    fn sender(&self) -> &watch::Sender<bool> {
        self.state.get_or_init(|| {
            let sender = watch::channel(false).0;
            let (signals, sink) = (sender.clone(), self.sink.clone());
            let _ = std::thread::Builder::new()
                .name("lab-signals".into())
                .spawn(move || listen(&signals, &sink));
            sender
        })
    }
}

/// The error a verb ends with after it stopped cleanly.
pub fn interrupted() -> Error {
    Error::new(text!("중단됨", "interrupted"))
        .hint(text!(
            "같은 명령을 다시 실행하면 이어서 합니다",
            "run the same command again to go on from here"
        ))
        .exit(exit::INTERRUPTED)
}

fn listen(requests: &watch::Sender<bool>, sink: &Sink) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
        return;
    };
    runtime.block_on(async {
        let Some(mut signals) = Signals::new() else { return };
        signals.next().await;
        requests.send_replace(true);
        // Said from a thread of its own: a reporter that is stuck must not delay the second signal.
        let sink = sink.clone();
        let _ = std::thread::Builder::new().spawn(move || {
            sink.warn(text!(
                "정리하고 멈추는 중… (Ctrl-C를 한 번 더 누르면 바로 끝냅니다)",
                "stopping and cleaning up … (Ctrl-C once more ends at once)"
            ));
        });
        signals.next().await;
        std::process::exit(exit::INTERRUPTED.into());
    });
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self {
            interrupt: signal(SignalKind::interrupt()).ok()?,
            terminate: signal(SignalKind::terminate()).ok()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_request_wakes_who_waits_and_stays() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.requested());
        interrupt.check().unwrap();
        let other = interrupt.clone();
        let waiting = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
                .block_on(other.wait());
        });
        interrupt.request();
        waiting.join().unwrap();
        assert!(interrupt.requested());
        assert_eq!(interrupt.check().unwrap_err().exit_code(), exit::INTERRUPTED);
    }
}
