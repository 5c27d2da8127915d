//! The OCI runtime: crun where cgroups are unified, runc elsewhere. Starts, stops, pauses and deletes containers by node name.

use std::path::Path;
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

/// How the node's container is; `None` if there is none.
pub fn status(keeper: &Keeper, name: &NodeName) -> Result<Option<NodeState>> {
    if !keeper
        .inside(&keeper.memory().join("runtime").join(name.as_str()))
        .exists()
    {
        return Ok(None);
    }
    let text = run(keeper, &["state", name.as_str()])?;
    let state: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
        Error::new("cannot read the container's state")
            .on(name)
            .because(error)
    })?;
    Ok(match state["status"].as_str() {
        Some("running") => Some(NodeState::Up),
        Some("paused") => Some(NodeState::Paused),
        _ => Some(NodeState::Stopped),
    })
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
    let deadline = Instant::now() + patient(Duration::from_secs(15));
    while status(keeper, name)? == Some(NodeState::Up) {
        if Instant::now() > deadline {
            return run(keeper, &["delete", "-f", name.as_str()]).map(drop);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Removes the node's container, running or not.
pub fn delete(keeper: &Keeper, name: &NodeName) -> Result<()> {
    match status(keeper, name)? {
        None => Ok(()),
        Some(state) => {
            if state == NodeState::Paused {
                resume(keeper, name)?;
            }
            run(keeper, &["delete", "-f", name.as_str()]).map(drop)
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
