//! The container engines as a table: how each is recognised, asked and restarted.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use crate::docker;
use crate::wire::{Engine, EngineFact};

/// One engine.
pub(crate) struct Row {
    pub(crate) engine: Engine,
    /// As a person writes it.
    pub(crate) name: &'static str,
    /// Program whose presence means that it is installed, and that prints its version.
    program: &'static str,
    /// systemd unit, where there is a daemon.
    pub(crate) unit: Option<&'static str>,
    /// Socket the daemon answers on.
    socket: Option<&'static str>,
}

/// All engines, the order facts list them in.
pub(crate) const ENGINES: [Row; 4] = [
    Row {
        engine: Engine::Docker,
        name: "docker",
        program: "dockerd",
        unit: Some("docker.service"),
        socket: Some(docker::SOCKET),
    },
    Row {
        engine: Engine::Containerd,
        name: "containerd",
        program: "containerd",
        unit: Some("containerd.service"),
        socket: Some("/run/containerd/containerd.sock"),
    },
    Row {
        engine: Engine::CriO,
        name: "cri-o",
        program: "crio",
        unit: Some("crio.service"),
        socket: Some("/run/crio/crio.sock"),
    },
    Row {
        engine: Engine::Podman,
        name: "podman",
        program: "podman",
        unit: None,
        socket: None,
    },
];

const DIRECTORIES: [&str; 6] = [
    "usr/bin",
    "usr/sbin",
    "usr/local/bin",
    "usr/local/sbin",
    "bin",
    "sbin",
];
const VERSION: Duration = Duration::from_secs(5);

impl Row {
    /// Whether it is installed under `root`.
    pub(crate) fn is_installed(&self, root: &Path) -> bool {
        installed(root, self.program)
    }

    /// Whether its daemon answers; an engine without a daemon always does.
    pub(crate) async fn answers(&self) -> bool {
        match (self.engine, self.socket) {
            (Engine::Docker, _) => docker::version().await.is_some(),
            (_, Some(socket)) => tokio::net::UnixStream::connect(socket).await.is_ok(),
            (_, None) => true,
        }
    }

    /// Its facts, if it is installed.
    pub(crate) async fn fact(&self) -> Option<EngineFact> {
        if !self.is_installed(Path::new("/")) {
            return None;
        }
        let argv = [self.program, "--version"];
        let (version, running) = if self.engine == Engine::Docker {
            let said = docker::version().await;
            (said.clone(), said.is_some())
        } else {
            (None, self.answers().await)
        };
        let version = match version {
            Some(version) => version,
            None => version_in(&output(&argv, VERSION).await.unwrap_or_default()),
        };
        Some(EngineFact {
            engine: self.engine,
            version,
            running,
        })
    }
}

/// Whether a program is installed under `root`.
pub(crate) fn installed(root: &Path, program: &str) -> bool {
    DIRECTORIES
        .iter()
        .any(|directory| root.join(directory).join(program).is_file())
}

/// Facts of every installed engine, asked at the same time.
pub(crate) async fn facts() -> Vec<EngineFact> {
    let [docker, containerd, crio, podman] = &ENGINES;
    let all = tokio::join!(docker.fact(), containerd.fact(), crio.fact(), podman.fact());
    [all.0, all.1, all.2, all.3].into_iter().flatten().collect()
}

/// The first word that looks like a version.
fn version_in(text: &str) -> String {
    let looks = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.');
    let mut words = text
        .split_whitespace()
        .map(|word| word.trim_matches(',').trim_start_matches('v'));
    words.find(looks).unwrap_or_default().to_owned()
}

/// Standard output of a short command that succeeded.
pub(crate) async fn output(argv: &[&str], deadline: Duration) -> Result<String, String> {
    let mut command = Command::new(argv[0]);
    command
        .args(&argv[1..])
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    let deadline = deadline.mul_f64(crate::process::patience());
    match tokio::time::timeout(deadline, command.output()).await {
        Err(_) => Err(format!(
            "`{}` did not end within {} s",
            argv.join(" "),
            deadline.as_secs()
        )),
        Ok(Err(error)) => Err(format!("cannot run `{}`: {error}", argv[0])),
        Ok(Ok(done)) if done.status.success() => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        Ok(Ok(done)) => {
            let said = String::from_utf8_lossy(&done.stderr);
            Err(format!(
                "`{}` failed ({}): {}",
                argv.join(" "),
                done.status,
                said.trim().replace('\n', "; ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn versions_are_found_in_what_engines_print() {
        for (said, version) in [
            ("Docker version 26.1.5+dfsg1, build a72d7cd", "26.1.5+dfsg1"),
            (
                "containerd github.com/containerd/containerd 1.7.24~ds1 1.7.24",
                "1.7.24~ds1",
            ),
            ("crio version 1.34.0\nGitCommit: x", "1.34.0"),
            ("podman version 5.4.2", "5.4.2"),
            ("containerd containerd.io v2.1.0 abc", "2.1.0"),
            ("", ""),
        ] {
            assert_eq!(version_in(said), version);
        }
    }
}
