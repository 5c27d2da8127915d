//! Writes and reads files. A written file appears whole, checked and with its mode, or not at all.

use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::digest::hex;
use crate::stream::Stream;
use crate::wire::frame::{CHUNK, Kind};
use crate::wire::{Put, Reply};

/// A file being written beside its target; removed unless it was put in place.
pub(crate) struct Beside {
    target: PathBuf,
    path: PathBuf,
    placed: bool,
}

impl Beside {
    /// Makes missing parent directories and the file.
    pub(crate) fn create(target: &Path) -> io::Result<(Self, std::fs::File)> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (Some(directory), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "not the path of a file"));
        };
        if !target.is_absolute() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "not an absolute path"));
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(directory)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut hidden = std::ffi::OsString::from(".");
        // A name is at most 255 bytes; what is left of a long one still tells whose it is.
        hidden.push(name.to_string_lossy().chars().take(50).collect::<String>());
        hidden.push(format!(".lab-{}-{number}", std::process::id()));
        let path = directory.join(hidden);
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok((
            Self {
                target: target.into(),
                path,
                placed: false,
            },
            file,
        ))
    }

    /// Puts the written file in place: mode, to disk, renamed.
    pub(crate) fn place(mut self, file: &std::fs::File, mode: u32) -> io::Result<()> {
        file.set_permissions(std::fs::Permissions::from_mode(mode & 0o7777))?;
        file.sync_all()?;
        std::fs::rename(&self.path, &self.target)?;
        self.placed = true;
        if let Some(directory) = self.target.parent() {
            std::fs::File::open(directory)?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.placed {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// Receives a file.
pub(super) async fn put(put: &Put, stream: &Stream) -> Result<Reply, String> {
    let problem = |error: io::Error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!(
                "cannot write `{}` ({} bytes): the disk is full",
                put.path, put.size
            )
        }
        _ => format!("cannot write `{}`: {error}", put.path),
    };
    let (beside, file) = Beside::create(Path::new(&put.path)).map_err(problem)?;
    let mut file = tokio::fs::File::from_std(file);
    let (mut hash, mut size) = (Sha256::new(), 0);
    while let Some(piece) = stream.take().await {
        size += piece.bytes.len() as u64;
        if size > put.size {
            return Err(format!(
                "cannot write `{}`: more than the announced {} bytes came",
                put.path, put.size
            ));
        }
        hash.update(&piece.bytes);
        file.write_all(&piece.bytes).await.map_err(problem)?;
    }
    if size < put.size {
        return Err(format!(
            "cannot write `{}`: {size} of {} bytes came",
            put.path, put.size
        ));
    }
    let sha256 = hex(&hash.finalize());
    if sha256 != put.sha256 {
        return Err(format!(
            "cannot write `{}`: sha256 is {sha256}, announced was {}",
            put.path, put.sha256
        ));
    }
    file.flush().await.map_err(problem)?;
    let (file, mode) = (file.into_std().await, put.mode);
    let placed = tokio::task::spawn_blocking(move || beside.place(&file, mode)).await;
    placed.map_err(|error| error.to_string())?.map_err(problem)?;
    Ok(Reply::Done { size, sha256 })
}

/// Sends a file.
pub(super) async fn get(path: &str, stream: &Stream) -> Result<Reply, String> {
    let problem = |error: io::Error| format!("cannot read `{path}`: {error}");
    // Opening a pipe would wait for its writer, and a device may never end.
    if !tokio::fs::metadata(path).await.map_err(problem)?.is_file() {
        return Err(format!("cannot read `{path}`: not a regular file"));
    }
    let mut file = tokio::fs::File::open(path).await.map_err(problem)?;
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; CHUNK]);
    loop {
        let read = file.read(&mut buffer).await.map_err(problem)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        size += read as u64;
        stream
            .send(Kind::Stdout, &buffer[..read])
            .await
            .map_err(|closed| closed.to_string())?;
    }
    stream.send_end().await.map_err(|closed| closed.to_string())?;
    Ok(Reply::Done {
        size,
        sha256: hex(&hash.finalize()),
    })
}
