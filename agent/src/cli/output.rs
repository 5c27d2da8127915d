//! The one place that writes to standard output and standard error.

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use crate::engine_table::ENGINES;
use crate::wire::{EngineFact, Facts, TrustFact};

/// Where words for a person go. A reader that is gone is no reason to fail.
pub(super) struct Output {}

impl Output {
    pub(super) fn standard() -> Self {
        Self {}
    }

    pub(super) fn stdout(&mut self, bytes: &[u8]) {
        drop(stdout().write_all(bytes).and_then(|()| stdout().flush()));
    }

    pub(super) fn stderr(&mut self, bytes: &[u8]) {
        drop(stderr().write_all(bytes));
    }

    fn line(&mut self, text: &str) {
        self.stdout(format!("{text}\n").as_bytes());
    }

    pub(super) fn failure(&mut self, message: &str) -> ExitCode {
        self.stderr(format!("error: {message}\n").as_bytes());
        ExitCode::FAILURE
    }

    pub(super) fn usage(&mut self, error: &clap::Error) -> ExitCode {
        let text = error.render().to_string();
        if error.use_stderr() {
            self.stderr(text.as_bytes())
        } else {
            self.stdout(text.as_bytes())
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    }

    pub(super) fn status(&mut self, facts: &Facts) {
        let gib = |bytes: u64| bytes / (1 << 20);
        self.line(&format!(
            "{}  {} {}  linux {}",
            facts.hostname, facts.os_id, facts.os_version, facts.kernel
        ));
        self.line(&format!(
            "{} cpus  memory {}/{} MiB available  disk {}/{} MiB used  cgroup v{}",
            facts.cpus,
            gib(facts.memory_available),
            gib(facts.memory),
            gib(facts.disk_used),
            gib(facts.disk),
            facts.cgroup
        ));
        self.engines(&facts.engines);
    }

    pub(super) fn facts(&mut self, facts: &Facts, json: bool) {
        match serde_json::to_string_pretty(facts) {
            Ok(text) if json => self.line(&text),
            _ => {
                self.status(facts);
                for (path, file) in &facts.files {
                    let what = file
                        .as_ref()
                        .map_or("absent".into(), |file| format!("{:o} {}", file.mode, file.sha256));
                    self.line(&format!("{path}  {what}"));
                }
                for (unit, fact) in &facts.units {
                    self.line(&format!("{unit}  {} {} {}", fact.load, fact.active, fact.enabled));
                }
            }
        }
    }

    pub(super) fn trust(&mut self, facts: &[TrustFact]) {
        for fact in facts {
            let state = fact.sha256.as_ref().map_or("missing", |sha256| &sha256[..12]);
            self.line(&format!(
                "{:<11} {:<20} {:<13} {}",
                fact.store, fact.registry, state, fact.path
            ));
        }
    }

    pub(super) fn engines(&mut self, facts: &[EngineFact]) {
        if facts.is_empty() {
            self.line("no container engine installed");
        }
        for fact in facts {
            let name = ENGINES
                .iter()
                .find(|row| row.engine == fact.engine)
                .map_or("", |row| row.name);
            let state = if fact.running { "running" } else { "stopped" };
            self.line(&format!("{name:<11} {:<20} {state}", fact.version));
        }
    }
}
