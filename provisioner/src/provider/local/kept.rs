//! What seats keep on this host's disks, for `lab clean`. Removes nothing.

use std::path::{Path, PathBuf};

use super::disk;

/// What this seat keeps on disk: what it is, where, and how many bytes it really takes.
pub fn kept(state_root: &Path) -> Vec<(String, PathBuf, u64)> {
    use std::os::unix::fs::MetadataExt;
    let seats = std::fs::read_dir(state_root).into_iter().flatten().flatten();
    let disk = |seat: std::fs::DirEntry| {
        let path = disk::image(&seat.path());
        let bytes = std::fs::metadata(&path).ok()?.blocks() * 512;
        Some((
            format!("disk of {}", seat.file_name().to_string_lossy()),
            path,
            bytes,
        ))
    };
    seats.filter_map(disk).collect()
}
