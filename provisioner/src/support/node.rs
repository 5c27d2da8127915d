//! What a node adds to a bug report: its units, which of them failed, and the ends of their journals. What cannot be had is said
//! where it would have been.

use std::time::Duration;

use agent::wire::{How, Run};

use crate::session::Session;
use crate::transport::patient;

/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// Bytes of an answer.
const MOST: u64 = 1 << 20;
/// Units whose journal is of use whether they failed or not.
const UNITS: [&str; 5] = ["kubelet", "containerd", "docker", "ssh", "lab-mirror"];
/// Lines of each journal.
const LINES: &str = "--lines=500";

/// What is always asked: the name of the answer, and the command.
const ASKED: [(&str, &[&str]); 6] = [
    (
        "units.txt",
        &["systemctl", "list-units", "--all", "--no-pager", "--plain"],
    ),
    ("addresses.txt", &["ip", "address"]),
    ("routes.txt", &["ip", "route"]),
    ("listeners.txt", &["ss", "-ltnp"]),
    ("containers.txt", &["docker", "ps", "--all"]),
    ("disk.txt", &["df", "-h"]),
];

/// And of a control plane.
const OF_MASTER: [(&str, &[&str]); 2] = [
    (
        "kubernetes.txt",
        &[
            "kubectl",
            "--kubeconfig",
            "/etc/kubernetes/admin.conf",
            "--request-timeout=10s",
            "get",
            "nodes,pods",
            "-A",
            "-o",
            "wide",
        ],
    ),
    (
        "kubernetes-events.txt",
        &[
            "kubectl",
            "--kubeconfig",
            "/etc/kubernetes/admin.conf",
            "--request-timeout=10s",
            "get",
            "events",
            "-A",
        ],
    ),
];

/// Answers by name. `control_plane`: whether to ask Kubernetes too.
pub async fn ask(session: &Session, control_plane: bool) -> Vec<(String, String)> {
    let mut asked: Vec<(String, Vec<String>)> = ASKED
        .iter()
        .chain(OF_MASTER.iter().filter(|_| control_plane))
        .map(|(name, argv)| ((*name).to_owned(), owned(argv)))
        .collect();
    let failed = printed(
        session,
        &owned(&["systemctl", "list-units", "--failed", "--plain", "--no-legend"]),
    )
    .await;
    let failed = failed.lines().filter_map(|line| line.split_whitespace().next());
    let failed = failed.filter(|unit| unit.contains('.')).map(str::to_owned);
    let usual = UNITS.map(|unit| format!("{unit}.service"));
    for unit in usual.into_iter().chain(failed) {
        let argv = [
            "journalctl",
            "--no-pager",
            "--output=short-iso",
            LINES,
            "--unit",
            &unit,
        ];
        asked.push((format!("journal/{unit}.txt"), owned(&argv)));
    }
    let mut answers = vec![];
    for (name, argv) in asked {
        answers.push((name, printed(session, &argv).await));
    }
    answers
}

fn owned(argv: &[&str]) -> Vec<String> {
    argv.iter().map(|word| (*word).to_owned()).collect()
}

/// What a command prints, its errors too; or why it could not be asked.
async fn printed(session: &Session, argv: &[String]) -> String {
    let run = Run {
        argv: argv.to_vec(),
        deadline_ms: u64::try_from(patient(DEADLINE).as_millis()).ok(),
        cap: Some(MOST),
        ..Run::default()
    };
    match session.agent.run(run).await {
        Err(error) => format!("cannot ask: {error}\n"),
        Ok(done) => {
            let mut said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
            if done.exited.how != How::Code(0) {
                said += &format!("\n({:?})\n", done.exited.how);
            }
            said
        }
    }
}
