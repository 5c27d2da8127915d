//! `lab exec`: one command on several nodes at once, its output as it comes.

use std::time::Duration;

use agent::client::{ClientError, Output};
use agent::wire::{Exited, How, Run};

use crate::cli::App;
use crate::cli::seat::select;
use crate::error::{Error, Result, exit};
use crate::node::NodeName;
use crate::report::out::Out;
use crate::session::{Session, open_all};
use crate::text;

/// Arguments of `lab exec`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Nodes, or `all`, `master`, `workers`
    #[arg(value_name = "NODE", required = true)]
    nodes: Vec<String>,
    /// The command and its arguments (no shell: use `sh -c '…'` for pipes)
    #[arg(value_name = "COMMAND", last = true, required = true)]
    command: Vec<String>,
}

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of each output that `--format json` keeps.
const KEPT: u64 = 16 << 20;

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let nodes = select(&seat.cluster, &args.nodes)?;
    let endpoints = nodes
        .iter()
        .map(|node| seat.provider.endpoint(node))
        .collect::<Result<Vec<_>>>()?;
    app.block_on(async {
        let sessions = open_all(&endpoints, crate::transport::patient(PATIENCE)).await;
        tokio::select! {
            code = everywhere(app, &nodes, sessions, &args.command) => code,
            () = app.interrupt.wait() => exit::INTERRUPTED,
        }
    })
}

/// The first code that is not 0, in the order of the nodes.
async fn everywhere(app: &App, nodes: &[NodeName], sessions: Vec<Result<Session>>, argv: &[String]) -> u8 {
    let width = if nodes.len() > 1 {
        nodes.iter().map(|node| node.as_str().len()).max()
    } else {
        None
    };
    let (out, json) = (app.out, app.json());
    let running: Vec<_> = sessions
        .into_iter()
        .map(|session| {
            let argv = argv.to_vec();
            tokio::spawn(async move {
                let session = session?;
                if json {
                    kept(&session, argv).await
                } else {
                    streamed(&session, argv, out, width).await
                }
            })
        })
        .collect();
    let (mut code, mut documents) = (exit::OK, vec![]);
    for (node, task) in nodes.iter().zip(running) {
        let ended = task
            .await
            .unwrap_or_else(|error| Err(Error::new("the command was lost").because(error).on(node)));
        let one = match ended {
            Ok(done) => {
                documents.extend(done.document);
                done.code
            }
            Err(error) => {
                out.error(&error);
                documents.push(serde_json::json!({"node": node, "error": error.to_string()}));
                error.exit_code()
            }
        };
        code = if code == exit::OK { one } else { code };
    }
    if json {
        out.json(&documents);
    }
    code
}

/// How a command ended.
pub struct Done {
    /// Its code, as a shell says it.
    pub code: u8,
    document: Option<serde_json::Value>,
}

/// Runs a command and passes its output on as it comes, each line behind the node's name if `width` is given. Dropping this ends
/// the command.
pub async fn streamed(session: &Session, argv: Vec<String>, out: Out, width: Option<usize>) -> Result<Done> {
    let program = argv.first().cloned().unwrap_or_default();
    let gone = |error| unfinished(error, &program).on(&session.node);
    let mut running = session
        .agent
        .start(Run {
            argv,
            ..Run::default()
        })
        .await
        .map_err(gone)?;
    let prefix = width.map(|width| format!("{:width$} │ ", session.node.as_str()));
    let (mut stdout, mut stderr) = (Lines::new(prefix.clone()), Lines::new(prefix));
    while let Some(piece) = running.next().await {
        match piece {
            Output::Stdout(bytes) => out.bytes(&stdout.whole(&bytes)),
            Output::Stderr(bytes) => out.words(&stderr.whole(&bytes)),
        }
    }
    out.bytes(&stdout.rest());
    out.words(&stderr.rest());
    let exited = running.wait().await.map_err(gone)?;
    Ok(Done {
        code: code(&exited),
        document: None,
    })
}

