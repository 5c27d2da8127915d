//! Where events go: a sink with its reporters, and a piece of work that says when it began and ended.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Event, What};
use crate::node::NodeName;
use crate::text::Text;

/// Reads events and changes nothing.
pub trait Reporter: Send {
    /// Takes one event.
    fn report(&mut self, event: &Event);
}

/// Where events go. Cloning is cheap; all clones lead to the same reporters.
#[derive(Clone, Default)]
pub struct Sink {
    reporters: Arc<Mutex<Vec<Box<dyn Reporter>>>>,
}

impl Sink {
    /// Adds a reporter; it sees events from now on.
    pub fn add(&self, reporter: Box<dyn Reporter>) {
        self.reporters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(reporter);
    }

    /// Takes all reporters away (their files are complete once they are dropped).
    pub fn close(&self) {
        self.reporters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Tells every reporter.
    pub fn send(&self, node: Option<&NodeName>, what: What) {
        let event = Event {
            at: now(),
            node: node.cloned(),
            what,
        };
        for reporter in self
            .reporters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter_mut()
        {
            reporter.report(&event);
        }
    }

    /// Says something.
    pub fn note(&self, text: Text) {
        self.send(None, What::Note { text });
    }

    /// Says something the user should look at.
    pub fn warn(&self, text: Text) {
        self.send(None, What::Warning { text });
    }

    /// Begins a piece of work; finish it with [`Work::finish`]. A dropped `Work` counts as failed.
    pub fn work(&self, node: Option<&NodeName>, id: impl Into<String>, text: Text) -> Work {
        let id = id.into();
        self.send(node, What::WorkStarted { id: id.clone(), text });
        Work {
            sink: self.clone(),
            node: node.cloned(),
            id,
            since: std::time::Instant::now(),
            finished: false,
        }
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sink")
    }
}

/// A piece of work in progress.
#[derive(Debug)]
pub struct Work {
    sink: Sink,
    node: Option<NodeName>,
    id: String,
    since: std::time::Instant,
    finished: bool,
}

impl Work {
    /// Says how far it is.
    pub fn progress(&self, done: u64, total: Option<u64>, bytes: bool) {
        self.sink.send(
            self.node.as_ref(),
            What::WorkProgress {
                id: self.id.clone(),
                done,
                total,
                bytes,
            },
        );
    }

    /// It ended; passes the result through.
    pub fn finish<T, E: std::fmt::Display>(mut self, result: Result<T, E>) -> Result<T, E> {
        self.end(result.as_ref().err().map(ToString::to_string));
        result
    }

    fn end(&mut self, error: Option<String>) {
        self.finished = true;
        let millis = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.sink.send(
            self.node.as_ref(),
            What::WorkFinished {
                id: self.id.clone(),
                millis,
                error,
            },
        );
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.finished {
            self.end(Some("interrupted".into()));
        }
    }
}

/// Now, as events write it.
pub fn now() -> String {
    use time::macros::format_description;
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time::OffsetDateTime::now_utc()
        .format(&format)
        .unwrap_or_default()
}
