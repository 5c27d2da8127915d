//! The file systems below the lab's directories: of what type, and how much room there is.

use std::path::{Path, PathBuf};

use super::read;

/// The file system below a directory of the lab.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The directory, which may not exist yet.
    pub path: PathBuf,
    /// Bytes free for this user.
    pub available: u64,
    /// Type of the file system, e.g. `ext4`.
    pub kind: String,
}

/// Type of the file system that holds `path`, or would: its nearest directory that exists decides.
pub fn file_system(path: &Path) -> Option<String> {
    let existing = path
        .ancestors()
        .find(|ancestor| ancestor.exists())?
        .canonicalize()
        .ok()?;
    kind_of(&existing, &read("/proc/self/mounts"))
}

/// Whether a type of file system lives on another machine.
pub fn is_network(kind: &str) -> bool {
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "9p",
        "fuse.sshfs",
        "fuse.glusterfs",
    ]
    .contains(&kind)
}

/// Looks at the disk below a directory.
pub(super) fn disk(path: &Path) -> Disk {
    let existing = path.ancestors().find(|ancestor| ancestor.exists());
    let available = existing
        .and_then(|existing| nix::sys::statvfs::statvfs(existing).ok())
        .map_or(0, |disk| {
            disk.blocks_available().saturating_mul(disk.fragment_size())
        });
    Disk {
        path: path.into(),
        available,
        kind: file_system(path).unwrap_or_default(),
    }
}

/// The type of the deepest mount point above `path`; of two on one point, the later.
pub(super) fn kind_of(path: &Path, mounts: &str) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for mount in mounts.lines() {
        let mut fields = mount.split(' ').skip(1);
        let (Some(point), Some(kind)) = (fields.next(), fields.next()) else {
            continue;
        };
        let point = point.replace("\\040", " ");
        let depth = Path::new(&point).components().count();
        if path.starts_with(&point) && best.is_none_or(|(deepest, _)| depth >= deepest) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}
