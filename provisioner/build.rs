//! Builds the agent for the machine `lab` is built for, static, in a target directory of its own, and tells the library where it is.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

fn main() {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("..");
    for input in ["agent/src", "agent/Cargo.toml", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    println!("cargo::rerun-if-env-changed=LAB_AGENT");
    let binary = match env::var_os("LAB_AGENT") {
        Some(prebuilt) => PathBuf::from(prebuilt),
        None => build(
            &root,
            &variable("TARGET"),
            &PathBuf::from(variable("OUT_DIR")).join("agent"),
        ),
    };
    assert!(
        fs::metadata(&binary).is_ok_and(|file| file.len() > 0),
        "no agent at {}",
        binary.display()
    );
    println!("cargo::rustc-env=LAB_AGENT_BINARY={}", binary.display());
}

/// Nodes run Linux: on another host the agent is built for the same architecture's Linux.
fn build(root: &std::path::Path, host: &str, target_directory: &std::path::Path) -> PathBuf {
    let architecture = host.split('-').next().unwrap_or(host);
    let target = if host.contains("-linux-") {
        host.to_owned()
    } else {
        format!("{architecture}-unknown-linux-musl")
    };
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args([
            "build",
            "--quiet",
            "--package",
            "lab-agent",
            "--bin",
            "lab-agent",
            "--profile",
            "agent",
            "--target",
            &target,
        ])
        .arg("--target-dir")
        .arg(target_directory)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    // What cargo sets for clippy and coverage must not reach the agent's own build.
    for inherited in [
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    ] {
        cargo.env_remove(inherited);
    }
    let status = cargo
        .status()
        .unwrap_or_else(|error| panic!("cannot run cargo for the agent: {error}"));
    assert!(status.success(), "the agent does not build (see above)");
    target_directory.join(&target).join("agent").join("lab-agent")
}
