//! Child processes: how one is started, as the leader of a group of its own, and how that group is ended.
//! Says nothing about where output goes.

mod terminal;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, Uid};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::{Child, Command};

use crate::process::terminal::Terminal;
use crate::wire::{How, Run};

/// Asks a process to end.
pub(crate) const SIGTERM: i32 = 15;
/// Between SIGTERM and SIGKILL.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
/// Between two looks at a group that is ending.
const PAUSE: Duration = Duration::from_millis(10);
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where a process's output is read.
pub(crate) type Source = Box<dyn AsyncRead + Send + Unpin>;
/// Where a process's input is written.
pub(crate) type Sink = Box<dyn AsyncWrite + Send + Unpin>;

/// What deadlines are multiplied with.
const FACTOR: &str = "LAB_PATIENCE";

/// That factor; 1 where absent or unreadable.
pub(crate) fn patience() -> f64 {
    let read = std::env::var(FACTOR).ok().and_then(|text| text.parse().ok());
    read.filter(|factor| (0.01..=1000.0).contains(factor))
        .unwrap_or(1.0)
}

/// A started process.
pub(crate) struct Process {
    child: Child,
    group: Pid,
    /// Standard input, if it was asked for.
    pub(crate) stdin: Option<Sink>,
    /// Standard output, or the terminal's.
    pub(crate) stdout: Source,
    /// Standard error; on a terminal there is none.
    pub(crate) stderr: Option<Source>,
    /// The terminal, if it runs on one.
    terminal: Option<Terminal>,
}

impl Process {
    /// Starts `run`. Errors: one line that names the program.
    pub(crate) fn start(run: &Run) -> Result<Self, String> {
        let program = run.argv.first().ok_or("no program named")?;
        let (mut command, terminal) = match &run.pty {
            None => (piped(run, program), None),
            Some(size) => {
                let (terminal, slave) =
                    Terminal::open(size).map_err(|error| format!("no terminal: {error}"))?;
                (
                    on_terminal(run, &slave).map_err(|error| format!("no terminal: {error}"))?,
                    Some(terminal),
                )
            }
        };
        let home = home();
        let directory = run.directory.as_deref().unwrap_or(&home);
        if !std::path::Path::new(directory).is_dir() {
            return Err(format!("cannot run `{program}`: no directory `{directory}`"));
        }
        command
            .current_dir(directory)
            .env_clear()
            .envs(environment(run, home.clone()))
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| format!("cannot run `{program}`: {error}"))?;
        let number = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .ok_or("it ended before it began")?;
        let problem = |error: std::io::Error| format!("no terminal: {error}");
        let stdin: Option<Sink> = match &terminal {
            Some(terminal) if run.stdin => Some(Box::new(terminal.writer().map_err(problem)?)),
            Some(_) => None,
            None => child.stdin.take().map(|stdin| Box::new(stdin) as Sink),
        };
        let stdout: Source = match (&terminal, child.stdout.take()) {
            (Some(terminal), _) => Box::new(terminal.reader().map_err(problem)?),
            (None, Some(stdout)) => Box::new(stdout),
            (None, None) => Box::new(tokio::io::empty()),
        };
        let stderr = child.stderr.take().map(|stderr| Box::new(stderr) as Source);
        Ok(Self {
            child,
            group: Pid::from_raw(number),
            stdin,
            stdout,
            stderr,
            terminal,
        })
    }

    /// Waits until the leader of the group ended.
    pub(crate) async fn wait(&mut self) -> How {
        match self.child.wait().await {
            Ok(status) => how(status),
            Err(_) => How::Code(-1),
        }
    }

    /// Sends a signal to the group. A number that is no signal is ignored, like a group that is gone.
    pub(crate) fn signal(&self, number: i32) {
        if let Ok(signal) = Signal::try_from(number) {
            let _ = killpg(self.group, signal);
        }
    }

    /// Tells the terminal its size, if there is one.
    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        if let Some(terminal) = &self.terminal {
            terminal.resize(rows, cols);
        }
    }

    /// Ends the whole group: `number`, up to `grace`, then SIGKILL.
    pub(crate) async fn end(&mut self, number: i32, grace: Duration) {
        self.signal(number);
        // A stopped process acts on no signal but these.
        let _ = killpg(self.group, Signal::SIGCONT);
        if tokio::time::timeout(grace, self.gone()).await.is_err() {
            let _ = killpg(self.group, Signal::SIGKILL);
            // Before its `setsid` a process on a terminal leads no group yet.
            drop(self.child.start_kill());
            drop(tokio::time::timeout(GRACE, self.gone()).await);
        }
    }

    /// Waits until nobody is left of the group.
    async fn gone(&mut self) {
        drop(self.child.wait().await);
        while killpg(self.group, None).is_ok() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Ends what the leader, which has ended, left behind in its group.
    pub(crate) async fn end_rest(&mut self) {
        if killpg(self.group, None).is_ok() {
            self.end(SIGTERM, GRACE).await;
        }
    }
}

impl Drop for Process {
    /// A process nobody waited for takes its group with it.
    fn drop(&mut self) {
        if self.child.id().is_some() {
            let _ = killpg(self.group, Signal::SIGKILL);
        }
    }
}

fn how(status: ExitStatus) -> How {
    match (status.code(), status.signal()) {
        (Some(code), _) => How::Code(code),
        (None, Some(signal)) => How::Signal(signal),
        (None, None) => How::Code(-1),
    }
}

fn piped(run: &Run, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args(&run.argv[1..])
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.stdin(if run.stdin { Stdio::piped() } else { Stdio::null() });
    command
}

/// On a terminal `setsid --ctty` (util-linux) makes the session and takes the terminal, so that no code of ours runs
/// between fork and exec. It is no group leader yet, hence it does not fork: the process keeps its number.
fn on_terminal(run: &Run, slave: &std::fs::File) -> std::io::Result<Command> {
    let mut command = Command::new("setsid");
    command.args(["--ctty", "--"]).args(&run.argv);
    command
        .stdin(slave.try_clone()?)
        .stdout(slave.try_clone()?)
        .stderr(slave.try_clone()?);
    Ok(command)
}

/// The user's line of /etc/passwd: name and home. Read by hand: a static program has no name service switch.
fn user() -> Option<(String, String)> {
    let number = Uid::effective().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields.get(2) == Some(&number.as_str()))
            .then(|| Some((fields[0].into(), (*fields.get(5)?).into())))?
    })
}

fn home() -> String {
    user()
        .map(|(_, home)| home)
        .filter(|home| std::path::Path::new(home).is_dir())
        .unwrap_or_else(|| "/".into())
}

fn environment(run: &Run, home: String) -> BTreeMap<String, String> {
    let name = user().map_or_else(|| "root".into(), |(name, _)| name);
    let mut all = BTreeMap::from([
        ("PATH".to_owned(), PATH.to_owned()),
        ("HOME".to_owned(), home),
        ("USER".to_owned(), name),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
    ]);
    if let Some(pty) = &run.pty {
        all.insert("TERM".into(), pty.term.clone());
    }
    // A `lab-agent` among the commands of an exercise is as patient as this one.
    all.extend(std::env::var(FACTOR).ok().map(|factor| (FACTOR.into(), factor)));
    all.extend(run.env.clone());
    all
}
