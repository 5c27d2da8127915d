//! `lab completions`: for a shell, or man pages.

use std::path::PathBuf;

use clap::CommandFactory;

use crate::cli::{App, Cli};
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
    let mut command = Cli::command();
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
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
