//! The terminal `lab ssh` runs on: raw while the conversation lasts, as it was afterwards.

use std::io;

use agent::wire::Pty;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};

/// A terminal in raw mode; dropping it restores it.
pub struct Terminal {
    before: Termios,
}

impl Terminal {
    /// Switches standard input to raw mode: every key goes to the node, Ctrl-C too.
    pub fn raw() -> Result<Self> {
        let failed = |error: nix::errno::Errno| Error::new("cannot set up the terminal").because(error);
        let before = tcgetattr(io::stdin()).map_err(failed)?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &raw).map_err(failed)?;
        Ok(Self { before })
    }

    /// Its kind and its present size.
    pub fn pty(&self) -> Pty {
        let (rows, cols) =
            terminal_size::terminal_size().map_or((24, 80), |(width, height)| (height.0, width.0));
        Pty {
            term: std::env::var("TERM").unwrap_or_else(|_| "xterm".into()),
            rows,
            cols,
        }
    }

    /// Tells of each change of size.
    pub fn resizes(&self) -> Option<Signal> {
        signal(SignalKind::window_change()).ok()
    }
}

/// Returns at the next change of size; never, where they cannot be noticed.
pub async fn next(resizes: &mut Option<Signal>) {
    let told = match resizes {
        Some(resizes) => resizes.recv().await,
        None => None,
    };
    if told.is_none() {
        std::future::pending::<()>().await;
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.before);
    }
}
