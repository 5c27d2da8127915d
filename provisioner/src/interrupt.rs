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
    last: Last,
    state: Arc<OnceLock<watch::Sender<bool>>>,
}

/// What is still done when the second signal ends the program.
#[derive(Clone, Default)]
struct Last(Option<Arc<dyn Fn() + Send + Sync>>);

impl std::fmt::Debug for Last {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.0.is_some() { "Last" } else { "None" })
    }
}

impl Interrupt {
    /// Not watching yet. The first signal is announced on `sink`.
    pub fn new(sink: Sink) -> Self {
        Self {
            sink,
            last: Last::default(),
            state: Arc::default(),
        }
    }

    /// The same, and `last` is still done when a second signal ends the program: short, and of use even if much was cut off.
    #[must_use]
    pub fn lastly(mut self, last: impl Fn() + Send + Sync + 'static) -> Self {
        self.last = Last(Some(Arc::new(last)));
        self
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
            let (signals, sink, last) = (sender.clone(), self.sink.clone(), self.last.clone());
            let (armed, is_armed) = std::sync::mpsc::channel();
            let listen = move || listen(&signals, &sink, &last, &armed);
            let _ = std::thread::Builder::new()
                .name("lab-signals".into())
                .spawn(listen);
            // From here on a signal is caught; ends at once as well if the thread could not begin.
            let _ = is_armed.recv();
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

fn listen(requests: &watch::Sender<bool>, sink: &Sink, last: &Last, armed: &std::sync::mpsc::Sender<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
        return;
    };
    runtime.block_on(async {
        let Some(mut signals) = Signals::new() else { return };
        let _ = armed.send(());
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
        if let Some(last) = &last.0 {
            last();
        }
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

    /// Not a test of its own: the second process of the test below runs it.
    #[test]
    fn stop_cleanly_but_slowly() {
        let Some(directory) = std::env::var_os("LAB_TEST_INTERRUPT").map(std::path::PathBuf::from) else {
            return;
        };
        let given = directory.join("given-back");
        let interrupt = Interrupt::default().lastly(move || std::fs::write(&given, "").unwrap());
        interrupt.arm();
        std::fs::write(directory.join("armed"), "").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(interrupt.wait());
        std::fs::write(directory.join("asked"), "").unwrap();
        std::thread::sleep(std::time::Duration::from_secs(30));
    }

    #[cfg(unix)]
    #[test]
    fn the_first_signal_asks_and_the_second_ends_the_program() {
        let directory = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "interrupt::tests::stop_cleanly_but_slowly"])
            .env("LAB_TEST_INTERRUPT", directory.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let signal = |name: &str| {
            let sent = std::process::Command::new("kill")
                .args([name, &child.id().to_string()])
                .status()
                .unwrap();
            assert!(sent.success());
        };
        let appears = |name: &str| {
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while !directory.path().join(name).exists() {
                assert!(std::time::Instant::now() < deadline, "`{name}` never came");
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        };
        appears("armed");
        signal("-INT");
        appears("asked");
        signal("-TERM");
        let since = std::time::Instant::now();
        assert_eq!(child.wait().unwrap().code(), Some(i32::from(exit::INTERRUPTED)));
        assert!(since.elapsed() < std::time::Duration::from_secs(10));
        assert!(directory.path().join("given-back").exists());
    }
}
