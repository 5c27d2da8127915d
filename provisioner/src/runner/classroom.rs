//! The nodes an exercise runs on, reached: runs scripts there, in parallel, and restarts nodes. Judges nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use agent::client::Client;
use agent::wire::{EngineAction, How, Run};
use tokio::task::JoinSet;

use crate::config::{Cluster, Node};
use crate::error::{Error, Result};
use crate::lab::matcher::Seen;
use crate::lab::step::Circumstances;
use crate::lab::variables::Variables;
use crate::node::NodeName;
use crate::provider::Provider;
use crate::session::Session;
use crate::text;
use crate::text::Text;
use crate::transport::patient;

/// Bytes of each stream that are kept of a script's output.
const CAP: u64 = 1 << 20;

/// Where exercises keep their state on a node: on disk, so that it outlives a restart of the node.
const STATE: &str = "/var/lib/lab/exercises";

/// A cluster whose nodes are reached.
pub struct Classroom<'seat> {
    /// As cluster.yaml describes it.
    pub cluster: &'seat Cluster,
    /// Where its nodes come from; without one no node can be restarted.
    pub provider: Option<&'seat dyn Provider>,
    /// What steps' conditions are judged by.
    pub circumstances: Circumstances,
    /// Directory on the nodes below which each exercise keeps its `$state`.
    pub state: String,
    clients: Mutex<BTreeMap<NodeName, Client>>,
}

/// A script for one node.
#[derive(Clone, Debug)]
pub struct Script<'cluster> {
    /// Where.
    pub node: &'cluster Node,
    /// bash, run strictly.
    pub text: String,
    /// Its environment.
    pub variables: Variables,
}

/// How a script ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What it printed and its exit code; or why that is not known.
    pub seen: std::result::Result<Seen, Unseen>,
    /// Bytes it printed beyond what is kept.
    pub cut: u64,
    /// Milliseconds it took.
    pub millis: u64,
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

impl<'seat> Classroom<'seat> {
    /// A classroom of these nodes.
    pub fn new(
        cluster: &'seat Cluster,
        provider: Option<&'seat dyn Provider>,
        circumstances: Circumstances,
        clients: BTreeMap<NodeName, Client>,
    ) -> Self {
        Self {
            cluster,
            provider,
            circumstances,
            state: STATE.into(),
            clients: Mutex::new(clients),
        }
    }

    /// Runs each script on its node, all at once; results in the order of the scripts.
    pub async fn run(&self, scripts: &[Script<'_>], deadline: Duration) -> Vec<Ran> {
        let mut tasks = JoinSet::new();
        for (at, script) in scripts.iter().enumerate() {
            let client = self.client(&script.node.name);
            let run = Run {
                argv: ["bash", "-euo", "pipefail", "-c", &script.text]
                    .map(str::to_owned)
                    .to_vec(),
                env: script.variables.clone(),
                deadline_ms: Some(millis(patient(deadline))),
                cap: Some(CAP),
                ..Run::default()
            };
            tasks.spawn(async move { (at, one(client, run).await) });
        }
        let lost = || Ran::unseen("the task that ran it died".into());
        let mut results: Vec<Ran> = scripts.iter().map(|_| lost()).collect();
        while let Some(ended) = tasks.join_next().await {
            if let Ok((at, ran)) = ended {
                results[at] = ran;
            }
        }
        results
    }

    /// Stops the node, boots it and reaches it again.
    pub async fn restart(&self, node: &NodeName, deadline: Duration) -> Result<()> {
        let provider = self
            .provider
            .ok_or_else(|| Error::new("no provider can restart this node").on(node))?;
        // Only the current thread waits: the provider's calls block.
        let endpoint = tokio::task::block_in_place(|| {
            provider.stop(node)?;
            provider.boot(node)?;
            provider.endpoint(node)
        })?;
        let session = Session::open(&endpoint, patient(deadline)).await?;
        self.clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(node.clone(), session.agent);
        Ok(())
    }

    /// Restarts the node's container engine and waits until it answers.
    pub async fn restart_engine(&self, node: &Node) -> Result<()> {
        let cannot =
            || Error::new(text!("엔진을 재시작할 수 없음", "cannot restart the engine")).on(&node.name);
        let client = self
            .client(&node.name)
            .ok_or_else(|| cannot().cause("the node is not reached"))?;
        let restarted = client.engine(EngineAction::Restart(node.engine)).await;
        restarted.map(drop).map_err(|error| cannot().because(error))
    }

    fn client(&self, node: &NodeName) -> Option<Client> {
        self.clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(node)
            .cloned()
    }
}

/// A script as a person would run it from the host.
pub fn command(script: &Script<'_>) -> String {
    let used = script
        .variables
        .iter()
        .filter(|(name, _)| uses(&script.text, name));
    let mut words = vec![
        "lab".to_owned(),
        "exec".into(),
        script.node.name.to_string(),
        "--".into(),
    ];
    let before = words.len();
    words.extend(used.map(|(name, value)| format!("{name}={value}")));
    if words.len() > before {
        words.insert(before, "env".into());
    }
    words.extend(["bash", "-euo", "pipefail", "-c", script.text.trim_end()].map(str::to_owned));
    crate::transport::quote::line(&words)
}

/// Whether a script uses a variable.
pub fn uses(script: &str, name: &str) -> bool {
    let word = |one: char| one.is_ascii_alphanumeric() || one == '_';
    script.match_indices('$').any(|(at, _)| {
        let rest = script[at + 1..].trim_start_matches('{');
        rest.strip_prefix(name)
            .is_some_and(|after| !after.starts_with(word))
    })
}

async fn one(client: Option<Client>, run: Run) -> Ran {
    let since = Instant::now();
    let seconds = run.deadline_ms.unwrap_or_default().div_ceil(1000);
    let ended = match client {
        None => Err(text!("닿지 않는 노드", "the node is not reached")),
        Some(client) => client
            .run(run)
            .await
            .map_err(|error| text!("실행하지 못함: {error}", "could not run it: {error}")),
    };
    let ran = match ended {
        Err(why) => Ran::unseen(why),
        Ok(ended) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (stdout, stderr) = (text(&ended.stdout), text(&ended.stderr));
            let late = text!(
                "제한 시간 {seconds}초가 지나 끝냄",
                "ended, as its deadline of {seconds} s passed"
            );
            let seen = match ended.exited.how {
                How::Code(code) => Ok(code),
                How::Signal(signal) => Ok(128 + signal),
                How::Deadline => Err(late),
                How::Cancelled => Err(text!("취소됨", "cancelled")),
            };
            Ran {
                seen: match seen {
                    Ok(code) => Ok(Seen { code, stdout, stderr }),
                    Err(why) => Err(Unseen {
                        why,
                        output: format!("{stdout}{stderr}"),
                    }),
                },
                cut: ended.exited.stdout_dropped + ended.exited.stderr_dropped,
                millis: 0,
            }
        }
    };
    Ran {
        millis: millis(since.elapsed()),
        ..ran
    }
}

/// Whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::uses;

    #[test]
    fn variables_a_script_uses() {
        for (script, name, expected) in [
            ("echo $tag", "tag", true),
            ("echo \"${tag}x\"", "tag", true),
            ("echo $tags", "tag", false),
            ("echo tag", "tag", false),
        ] {
            assert_eq!(uses(script, name), expected, "{script} {name}");
        }
    }
}
