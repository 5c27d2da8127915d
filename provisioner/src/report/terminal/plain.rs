//! Lines for a log: a work is named when it takes longer than [`PATIENCE`], progress is sparse, nothing is redrawn.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::Key;
use super::line::Amount;

/// A work shorter than this gets only its last line.
const PATIENCE: Duration = Duration::from_secs(2);
/// Progress lines of one work are at least this far apart …
const PAUSE: Duration = Duration::from_secs(5);
/// … or this many hundredths.
const STRIDE: u64 = 10;

/// A log.
pub(super) struct Plain {
    log: Arc<Mutex<Log>>,
    ticking: bool,
}

struct Log {
    writer: Box<dyn Write + Send>,
    works: HashMap<Key, Work>,
}

struct Work {
    label: String,
    since: Instant,
    named: bool,
    said: Instant,
    percent: u64,
}

impl Plain {
    pub fn new(writer: Box<dyn Write + Send>) -> Self {
        Self {
            log: Arc::new(Mutex::new(Log {
                writer,
                works: HashMap::new(),
            })),
            ticking: false,
        }
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn print(&mut self, line: &str) {
        self.log().line(line);
    }

    pub fn start(&mut self, key: Key, label: String, now: Instant) {
        self.log().works.insert(
            key,
            Work {
                label,
                since: now,
                named: false,
                said: now,
                percent: 0,
            },
        );
        if !self.ticking {
            self.ticking = true;
            let log = Arc::downgrade(&self.log);
            // Without this thread a work that says nothing for an hour would be named after that hour.
            let _ = std::thread::Builder::new()
                .name("lab-log".into())
                .spawn(move || watch(&log));
        }
    }

    pub fn progress(&mut self, key: &Key, amount: Amount, now: Instant) {
        self.log().progress(key, amount, now);
    }

    /// Forgets the work and returns its label.
    pub fn finish(&mut self, key: &Key) -> Option<String> {
        self.log().works.remove(key).map(|work| work.label)
    }
}

fn watch(log: &Weak<Mutex<Log>>) {
    loop {
        std::thread::sleep(Duration::from_millis(250));
        let Some(log) = log.upgrade() else { return };
        log.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .tick(Instant::now());
    }
}

impl Log {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.writer, "{line}").and_then(|()| self.writer.flush());
    }

    /// Names works that have been running for a while.
    fn tick(&mut self, now: Instant) {
        let mut lines = vec![];
        for work in self
            .works
            .values_mut()
            .filter(|work| !work.named && now.duration_since(work.since) > PATIENCE)
        {
            work.named = true;
            work.said = now;
            lines.push(format!("… {}", work.label));
        }
        lines.iter().for_each(|line| self.line(line));
    }

    fn progress(&mut self, key: &Key, amount: Amount, now: Instant) {
        let Some(work) = self.works.get_mut(key) else {
            return;
        };
        let percent = amount.percent().unwrap_or(0);
        let late = now.duration_since(work.said) >= PAUSE;
        let far = percent >= work.percent + STRIDE && now.duration_since(work.since) > PATIENCE;
        if !late && !far {
            return;
        }
        (work.named, work.said, work.percent) = (true, now, percent);
        let line = format!("… {}  {}", work.label, amount.words());
        self.line(&line);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn log_with_one_work(since: Instant) -> (Log, Page, Key) {
        let page = Page::default();
        let key = Key {
            node: None,
            id: "image".into(),
        };
        let work = Work {
            label: "node image".into(),
            since,
            named: false,
            said: since,
            percent: 0,
        };
        let works = HashMap::from([(key.clone(), work)]);
        (
            Log {
                writer: Box::new(page.clone()),
                works,
            },
            page,
            key,
        )
    }

    fn text(page: &Page) -> String {
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_work_is_named_once_after_two_seconds() {
        let since = Instant::now();
        let (mut log, page, _) = log_with_one_work(since);
        log.tick(since + Duration::from_millis(1900));
        assert_eq!(text(&page), "");
        log.tick(since + Duration::from_millis(2100));
        log.tick(since + Duration::from_millis(9000));
        assert_eq!(text(&page), "… node image\n");
    }

    #[test]
    fn progress_is_sparse() {
        let since = Instant::now();
        let (mut log, page, key) = log_with_one_work(since);
        let mut at = |millis: u64, done: u64| {
            let amount = Amount {
                done,
                total: Some(100),
                bytes: false,
            };
            log.progress(&key, amount, since + Duration::from_millis(millis));
        };
        at(100, 50); // early: short works say nothing
        at(3000, 51); // ten hundredths further
        at(3100, 55); // neither later nor further
        at(3200, 61);
        at(8300, 62); // five seconds later
        assert_eq!(
            text(&page),
            "… node image   51%  51/100\n… node image   61%  61/100\n… node image   62%  62/100\n"
        );
    }
}
