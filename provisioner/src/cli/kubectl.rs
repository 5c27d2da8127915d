//! `lab kubectl`: the master's own kubectl, as the cluster's administrator, on this terminal or through pipes. Nothing is
//! installed on this host.

use crate::apply::kubernetes::ADMINISTRATOR;
use crate::cli::{App, ssh};
use crate::error::{Error, Result};
use crate::text;

/// Arguments of `lab kubectl`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What kubectl is given, e.g. get nodes
    #[arg(
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true
    )]
    arguments: Vec<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let cluster = app.cluster(&app.paths()?)?;
    if cluster.kubernetes.is_none() {
        return Err(absent());
    }
    let kubectl = ["kubectl", "--kubeconfig", ADMINISTRATOR].map(str::to_owned);
    let command = kubectl.into_iter().chain(args.arguments.iter().cloned());
    ssh::run(&ssh::Args::command("master", command.collect()), app)
}

/// What is said where cluster.yaml asks for none.
pub fn absent() -> Error {
    Error::usage(text!(
        "이 클러스터에는 쿠버네티스가 없음",
        "this cluster has no Kubernetes"
    ))
    .hint(text!(
        "`lab up --kubernetes`, 또는 cluster.yaml에 `kubernetes: {{version: \"1.34\"}}`를 더하고 `lab up`",
        "`lab up --kubernetes`; or add `kubernetes: {{version: \"1.34\"}}` to cluster.yaml, then `lab up`"
    ))
}
