//! The lock on a seat: one verb that changes things at a time, per state directory. The kernel frees it when its holder dies.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::provider::local::host;
use crate::text;

/// The file below the state directory that is locked.
pub const LOCK: &str = "lock";

/// The file below the state directory that names its project.
const PROJECT: &str = "project";

/// Held while a verb changes the seat. Dropping it, or dying, frees it.
#[derive(Debug)]
#[must_use]
pub struct Lock {
    file: File,
}

/// Who holds a lock, as written in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    verb: String,
    since: String,
}

/// Takes the lock of this seat for `verb`, without waiting.
pub fn lock(paths: &Paths, verb: &str) -> Result<Lock> {
    local_disk(paths)?;
    let path = file(paths);
    let failed = |error: std::io::Error| Error::new(format!("cannot lock {}", path.display())).because(error);
    std::fs::create_dir_all(&paths.state).map_err(failed)?;
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(busy(&mut file)),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let holder = Holder {
        pid: std::process::id(),
        verb: verb.to_owned(),
        since: crate::event::now(),
    };
    file.set_len(0)
        .and_then(|()| write!(file, "{}", serde_json::json!(holder)))
        .map_err(failed)?;
    // `lab clean` names the project a state belongs to, and sees when it is gone.
    std::fs::write(
        paths.state.join(PROJECT),
        paths.project.as_os_str().as_encoded_bytes(),
    )
    .map_err(failed)?;
    Ok(Lock { file })
}

/// The project a state directory belongs to, where it was ever locked.
pub fn project(state: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(state.join(PROJECT)).ok()?;
    Some(PathBuf::from(text))
}

/// Whether a verb works on this state now.
pub fn locked(state: &Path) -> bool {
    let Ok(file) = File::open(state.join(LOCK)) else {
        return false;
    };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

fn file(paths: &Paths) -> PathBuf {
    paths.state.join(LOCK)
}

/// Locks, sparse files and loop devices do not work on a network file system.
fn local_disk(paths: &Paths) -> Result<()> {
    match host::file_system(&paths.state) {
        Some(kind) if host::is_network(&kind) => Err(Error::new(text!(
            "상태 디렉터리 {}가 네트워크 파일 시스템({kind})에 있음",
            "the state directory {} is on a network file system ({kind})",
            paths.state.display()
        ))
        .hint(text!(
            "로컬 디스크에 두세요: LAB_HOME=/var/tmp/lab",
            "keep it on a local disk: LAB_HOME=/var/tmp/lab"
        ))),
        _ => Ok(()),
    }
}

fn busy(file: &mut File) -> Error {
    let mut text = String::new();
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    let what = match serde_json::from_str::<Holder>(&text) {
        Ok(Holder { pid, verb, since }) => text!(
            "이 클러스터에서 `lab {verb}`(pid {pid})가 {since}부터 실행 중",
            "`lab {verb}` (pid {pid}) has been working on this cluster since {since}"
        ),
        Err(_) => text!(
            "다른 `lab`이 이 클러스터에서 실행 중",
            "another `lab` is working on this cluster"
        ),
    };
    Error::new(what).hint(text!(
        "끝나기를 기다리거나 그 프로세스를 멈추세요",
        "wait until it ends, or stop that process"
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn paths(directory: &std::path::Path) -> Paths {
        Paths {
            project: directory.into(),
            state: directory.join("state"),
            cache: directory.join("cache"),
            reports: directory.join("reports"),
        }
    }

    /// Not a test of its own: the second process of the test below runs it.
    #[test]
    fn hold_the_lock_until_input_ends() {
        let Some(directory) = std::env::var_os("LAB_TEST_SEAT") else {
            return;
        };
        let _lock = lock(&paths(directory.as_ref()), "up").unwrap();
        std::fs::write(std::path::Path::new(&directory).join("held"), "").unwrap();
        let _ = std::io::stdin().read_to_end(&mut vec![]);
    }

    #[test]
    fn a_second_process_is_named_and_its_death_frees_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let paths = paths(directory.path());
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "seat::tests::hold_the_lock_until_input_ends"])
            .env("LAB_TEST_SEAT", directory.path())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !directory.path().join("held").exists() {
            assert!(
                std::time::Instant::now() < deadline,
                "the second process never held the lock"
            );
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let error = lock(&paths, "down").unwrap_err();
        let said = error.what().en.clone();
        assert!(said.contains(&format!("`lab up` (pid {})", child.id())), "{said}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!locked(&paths.state));
        let again = lock(&paths, "down").unwrap();
        assert!(locked(&paths.state));
        assert_eq!(project(&paths.state), Some(paths.project.clone()));
        assert!(lock(&paths, "stop").unwrap_err().what().en.contains("lab down"));
        drop(again);
        // Until it executes, a process that another test starts at this moment has the file open as well.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while let Err(error) = lock(&paths, "stop") {
            assert!(std::time::Instant::now() < deadline, "{error}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