async fn kept(session: &Session, argv: Vec<String>) -> Result<Done> {
    let program = argv.first().cloned().unwrap_or_default();
    let gone = |error| unfinished(error, &program).on(&session.node);
    let done = session
        .agent
        .run(Run {
            argv,
            cap: Some(KEPT),
            ..Run::default()
        })
        .await
        .map_err(gone)?;
    let document = serde_json::json!({
        "node": session.node,
        "code": code(&done.exited),
        "stdout": String::from_utf8_lossy(&done.stdout),
        "stderr": String::from_utf8_lossy(&done.stderr),
        "millis": done.exited.millis,
    });
    Ok(Done {
        code: code(&done.exited),
        document: Some(document),
    })
}

/// Why there is no end of a command to tell: it could not begin, or the node was lost.
pub fn unfinished(error: ClientError, program: &str) -> Error {
    match error {
        ClientError::Failed(why) => Error::new(text!(
            "`{program}`을(를) 시작할 수 없음",
            "cannot start `{program}`"
        ))
        .cause(why)
        .hint(text!(
            "명령은 셸 없이 실행됩니다: 파이프, 변수, 셸 내장 명령은 `-- sh -c '…'`로 쓰세요",
            "a command runs without a shell: for pipes, variables and what is built into a shell use `-- sh -c '…'`"
        )),
        error => Error::new(text!("명령을 끝까지 실행하지 못함", "the command was cut short")).because(error),
    }
}

/// How a command ended, as a shell says it.
pub fn code(exited: &Exited) -> u8 {
    match exited.how {
        How::Code(code) => u8::try_from(code & 0xff).unwrap_or(u8::MAX),
        How::Signal(signal) => u8::try_from(signal).map_or(u8::MAX, |signal| signal.saturating_add(128)),
        How::Deadline | How::Cancelled => exit::CANNOT,
    }
}

/// Puts a prefix before each line and lets only whole lines through, so that nodes do not write into each other's.
struct Lines {
    prefix: Option<String>,
    partial: Vec<u8>,
}

/// A line longer than this is broken.
const LONGEST: usize = 64 * 1024;

impl Lines {
    fn new(prefix: Option<String>) -> Self {
        Self {
            prefix,
            partial: vec![],
        }
    }

    fn whole(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(prefix) = &self.prefix else {
            return bytes.to_vec();
        };
        self.partial.extend_from_slice(bytes);
        let end = match self.partial.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => newline + 1,
            None if self.partial.len() > LONGEST => self.partial.len(),
            None => return vec![],
        };
        let rest = self.partial.split_off(end);
        let whole = std::mem::replace(&mut self.partial, rest);
        whole
            .split_inclusive(|byte| *byte == b'\n')
            .flat_map(|line| prefixed(prefix, line))
            .collect()
    }

    fn rest(&mut self) -> Vec<u8> {
        match &self.prefix {
            Some(prefix) if !self.partial.is_empty() => prefixed(prefix, &std::mem::take(&mut self.partial)),
            _ => vec![],
        }
    }
}

fn prefixed(prefix: &str, line: &[u8]) -> Vec<u8> {
    let end: &[u8] = if line.ends_with(b"\n") { b"" } else { b"\n" };
    [prefix.as_bytes(), line, end].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_several_nodes_stay_whole() {
        let mut lines = Lines::new(Some("w1 │ ".into()));
        assert_eq!(lines.whole(b"one\ntw"), "w1 │ one\n".as_bytes());
        assert_eq!(lines.whole(b"o"), b"");
        assert_eq!(lines.whole(b"\n\nthree"), "w1 │ two\nw1 │ \n".as_bytes());
        assert_eq!(lines.rest(), "w1 │ three\n".as_bytes());
        assert_eq!(lines.rest(), b"");
    }

    #[test]
    fn a_single_node_speaks_as_it_is() {
        let mut lines = Lines::new(None);
        assert_eq!(lines.whole(b"\xffno newline"), b"\xffno newline");
        assert_eq!(lines.rest(), b"");
    }

    #[test]
    fn codes_are_a_shells() {
        let ended = |how| {
            code(&Exited {
                how,
                stdout_dropped: 0,
                stderr_dropped: 0,
                millis: 0,
            })
        };
        assert_eq!(
            [ended(How::Code(7)), ended(How::Signal(9)), ended(How::Deadline)],
            [7, 137, exit::CANNOT]
        );
    }
}
