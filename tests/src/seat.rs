//! A seat: a project directory and a state directory of its own, driven by the real program. The bundle's cache is the user's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How patient `lab` is, unless the environment says: tests run beside each other, and no deadline that they look at is a machine's speed.
const PATIENCE: &str = "4";

/// A project with its own state; [`Seat::down`] takes its cluster away.
#[derive(Debug)]
pub struct Seat {
    program: PathBuf,
    directory: tempfile::TempDir,
}

/// What a run of `lab` left behind.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The command line, for messages.
    pub command: String,
    /// Exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl Seat {
    /// A seat whose project holds this cluster.yaml. `program` is the `lab` to run.
    pub fn new(program: &Path, cluster: &str) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("lab-seat-").tempdir()?;
        fs::create_dir(directory.path().join("project"))?;
        fs::write(directory.path().join("project/cluster.yaml"), cluster)?;
        Ok(Self {
            program: program.into(),
            directory,
        })
    }

    /// The project directory.
    pub fn project(&self) -> PathBuf {
        self.directory.path().join("project")
    }

    /// Writes a file of the project, over the one that was there.
    pub fn write(&self, file: &str, content: impl AsRef<[u8]>) -> io::Result<()> {
        fs::write(self.project().join(file), content)
    }

    /// Where this seat's state lives.
    pub fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// `lab ARGUMENTS` in this seat, ready to spawn.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.in_here(Command::new(&self.program));
        command.args(arguments);
        command
    }

    /// A program in this seat's project, with its environment.
    pub fn in_here(&self, mut command: Command) -> Command {
        if std::env::var_os("LAB_PATIENCE").is_none() {
            command.env("LAB_PATIENCE", PATIENCE);
        }
        command
            .current_dir(self.project())
            .env("XDG_STATE_HOME", self.state())
            .env_remove("LAB_HOME")
            .env("LAB_LANG", "en")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs `lab ARGUMENTS` to its end.
    pub fn lab(&self, arguments: &[&str]) -> Ran {
        self.run(self.command(arguments))
    }

    /// Runs a prepared command to its end.
    pub fn run(&self, mut command: Command) -> Ran {
        let since = Instant::now();
        let line = format!("{command:?}");
        match command.output() {
            Ok(Output {
                status,
                stdout,
                stderr,
            }) => Ran {
                command: line,
                code: status.code().unwrap_or(-1),
                stdout: String::from_utf8_lossy(&stdout).into_owned(),
                stderr: String::from_utf8_lossy(&stderr).into_owned(),
                took: since.elapsed(),
            },
            Err(error) => Ran {
                command: line,
                code: -1,
                stdout: String::new(),
                stderr: error.to_string(),
                took: since.elapsed(),
            },
        }
    }

    /// Starts `lab ARGUMENTS` and leaves it running.
    pub fn spawn(&self, arguments: &[&str]) -> io::Result<Child> {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }

    /// Runs a shell line on a node and returns what it printed.
    pub fn on(&self, node: &str, script: &str) -> Ran {
        self.lab(&["exec", node, "--", "bash", "-c", script])
    }

    /// Takes the cluster away.
    pub fn down(&self) -> Ran {
        self.lab(&["down", "--yes"])
    }
}

/// A failed test leaves no cluster: its directory goes next, and with it all that a later `lab down` would need.
impl Drop for Seat {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.down();
        }
    }
}

impl Ran {
    /// Requires this exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Requires exit code 0.
    #[track_caller]
    pub fn passes(self) -> Self {
        self.code(0)
    }

    /// Requires a piece of text in standard output.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no {text:?} in stdout\n{self}");
        self
    }

    /// Requires a piece of text in standard error.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in stderr\n{self}");
        self
    }

    /// Requires that neither stream holds a piece of text.
    #[track_caller]
    pub fn without(self, text: &str) -> Self {
        assert!(
            !self.stdout.contains(text) && !self.stderr.contains(text),
            "{text:?} was printed\n{self}"
        );
        self
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            command,
            code,
            stdout,
            stderr,
            took,
        } = self;
        write!(
            formatter,
            "{command}\nexit {code} after {took:?}\n-- stdout\n{stdout}\n-- stderr\n{stderr}"
        )
    }
}
