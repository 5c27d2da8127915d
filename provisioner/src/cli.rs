//! The command line: clap types, and one verb per file below.

mod app;
mod boxes;
mod bundle;
mod check;
mod claims;
mod clean;
mod completions;
mod consent;
mod doctor;
mod down;
mod exec;
mod exercise;
mod forward;
mod help;
mod hint;
mod keeper;
mod kubeconfig;
mod kubectl;
mod lint;
mod list;
mod logs;
mod machines;
mod new;
mod orchestrator;
mod overview;
mod plan;
mod raise;
mod reach;
mod report;
mod reset;
mod restart;
mod run;
mod schema;
mod seat;
mod show;
mod snapshot;
mod solve;
mod ssh;
mod start;
mod status;
mod stop;
mod support_bundle;
mod test;
mod trust;
mod up;
mod yaml;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use agent::wire::Engine;
use clap::{FromArgMatches, Parser, Subcommand};

pub use app::App;
pub use seat::Seat;

use crate::error::exit;
use crate::privilege;
use crate::report::out::Out;
use crate::text::Lang;

/// Runs a chapter of container and Kubernetes course notes for real.
#[derive(Debug, Parser)]
#[command(
    name = "lab",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// The project: the directory with cluster.yaml (default: here, or the nearest one above).
    #[arg(long, global = true, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Language of everything a person reads (default: the locale's).
    #[arg(long, global = true, value_name = "ko|en", env = "LAB_LANG")]
    pub lang: Option<LangArgument>,
    /// `text` for people, `json` for programs.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: Format,
    /// Answer yes to every question: install host tools, start long builds.
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Never try the network; use what the bundle has.
    #[arg(long, global = true, env = "LAB_OFFLINE", value_parser = clap::builder::BoolishValueParser::new())]
    pub offline: bool,
}

/// A language on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum LangArgument {
    /// Korean
    Ko,
    /// English
    En,
}

/// A container engine on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum EngineArgument {
    /// Docker Engine
    Docker,
    /// containerd, by nerdctl and crictl
    Containerd,
    /// CRI-O, by crictl
    CriO,
    /// Podman
    Podman,
}

impl From<EngineArgument> for Engine {
    fn from(engine: EngineArgument) -> Self {
        match engine {
            EngineArgument::Docker => Self::Docker,
            EngineArgument::Containerd => Self::Containerd,
            EngineArgument::CriO => Self::CriO,
            EngineArgument::Podman => Self::Podman,
        }
    }
}

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns and sentences
    #[default]
    Text,
    /// One JSON document
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Carry out a lab, or one exercise of it: brings the cluster up first
    Run(run::Args),
    /// Bring the cluster up, or back to what cluster.yaml says
    Up(up::Args),
    /// Print what `lab up` would change; touch nothing
    Plan(plan::Args),
    /// Remove the nodes and everything the lab made on this host
    Down(down::Args),
    /// Start stopped nodes, or set up an exercise (LAB/EXERCISE) to type it yourself
    Start(start::Args),
    /// Stop nodes; their files stay
    Stop(stop::Args),
    /// Stop and start nodes
    Restart(restart::Args),
    /// The nodes and how they are
    Status(status::Args),
    /// Log in to a node
    Ssh(ssh::Args),
    /// Run a command on nodes
    Exec(exec::Args),
    /// The journal of a node, or of a unit on it
    Logs(logs::Args),
    /// Kubernetes' own client, on the master: nothing to install here
    Kubectl(kubectl::Args),
    /// A configuration for a kubectl of this host
    Kubeconfig(kubeconfig::Args),
    /// Open a node's port on this host's loopback
    Forward(forward::Args),
    /// Save, restore, list and delete states of the whole cluster
    Snapshot(snapshot::Args),
    /// Put nodes back to how `lab up` left them, or take back what `lab` did of an exercise (LAB/EXERCISE)
    Reset(reset::Args),
    /// Who trusts the registry, until when; renew or replace the authority
    Trust(trust::Args),
    /// List labs and exercises
    List(list::Args),
    /// Print an exercise's steps, to type them yourself
    Show(show::Args),
    /// Check what you typed
    Check(check::Args),
    /// What to do next in an exercise, a little at a time
    Hint(hint::Args),
    /// Do for you what is not done of an exercise yet, and leave it there
    Solve(solve::Args),
    /// The statements of the notes: coverage, lines nobody accounts for, verdicts
    Claims(claims::Args),
    /// Reopen the report of an earlier run; list them; compare two
    Report(report::Args),
    /// Prove that every check of a lab can fail: red before, green after, red again
    Test(test::Args),
    /// Begin a lab or an exercise of your own: files that lint and run as they are
    New(new::Args),
    /// Check the files of labs without a node
    Lint(lint::Args),
    /// What nodes install from: build, verify, export, import
    Bundle(bundle::Args),
    /// Boxes of the node image, for Vagrant
    Box(boxes::Args),
    /// What this host has and lacks
    Doctor(doctor::Args),
    /// Everything a bug report needs in one file, without secrets
    SupportBundle(support_bundle::Args),
    /// List what is kept on this host, and remove it
    Clean(clean::Args),
    /// JSON Schemas of cluster.yaml and of labs
    Schema(schema::Args),
    /// Completion for a shell, or man pages
    Completions(completions::Args),
    /// Hold a cluster's disk and network
    #[command(hide = true)]
    Keeper(keeper::Args),
}

