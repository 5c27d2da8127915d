//! Unpacks the layers of an image onto each other, as a container would see them.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};

/// What begins the name of a file that hides another.
const WHITEOUT: &str = ".wh.";

/// Unpacks a layer into `root`, onto what is there; what the layer hides is gone then.
pub fn unpack(archive: &Path, root: &Path) -> Result<()> {
    let failed = || Error::new(format!("cannot unpack {}", archive.display()));
    let status = Command::new("tar")
        .arg("--xattrs")
        .args(["--numeric-owner", "-xpzf"])
        .arg(archive)
        .arg("-C")
        .arg(root)
        .status();
    if !status.map_err(|error| failed().because(error))?.success() {
        return Err(failed());
    }
    hide(root).map_err(|error| failed().because(error))
}

/// Takes every whiteout away, with what it hides. Links are not followed.
fn hide(directory: &Path) -> io::Result<()> {
    let entries: Vec<fs::DirEntry> = fs::read_dir(directory)?.collect::<io::Result<_>>()?;
    for entry in &entries {
        let name = entry.file_name();
        if let Some(hidden) = name.to_str().and_then(|name| name.strip_prefix(WHITEOUT)) {
            super::tree::clear(&directory.join(hidden))?;
            fs::remove_file(entry.path())?;
        }
    }
    for entry in &entries {
        if entry.path().symlink_metadata().is_ok_and(|about| about.is_dir()) {
            hide(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::hide;

    #[test]
    fn what_a_whiteout_hides_is_gone_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir_all(at("a/gone/deep")).unwrap();
        for file in ["a/gone/deep/x", "a/.wh.gone", "a/.wh.never", "a/stays"] {
            std::fs::write(at(file), "").unwrap();
        }
        hide(root.path()).unwrap();
        let left: Vec<_> = std::fs::read_dir(at("a"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["stays"]);
    }
}
