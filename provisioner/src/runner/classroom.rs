//! The nodes an exercise runs on, reached: runs scripts there, in parallel, and restarts nodes. Judges nothing.

mod ran;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use agent::client::Client;
use agent::wire::{EngineAction, Run};
use tokio::task::JoinSet;

use crate::config::{Cluster, Node};
use crate::error::{Error, Result};
use crate::lab::step::Circumstances;
use crate::lab::variables::Variables;
use crate::node::NodeName;
use crate::provider::Provider;
use crate::report::cast::{Casts, Tape};
use crate::report::redaction::Redaction;
use crate::session::Session;
use crate::text;
use crate::transport::patient;
pub use ran::{Ran, Unseen};

/// Bytes of each stream that are kept of a script's output.
const CAP: u64 = 1 << 20;

/// How long a file may take.
const PUT: Duration = Duration::from_secs(30);

/// Where exercises keep their state on a node: on disk, so that it outlives a restart of the node.
pub const STATE: &str = "/var/lib/lab/exercises";

/// Where the files of exercises are on a node.
pub const FILES: &str = "/var/lib/lab/files";

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
    /// Directory on the nodes below which each exercise has its `$files`.
    pub files: String,
    /// Where steps' terminals are recorded, if they are.
    pub casts: Option<Casts>,
    /// What nothing that is told may show.
    pub redaction: Redaction,
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
            files: FILES.into(),
            casts: None,
            redaction: Redaction::default(),
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
            let tape = self.casts.is_some().then(Tape::start);
            tasks.spawn(async move { (at, ran::one(client, run, tape).await) });
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

    /// Writes a file of the lab on a node.
    pub async fn put(&self, node: &NodeName, path: &str, text: &str) -> Result<()> {
        let cannot = || Error::new(text!("{path}을(를) 쓸 수 없음", "cannot write {path}")).on(node);
        let client = self.client(node);
        let client = client.ok_or_else(|| cannot().cause("the node is not reached"))?;
        let written = tokio::time::timeout(patient(PUT), client.put_bytes(path, 0o644, text.as_bytes()));
        let written = written.await.map_err(|error| cannot().because(error))?;
        written.map_err(|error| cannot().because(error))
    }

    /// Stops the node, boots it and reaches it again.
    pub async fn restart(&self, node: &NodeName, deadline: Duration) -> Result<()> {
        let provider = self
            .provider
            .ok_or_else(|| Error::new("no provider can restart this node").on(node))?;
        // Only the current thread waits: the provider's calls block.
        let endpoint = tokio::task::block_in_place(|| {
            if provider.stops() {
                provider.stop(node)?;
                provider.boot(node)?;
            }
            provider.endpoint(node)
        })?;
        let session = match provider.stops() {
            true => Session::open(&endpoint, patient(deadline)).await?,
            false => Session::reboot(&endpoint, patient(deadline)).await?,
        };
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

/// The variables a script uses, with their values.
pub fn used<'script>(
    script: &'script Script<'_>,
) -> impl Iterator<Item = (&'script String, &'script String)> {
    script
        .variables
        .iter()
        .filter(|(name, _)| uses(&script.text, name))
}

/// A script as a person would run it from the host.
pub fn command(script: &Script<'_>) -> String {
    let mut words = vec![
        "lab".to_owned(),
        "exec".into(),
        script.node.name.to_string(),
        "--".into(),
    ];
    let before = words.len();
    words.extend(used(script).map(|(name, value)| format!("{name}={value}")));
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
