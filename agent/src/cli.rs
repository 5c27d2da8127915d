//! `lab-agent <verb>`: what the orchestrator can do on this node, for a person who is logged in to it.
//!
//! Every verb but `serve` talks to a server inside this very process, so a person and the orchestrator go one way.

mod output;
mod stdio;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::output::Output;
use crate::client::{self, Client, ClientError};
use crate::engine_table::ENGINES;
use crate::wire::{Engine, EngineAction, FactsQuery, How, Run, Trust, Whose};

/// The lab's agent on this node.
#[derive(Parser)]
#[command(name = "lab-agent", version, about = "The lab's agent on this node", long_about = None)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Speak the lab's protocol on standard input and output (what `lab` starts over SSH)
    Serve,
    /// Show this node and its engines in a few lines
    Status,
    /// Show everything the lab reads from this node
    Facts {
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Also hash these files
        #[arg(long = "file", value_name = "PATH")]
        files: Vec<String>,
        /// Also look up these systemd units
        #[arg(long = "unit", value_name = "UNIT")]
        units: Vec<String>,
    },
    /// Show what each engine trusts for a registry
    Trust {
        #[command(subcommand)]
        verb: Option<TrustVerb>,
    },
    /// Show, restart or start a container engine
    Engine {
        #[command(subcommand)]
        verb: Option<EngineVerb>,
    },
    /// Run a command the way the lab does: own process group, fixed environment, deadline
    Exec {
        /// Seconds until the command and all it started are ended
        #[arg(long, value_name = "S")]
        deadline: Option<u64>,
        /// Program and arguments
        #[arg(last = true, required = true, value_name = "CMD")]
        command: Vec<String>,
    },
}

#[derive(Subcommand)]
enum TrustVerb {
    /// What is trusted, and in which file
    Status {
        /// Names of the registry
        #[arg(value_name = "HOST:PORT", default_values = ["192.168.1.10:8443", "m-k8s:8443"])]
        registries: Vec<String>,
    },
    /// Make every engine trust the authority in a PEM file
    Install {
        /// PEM file of the authority
        authority: std::path::PathBuf,
        /// Names of the registry
        #[arg(value_name = "HOST:PORT", required = true)]
        registries: Vec<String>,
    },
    /// Take away what `install` wrote
    Remove {
        /// Names of the registry
        #[arg(value_name = "HOST:PORT", required = true)]
        registries: Vec<String>,
    },
}

#[derive(Subcommand)]
enum EngineVerb {
    /// Which engines are there, and whether they answer
    Status,
    /// Restart one and wait until it answers
    Restart {
        /// docker, containerd, cri-o or podman
        #[arg(value_parser = engine)]
        engine: Engine,
    },
    /// Enable and start one and wait until it answers
    Start {
        /// docker, containerd, cri-o or podman
        #[arg(value_parser = engine)]
        engine: Engine,
    },
}

fn engine(name: &str) -> Result<Engine, String> {
    let found = ENGINES.iter().find(|row| row.name == name).map(|row| row.engine);
    found.ok_or_else(|| "expected docker, containerd, cri-o or podman".into())
}

/// Carries out the command line. Exit codes: `exec` passes on the command's (128 + signal, 124 for the deadline);
/// else 0, 1 for a failure, 2 for a wrong command line.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut output = Output::standard();
    let verb = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments.verb,
        Err(error) => return output.usage(&error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build();
    let result = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        let result = match verb {
            Verb::Serve => runtime.block_on(stdio::serve()).map(|()| ExitCode::SUCCESS),
            verb => runtime
                .block_on(carry_out(verb, &mut output))
                .map_err(|error| error.to_string()),
        };
        // A reader of standard input may be stuck in the kernel.
        runtime.shutdown_background();
        result
    });
    result.unwrap_or_else(|message| output.failure(&message))
}

async fn carry_out(verb: Verb, output: &mut Output) -> Result<ExitCode, ClientError> {
    let (ours, theirs) = tokio::io::duplex(256 * 1024);
    let (reader, writer) = tokio::io::split(theirs);
    let server = tokio::spawn(crate::server::serve(reader, writer));
    let (reader, writer) = tokio::io::split(ours);
    let client = Client::connect(reader, writer).await?;
    let code = tell(&client, verb, output).await?;
    drop(client);
    drop(tokio::time::timeout(std::time::Duration::from_secs(5), server).await);
    Ok(code)
}

async fn tell(client: &Client, verb: Verb, output: &mut Output) -> Result<ExitCode, ClientError> {
    match verb {
        Verb::Serve => {}
        Verb::Status => output.status(&client.facts(FactsQuery::default()).await?),
        Verb::Facts { json, files, units } => {
            let facts = client
                .facts(FactsQuery {
                    files,
                    units,
                    ..FactsQuery::default()
                })
                .await?;
            output.facts(&facts, json);
        }
        Verb::Trust { verb } => output.trust(&client.trust(trust(verb)?).await?),
        Verb::Engine { verb } => {
            let action = match verb {
                None | Some(EngineVerb::Status) => EngineAction::Status,
                Some(EngineVerb::Restart { engine }) => EngineAction::Restart(engine),
                Some(EngineVerb::Start { engine }) => EngineAction::Start(engine),
            };
            output.engines(&client.engine(action).await?);
        }
        Verb::Exec { deadline, command } => return exec(client, deadline, command, output).await,
    }
    Ok(ExitCode::SUCCESS)
}

fn trust(verb: Option<TrustVerb>) -> Result<Trust, ClientError> {
    let whose = Whose::Lab;
    Ok(match verb {
        None => Trust::Status {
            whose,
            registries: vec!["192.168.1.10:8443".into(), "m-k8s:8443".into()],
        },
        Some(TrustVerb::Status { registries }) => Trust::Status { whose, registries },
        Some(TrustVerb::Remove { registries }) => Trust::Remove { whose, registries },
        Some(TrustVerb::Install {
            authority,
            registries,
        }) => {
            let problem = |error| ClientError::Local(format!("`{}`: {error}", authority.display()));
            Trust::Install {
                whose,
                registries,
                authority: std::fs::read_to_string(&authority).map_err(problem)?,
            }
        }
    })
}

async fn exec(
    client: &Client,
    deadline: Option<u64>,
    argv: Vec<String>,
    output: &mut Output,
) -> Result<ExitCode, ClientError> {
    let deadline_ms = deadline.map(|seconds| seconds.saturating_mul(1000));
    let mut running = client
        .start(Run {
            argv,
            deadline_ms,
            ..Run::default()
        })
        .await?;
    while let Some(piece) = running.next().await {
        match piece {
            client::Output::Stdout(bytes) => output.stdout(&bytes),
            client::Output::Stderr(bytes) => output.stderr(&bytes),
        }
    }
    let code = match running.wait().await?.how {
        How::Code(code) => code,
        How::Signal(signal) => 128 + signal,
        How::Deadline => 124,
        How::Cancelled => 130,
    };
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(255)))
}
