//! `lab completions`: for a shell, or man pages.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory};

use crate::cli::{App, Cli};
use crate::config::Cluster;
use crate::error::{Error, Result, exit};

/// Arguments of `lab completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print completion for this shell
    #[arg(required_unless_present = "man")]
    shell: Option<clap_complete::Shell>,
    /// Write man pages into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    man: Option<PathBuf>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let mut command = with_nodes(Cli::command(), &nodes(app));
    if let Some(shell) = args.shell {
        let mut script = vec![];
        clap_complete::generate(shell, &mut command, "lab", &mut script);
        app.out.bytes(&script);
    }
    if let Some(directory) = &args.man {
        let failed =
            |error| Error::new(format!("cannot write man pages to {}", directory.display())).because(error);
        std::fs::create_dir_all(directory)
            .and_then(|()| clap_mangen::generate_to(command, directory))
            .map_err(failed)?;
    }
    Ok(exit::OK)
}

/// Names of this project's nodes; none outside a project, or where cluster.yaml is wrong.
fn nodes(app: &App) -> Vec<String> {
    let read = app.paths().ok().and_then(|paths| {
        let text = std::fs::read_to_string(paths.project.join("cluster.yaml")).ok()?;
        Cluster::parse("cluster.yaml", &text).ok()
    });
    let nodes = read.into_iter().flat_map(|cluster| cluster.nodes);
    nodes.map(|node| node.name.to_string()).collect()
}

/// The command line whose arguments `NODE` can be one of these, for a shell to offer them.
fn with_nodes(command: Command, nodes: &[String]) -> Command {
    let offered = |argument: &clap::Arg| {
        let names = argument.get_value_names().unwrap_or_default();
        !nodes.is_empty() && names.iter().any(|name| name.as_str() == "NODE")
    };
    let one = |verb: Command| {
        verb.mut_args(|argument| match offered(&argument) {
            true => argument.value_parser(PossibleValuesParser::new(nodes.to_vec())),
            false => argument,
        })
    };
    command.mut_subcommands(one)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_verb_has_a_page() {
        let directory = tempfile::tempdir().unwrap();
        clap_mangen::generate_to(Cli::command(), directory.path()).unwrap();
        for page in ["lab.1", "lab-up.1", "lab-snapshot-save.1"] {
            let text = std::fs::read_to_string(directory.path().join(page)).unwrap();
            assert!(text.contains(".TH"), "{page}");
        }
    }

    #[test]
    fn names_of_nodes_are_offered_where_one_is_meant() {
        let mut command = with_nodes(Cli::command(), &["m-k8s".into(), "w1-k8s".into()]);
        let offered = |command: &Command, verb: &str| {
            let arguments = command.find_subcommand(verb).unwrap().get_arguments();
            arguments
                .flat_map(clap::Arg::get_possible_values)
                .any(|value| value.get_name() == "w1-k8s")
        };
        for verb in ["ssh", "exec", "logs", "stop"] {
            assert!(offered(&command, verb), "{verb}");
        }
        assert!(!offered(&command, "run"));
        let mut script = vec![];
        clap_complete::generate(clap_complete::Shell::Bash, &mut command, "lab", &mut script);
        assert!(String::from_utf8(script).unwrap().contains("w1-k8s"));
        assert!(!offered(&with_nodes(Cli::command(), &[]), "ssh"));
    }

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
