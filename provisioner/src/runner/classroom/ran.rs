//! How a script ended on a node, as its agent saw it. What that comes to is judged elsewhere.

use std::time::Instant;

use agent::client::{Client, Completed, Output};
use agent::wire::{How, Run};

use super::millis;
use crate::lab::matcher::Seen;
use crate::report::cast::Tape;
use crate::text;
use crate::text::Text;

/// How a script ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What it printed and its exit code; or why that is not known.
    pub seen: std::result::Result<Seen, Unseen>,
    /// Bytes it printed beyond what is kept.
    pub cut: u64,
    /// Milliseconds it took.
    pub millis: u64,
    /// What came when, where that is recorded.
    pub tape: Option<Tape>,
}

/// Why it is not known how a script ends.
#[derive(Clone, Debug)]
pub struct Unseen {
    /// Whatever was in the way, its deadline for instance.
    pub why: Text,
    /// What it had printed until then.
    pub output: String,
}

impl Ran {
    /// One that was never seen to end.
    pub fn unseen(why: Text) -> Self {
        let output = String::new();
        Self {
            seen: Err(Unseen { why, output }),
            cut: 0,
            millis: 0,
            tape: None,
        }
    }

    /// All it printed that was kept, for a person.
    pub fn output(&self) -> String {
        let mut output = match &self.seen {
            Ok(seen) => format!("{}{}", seen.stdout, seen.stderr),
            Err(unseen) => unseen.output.clone(),
        };
        if self.cut > 0 {
            output += &format!("\n[… {} bytes more]\n", self.cut);
        }
        output
    }
}

/// Runs a script to its end, on tape if there is one.
pub(super) async fn one(client: Option<Client>, run: Run, mut tape: Option<Tape>) -> Ran {
    let since = Instant::now();
    let seconds = run.deadline_ms.unwrap_or_default().div_ceil(1000);
    let watch = |output: &Output| {
        if let Some(tape) = &mut tape {
            tape.take(since.elapsed(), output);
        }
    };
    let ended = match client {
        None => Err(text!("닿지 않는 노드", "the node is not reached")),
        Some(client) => client
            .run_watched(run, watch)
            .await
            .map_err(|error| text!("실행하지 못함: {error}", "could not run it: {error}")),
    };
    let how = match &ended {
        Err(_) => "lost".to_owned(),
        Ok(ended) => ending(&ended.exited.how),
    };
    if let Some(tape) = &mut tape {
        tape.end(since.elapsed(), how);
    }
    let ran = match ended {
        Err(why) => Ran::unseen(why),
        Ok(ended) => seen(&ended, seconds),
    };
    Ran {
        millis: millis(since.elapsed()),
        tape,
        ..ran
    }
}

fn seen(ended: &Completed, seconds: u64) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&ended.stdout), text(&ended.stderr));
    let late = text!(
        "제한 시간 {seconds}초가 지나 끝냄",
        "ended, as its deadline of {seconds} s passed"
    );
    let code = match ended.exited.how {
        How::Code(code) => Ok(code),
        How::Signal(signal) => Ok(128 + signal),
        How::Deadline => Err(late),
        How::Cancelled => Err(text!("취소됨", "cancelled")),
    };
    Ran {
        seen: match code {
            Ok(code) => Ok(Seen { code, stdout, stderr }),
            Err(why) => Err(Unseen {
                why,
                output: format!("{stdout}{stderr}"),
            }),
        },
        cut: ended.exited.stdout_dropped + ended.exited.stderr_dropped,
        millis: 0,
        tape: None,
    }
}

/// How a script ended, as a recording marks it.
fn ending(how: &How) -> String {
    match how {
        How::Code(code) => format!("exit {code}"),
        How::Signal(signal) => format!("signal {signal}"),
        How::Deadline => "deadline".into(),
        How::Cancelled => "cancelled".into(),
    }
}