/// Runs `lab` with `arguments` and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches = help::command(help::language(&arguments)).try_get_matches_from(arguments);
    let cli = match matches.and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    let lang = match cli.global.lang {
        Some(LangArgument::Ko) => Lang::Ko,
        Some(LangArgument::En) => Lang::En,
        None => Lang::from_environment(),
    };
    let app = App::new(cli.global, Out::new(lang));
    let result = dispatch(cli.verb, &app);
    if let Ok(paths) = app.paths() {
        privilege::give_back(&paths);
    }
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            app.sink.close();
            app.out.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(verb: Verb, app: &App) -> crate::error::Result<u8> {
    match verb {
        Verb::Run(args) => run::run(&args, app),
        Verb::Up(args) => up::run(&args, app),
        Verb::Plan(args) => plan::run(&args, app),
        Verb::Down(args) => down::run(&args, app),
        Verb::Start(args) => start::run(&args, app),
        Verb::Stop(args) => stop::run(&args, app),
        Verb::Restart(args) => restart::run(&args, app),
        Verb::Status(args) => status::run(&args, app),
        Verb::Ssh(args) => ssh::run(&args, app),
        Verb::Exec(args) => exec::run(&args, app),
        Verb::Logs(args) => logs::run(&args, app),
        Verb::Kubectl(args) => kubectl::run(&args, app),
        Verb::Kubeconfig(args) => kubeconfig::run(&args, app),
        Verb::Forward(args) => forward::run(&args, app),
        Verb::Snapshot(args) => snapshot::run(&args, app),
        Verb::Reset(args) => reset::run(&args, app),
        Verb::Trust(args) => trust::run(&args, app),
        Verb::List(args) => list::run(&args, app),
        Verb::Show(args) => show::run(&args, app),
        Verb::Check(args) => check::run(&args, app),
        Verb::Hint(args) => hint::run(&args, app),
        Verb::Solve(args) => solve::run(&args, app),
        Verb::Claims(args) => claims::run(&args, app),
        Verb::Report(args) => report::run(&args, app),
        Verb::Test(args) => test::run(&args, app),
        Verb::New(args) => new::run(&args, app),
        Verb::Lint(args) => lint::run(&args, app),
        Verb::Bundle(args) => bundle::run(&args, app),
        Verb::Box(args) => boxes::run(&args, app),
        Verb::Doctor(args) => doctor::run(&args, app),
        Verb::SupportBundle(args) => support_bundle::run(&args, app),
        Verb::Clean(args) => clean::run(&args, app),
        Verb::Schema(args) => schema::run(&args, app),
        Verb::Completions(args) => completions::run(&args, app),
        Verb::Keeper(args) => keeper::run(&args, app),
    }
}
