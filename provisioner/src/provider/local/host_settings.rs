//! What the lab raises on the host (inotify instances), counted by seat in /run, and put back when the last seat goes.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};

use crate::error::{Error, Result};

const SETTING: &str = "/proc/sys/fs/inotify/max_user_instances";
const WANTED: u64 = 8192;
const RECORD: &str = "/run/lab-host-settings";

fn read(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn lock() -> Result<Flock<fs::File>> {
    let failed = || Error::new("cannot lock the record of host settings");
    // The directory itself is locked: a file of its own would have to stay behind.
    let file = fs::File::open("/run").map_err(|error| failed().because(error))?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| failed().because(error))
}

/// Whether the state directory a seat noted still is that seat's.
fn lives(seat: &Path) -> bool {
    let state = fs::read_to_string(seat).unwrap_or_default();
    fs::read_to_string(Path::new(&state).join("instance"))
        .is_ok_and(|instance| seat.file_name().is_some_and(|name| *name == *instance))
}

/// Raises what is too low, noting what it was and for which state directory.
pub fn raise(instance: &str, state: &Path) -> Result<()> {
    let failed = |error| Error::new(format!("cannot raise {SETTING}")).because(error);
    let _lock = lock()?;
    let record = Path::new(RECORD);
    let before = read(Path::new(SETTING)).unwrap_or(WANTED);
    let original = record.join("original");
    if before >= WANTED && !original.exists() {
        return Ok(());
    }
    fs::create_dir_all(record.join("seats")).map_err(failed)?;
    fs::write(record.join("seats").join(instance), state.as_os_str().as_bytes()).map_err(failed)?;
    if !original.exists() {
        fs::write(&original, before.to_string()).map_err(failed)?;
    }
    if before < WANTED {
        fs::write(SETTING, WANTED.to_string()).map_err(failed)
    } else {
        Ok(())
    }
}

/// This seat is gone; the last one puts back what was, unless somebody set another value meanwhile.
pub fn give_back(instance: &str) -> Result<()> {
    let record = Path::new(RECORD);
    let guard = lock()?;
    if record.exists() {
        let _ = fs::remove_file(record.join("seats").join(instance));
        // Seats whose state directory was removed by hand never come to give back.
        let seats = fs::read_dir(record.join("seats")).into_iter().flatten().flatten();
        let others = seats.filter(|seat| lives(&seat.path())).count();
        if others == 0 {
            if let (Some(original), Some(WANTED)) = (read(&record.join("original")), read(Path::new(SETTING)))
            {
                fs::write(SETTING, original.to_string())
                    .map_err(|error| Error::new(format!("cannot restore {SETTING}")).because(error))?;
            }
            fs::remove_dir_all(record)
                .map_err(|error| Error::new(format!("cannot remove {RECORD}")).because(error))?;
        }
    }
    drop(guard);
    Ok(())
}
