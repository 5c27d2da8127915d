//! A command on a machine that reads a stream made here: nothing of it lies in a file on either side.

use std::io::{self, Read, Write};
use std::path::Path;

use agent::wire::{How, Run};
use tokio::sync::mpsc::{Sender, channel};

use super::LONG;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::text::Text;
use crate::transport::patient;

/// Bytes of one piece.
const PIECE: usize = 128 * 1024;

/// Where the stream is written, piece by piece.
pub(super) struct Stream(Sender<Vec<u8>>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..PIECE).unwrap_or(bytes);
        // Nobody receives any more: the command ended, and says why.
        let sent = self.0.blocking_send(piece.to_vec());
        sent.map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `argv` with what `make` writes as its input; any status but 0 is an error.
pub(super) async fn feed(
    session: &Session,
    what: Text,
    argv: &[&str],
    make: impl FnOnce(&mut Stream) -> io::Result<()> + Send + 'static,
) -> Result<()> {
    let cannot = || Error::new(what.clone()).on(&session.node);
    let run = Run {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        stdin: true,
        deadline_ms: u64::try_from(patient(LONG).as_millis()).ok(),
        cap: Some(64 * 1024),
        ..Run::default()
    };
    let mut running = session
        .agent
        .start(run)
        .await
        .map_err(|error| cannot().because(error))?;
    let feeder = running.feeder();
    let (send, mut receive) = channel::<Vec<u8>>(4);
    let making = tokio::task::spawn_blocking(move || make(&mut Stream(send)));
    let feeding = async {
        while let Some(piece) = receive.recv().await {
            // A command that ended takes no more; how it ended says why.
            if feeder.input(&piece).await.is_err() {
                break;
            }
        }
        drop(receive);
        let _ = feeder.end_input().await;
    };
    let listening = async {
        let mut said = vec![];
        while let Some(output) = running.next().await {
            let (agent::client::Output::Stdout(bytes) | agent::client::Output::Stderr(bytes)) = output;
            said.extend(bytes);
        }
        (running.wait().await, said)
    };
    let ((), (exited, said)) = tokio::join!(feeding, listening);
    let exited = exited.map_err(|error| cannot().because(error))?;
    let made = making.await.map_err(|error| cannot().because(error))?;
    if exited.how == How::Code(0) {
        return made.map_err(|error| cannot().because(error));
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    Err(cannot().cause(format!("{:?}", exited.how)).output(said))
}

/// An archive without its compression: the node may have no zstd.
pub(super) fn unpacked(archive: &Path, to: &mut Stream) -> io::Result<()> {
    let mut from = zstd::Decoder::new(std::fs::File::open(archive)?)?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece)?;
        match piece.get(..read) {
            None | Some([]) => return Ok(()),
            Some(piece) => to.write_all(piece)?,
        }
    }
}

/// A directory as an archive.
pub(super) fn packed(directory: &Path, to: &mut Stream) -> io::Result<()> {
    let mut archive = tar::Builder::new(io::BufWriter::with_capacity(PIECE, to));
    archive.append_dir_all(".", directory)?;
    archive.into_inner()?.flush()
}
