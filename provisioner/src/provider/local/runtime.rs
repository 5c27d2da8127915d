//! The OCI runtime: crun where cgroups are unified, runc elsewhere. Starts, stops, pauses and deletes containers by node name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::control_group;
use super::keeper::Keeper;
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::provider::NodeState;
use crate::text;
use crate::transport::patient;

/// systemd's signal to halt, `SIGRTMIN+3`.
const HALT: &str = "37";

/// How long containers on a node may take to end. Docker itself would wait 10 s for one whose pid 1 ignores TERM (`sleep`).
const GRACE: Duration = Duration::from_secs(2);

fn program() -> Result<&'static str> {
    let order = if control_group::unified() {
        ["crun", "runc"]
    } else {
        ["runc", "crun"]
    };
    let there = |name: &&str| {
        ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]
            .iter()
            .any(|at| Path::new(at).join(name).exists())
    };
    order.into_iter().find(|name| there(name)).ok_or_else(|| {
        Error::new(text!("crun도 runc도 없음", "neither crun nor runc is installed"))
            .hint(text!("`lab doctor --fix`", "`lab doctor --fix`"))
    })
}

fn run(keeper: &Keeper, arguments: &[&str]) -> Result<String> {
    let root = keeper.memory().join("runtime");
    keeper.run(&[&[program()?, "--root", &*root.to_string_lossy()], arguments].concat())
}

/// Where the runtime notes what it knows of the node.
fn record(keeper: &Keeper, name: &NodeName) -> PathBuf {
    keeper.memory().join("runtime").join(name.as_str())
}

/// How the node's container is; `None` if there is none.
pub fn status(keeper: &Keeper, name: &NodeName) -> Result<Option<NodeState>> {
    let noted = keeper.inside(&record(keeper, name));
    if !noted.exists() {
        return Ok(None);
    }
    // A runtime killed before it wrote its note (runc's or crun's name for it) left nothing that can be asked.
    if !["state.json", "status"]
        .iter()
        .any(|file| noted.join(file).exists())
    {
        return Ok(Some(NodeState::Stopped));
    }
    let text = run(keeper, &["state", name.as_str()])?;
    let state: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
        Error::new("cannot read the container's state")
            .on(name)
            .because(error)
    })?;
    Ok(Some(read(&state)))
}

fn read(state: &serde_json::Value) -> NodeState {
    match state["status"].as_str() {
        Some("running") => NodeState::Up,
        Some("paused") => NodeState::Paused,
        _ => NodeState::Stopped,
    }
}

/// How all containers are that the runtime can tell of, asked once: each question costs a process.
pub fn statuses(keeper: &Keeper) -> Result<BTreeMap<String, NodeState>> {
    let text = run(keeper, &["list", "--format", "json"])?;
    // Without containers runc prints `null`.
    let all: Option<Vec<serde_json::Value>> = serde_json::from_str(&text)
        .map_err(|error| Error::new("cannot read the containers' states").because(error))?;
    let known = all
        .iter()
        .flatten()
        .filter_map(|one| Some((one["id"].as_str()?.to_owned(), read(one))));
    Ok(known.collect())
}

/// Starts the node from its OCI bundle.
pub fn start(keeper: &Keeper, name: &NodeName) -> Result<()> {
    let bundle = keeper.memory().join("bundles").join(name.as_str());
    let log = keeper.inside(&bundle).join("log");
    let file = std::fs::File::create(&log)
        .map_err(|error| Error::new("cannot write the node's log").on(name).because(error))?;
    let errors = file
        .try_clone()
        .map_err(|error| Error::new("cannot write the node's log").on(name).because(error))?;
    let root = keeper.memory().join("runtime");
    let argv = [
        program()?,
        "--root",
        &root.to_string_lossy(),
        "run",
        "-d",
        "-b",
        &bundle.to_string_lossy(),
        name.as_str(),
    ];
    // The node keeps these open for life: a pipe would make whoever reads it wait for ever.
    let status = keeper
        .command(&argv)
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .status();
    let status = status.map_err(|error| {
        Error::new("cannot run the container runtime")
            .on(name)
            .because(error)
    })?;
    if status.success() {
        return Ok(());
    }
    let printed = std::fs::read_to_string(&log).unwrap_or_default();
    let _ = run(keeper, &["delete", "-f", name.as_str()]);
    Err(
        Error::new(text!("노드가 시작되지 않음", "the node does not start"))
            .on(name)
            .output(printed.trim_end()),
    )
}

/// Ends the node: gracefully, else by force.
pub fn stop(keeper: &Keeper, name: &NodeName) -> Result<()> {
    if status(keeper, name)? == Some(NodeState::Paused) {
        resume(keeper, name)?;
    }
    if status(keeper, name)? != Some(NodeState::Up) {
        return Ok(());
    }
    run(keeper, &["kill", name.as_str(), HALT])?;
    let told = Instant::now();
    while status(keeper, name)? == Some(NodeState::Up) {
        if told.elapsed() > patient(Duration::from_secs(30)) {
            return delete(keeper, name);
        }
        // Docker is stopping by now and waits for these: it notes their end and their restart policy as on any machine.
        if told.elapsed() > patient(GRACE) {
            control_group::end_containers(&group(keeper, name));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The node's control group, below the hierarchies.
fn group(keeper: &Keeper, name: &NodeName) -> String {
    format!("{}/{name}", keeper.instance())
}

/// Removes the node's container, running or not.
pub fn delete(keeper: &Keeper, name: &NodeName) -> Result<()> {
    match status(keeper, name)? {
        None => Ok(()),
        Some(state) => {
            if state == NodeState::Paused {
                resume(keeper, name)?;
            }
            let deleted = run(keeper, &["delete", "-f", name.as_str()]);
            // A boot killed half way: what the runtime does not know to be its own.
            control_group::clear(&group(keeper, name))?;
            let record = record(keeper, name);
            if !keeper.inside(&record).exists() {
                return Ok(());
            }
            keeper.run(&["rm", "-rf", "--one-file-system", &record.to_string_lossy()])?;
            deleted.map(drop)
        }
    }
}

/// Freezes the node.
pub fn pause(keeper: &Keeper, name: &NodeName) -> Result<()> {
    run(keeper, &["pause", name.as_str()]).map(drop)
}

/// Lets the node go on.
pub fn resume(keeper: &Keeper, name: &NodeName) -> Result<()> {
    run(keeper, &["resume", name.as_str()]).map(drop)
}
