//! The engine a seat was given on the command line: remembered in its state, in place of cluster.yaml's. What follows from it
//! is the plan's.

use std::path::{Path, PathBuf};

use agent::wire::Engine;

use crate::error::{Error, Result};
use crate::{engine, text};

fn file(state: &Path) -> PathBuf {
    state.join("engine")
}

/// The one that was given last, if any.
pub fn read(state: &Path) -> Result<Option<Engine>> {
    let file = file(state);
    let word = match std::fs::read_to_string(&file) {
        Ok(word) => word,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::new(format!("cannot read {}", file.display())).because(error)),
    };
    let word = word.trim();
    let known = engine::named(word).map(Some);
    known.ok_or_else(|| {
        Error::new(text!(
            "{}: `{word}`(이)라는 엔진은 없음",
            "{}: there is no engine `{word}`",
            file.display()
        ))
        .hint(text!(
            "`lab up --engine docker`처럼 다시 고르세요",
            "choose again, as in `lab up --engine docker`"
        ))
    })
}

/// Remembers it.
pub fn write(state: &Path, engine: Engine) -> Result<()> {
    let (file, fresh) = (file(state), state.join(".engine"));
    std::fs::create_dir_all(state)
        .and_then(|()| std::fs::write(&fresh, format!("{}\n", engine::word(engine))))
        .and_then(|()| std::fs::rename(&fresh, &file))
        .map_err(|error| Error::new(format!("cannot write {}", file.display())).because(error))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_choice_is_kept_and_a_damaged_one_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        assert_eq!(read(&state).unwrap(), None);
        write(&state, Engine::CriO).unwrap();
        assert_eq!(read(&state).unwrap(), Some(Engine::CriO));
        std::fs::write(state.join("engine"), "rkt\n").unwrap();
        assert!(read(&state).unwrap_err().to_string().contains("rkt"));
    }
}
