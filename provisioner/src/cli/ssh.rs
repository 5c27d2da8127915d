//! `lab ssh`: a shell or a command on one node, on this terminal or through pipes.

mod terminal;

use std::io::{IsTerminal, Read};
use std::time::Duration;

use agent::client::{Output, Running};
use agent::wire::Run;
use tokio::sync::mpsc;

use crate::cli::App;
use crate::cli::exec::{code, unfinished};
use crate::cli::seat::one;
use crate::error::{Result, exit};
use crate::report::out::Out;
use crate::session::Session;
use terminal::Terminal;

/// Arguments of `lab ssh`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The node, or `master`
    #[arg(value_name = "NODE")]
    node: String,
    /// A command instead of a shell
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
}

impl Args {
    /// A command on a node.
    pub fn command(node: &str, command: Vec<String>) -> Self {
        Self {
            node: node.to_owned(),
            command,
        }
    }
}

/// How long the node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The shell that the user's account names, as a login shell.
const SHELL: &str = r#"cd; shell=$(getent passwd "$(id -u)" | cut -d: -f7); exec "${shell:-/bin/sh}" -l"#;

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let node = one(&seat.cluster, &args.node)?;
    let endpoint = seat.provider.endpoint(&node)?;
    app.block_on(async {
        let session = Session::open(&endpoint, crate::transport::patient(PATIENCE)).await?;
        let interactive = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        // A signal from outside must leave the terminal as it was; without one, it ends this process as any other.
        let ended = tokio::select! {
            ended = talk(&session, argv(args), interactive, app.out) => ended,
            () = app.interrupt.wait(), if interactive => Ok(exit::INTERRUPTED),
        };
        session.close().await;
        ended
    })?
}

fn argv(args: &Args) -> Vec<String> {
    if args.command.is_empty() {
        ["sh", "-c", SHELL].map(str::to_owned).into()
    } else {
        args.command.clone()
    }
}

async fn talk(session: &Session, argv: Vec<String>, interactive: bool, out: Out) -> Result<u8> {
    let program = argv.first().cloned().unwrap_or_default();
    let gone = |error| unfinished(error, &program).on(&session.node);
    let terminal = if interactive { Some(Terminal::raw()?) } else { None };
    let pty = terminal.as_ref().map(Terminal::pty);
    let mut running = session
        .agent
        .start(Run {
            argv,
            stdin: true,
            pty,
            ..Run::default()
        })
        .await
        .map_err(gone)?;
    let typed = match &terminal {
        Some(terminal) => converse(&mut running, terminal, out).await,
        None => pipe(&mut running, out).await,
    };
    let ended = running.wait().await;
    let exited = typed.and(ended);
    // The error below is read on a terminal that is itself again.
    drop(terminal);
    Ok(code(&exited.map_err(gone)?))
}

fn show(piece: &Output, out: Out) {
    match piece {
        Output::Stdout(bytes) => out.bytes(bytes),
        Output::Stderr(bytes) => out.words(bytes),
    }
}

/// A person types, the node answers; the window may change its size.
async fn converse(
    running: &mut Running,
    terminal: &Terminal,
    out: Out,
) -> std::result::Result<(), agent::client::ClientError> {
    let mut keys = read_input();
    let mut resized = terminal.resizes();
    let mut open = true;
    loop {
        tokio::select! {
            piece = running.next() => match piece {
                Some(piece) => show(&piece, out),
                None => return Ok(()),
            },
            typed = keys.recv(), if open => match typed {
                // The command may have ended meanwhile: its end says so, not this.
                Some(bytes) => drop(running.input(&bytes).await),
                None => {
                    open = false;
                    drop(running.end_input().await);
                }
            },
            () = terminal::next(&mut resized) => running.resize(&terminal.pty()).await?,
        }
    }
}

/// Bytes go through both ways; neither waits for the other.
async fn pipe(running: &mut Running, out: Out) -> std::result::Result<(), agent::client::ClientError> {
    let feeder = running.feeder();
    let feeding = tokio::spawn(async move {
        let mut bytes = read_input();
        while let Some(bytes) = bytes.recv().await {
            feeder.input(&bytes).await?;
        }
        feeder.end_input().await
    });
    while let Some(piece) = running.next().await {
        show(&piece, out);
    }
    // The command ended, whether or not it took all of its input.
    feeding.abort();
    Ok(())
}

/// Bytes of this process's standard input as they come. The thread ends with the process.
fn read_input() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(1);
    let read = move || {
        let mut buffer = vec![0; 32 * 1024];
        while let Ok(count) = std::io::stdin().lock().read(&mut buffer) {
            if count == 0 || sender.blocking_send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    };
    let _ = std::thread::Builder::new().name("stdin".into()).spawn(read);
    receiver
}
