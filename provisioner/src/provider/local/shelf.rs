//! The shelf: a disk image that holds nothing but the unpacked base of a bundle, put aside by `lab down` for the next `lab up`.
//! One per bundle, in the cache. Nothing of a seat is on it: what was deleted is gone from the file as well.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::command;
use super::keeper::Keeper;
use super::{disk, subvolume};
use crate::error::{Error, Result};
use crate::transport::patient;

/// The directory of the cache with the images.
fn directory(cache: &Path) -> PathBuf {
    cache.join("disks")
}

fn place(cache: &Path, base: &str) -> PathBuf {
    directory(cache).join(format!("{base}.img"))
}

/// Takes the image with this base off the shelf and makes it `image`, if one is there and no longer than `limit`. Two seats
/// never get the same: whose rename comes first has it.
pub fn take(cache: &Path, base: &str, limit: u64, image: &Path) -> bool {
    let shelved = place(cache, base);
    fs::metadata(&shelved).is_ok_and(|file| file.len() <= limit) && fs::rename(shelved, image).is_ok()
}

/// Empties the disk of everything but its one base. The base's name, if the image is then fit for the
/// shelf. No node runs any more; the keeper still does.
pub fn clear(keeper: &Keeper, state: &Path) -> Result<String> {
    let top = disk::top(state);
    let seen = top.to_string_lossy();
    let listed = keeper.run(&["btrfs", "subvolume", "list", &seen])?;
    let (bases, mut others): (Vec<&str>, Vec<&str>) =
        subvolume::listed_paths(&listed).partition(|path| path.starts_with("base-") && !path.contains('/'));
    let [base] = bases[..] else {
        return Err(Error::new("the disk does not hold one base").output(&listed));
    };
    // Inner ones before those that hold them.
    others.sort_unstable_by(|one, other| other.cmp(one));
    for path in others {
        keeper.run(&[
            "btrfs",
            "-q",
            "subvolume",
            "delete",
            &top.join(path).to_string_lossy(),
        ])?;
    }
    // The directories themselves stay: whoever ends `lab down` here finds a disk that `lab up` can go on with.
    let [nodes, snapshots] = ["nodes", "snapshots"].map(|name| top.join(name).to_string_lossy().into_owned());
    keeper.run(&["find", &nodes, &snapshots, "-xdev", "-mindepth", "1", "-delete"])?;
    // An image that ever returned wrong bytes is not used again.
    keeper.run(&["btrfs", "device", "stats", "--check", &seen])?;
    // Deleted is not gone: not before btrfs has dropped the blocks and the file has holes in their place.
    // (The first of these wakes the cleaner, which would else begin with the next commit, up to 30 s later.)
    keeper.run(&["btrfs", "filesystem", "sync", &seen])?;
    keeper.run(&["timeout", "60", "btrfs", "subvolume", "sync", &seen])?;
    keeper.run(&["btrfs", "filesystem", "sync", &seen])?;
    keeper.run(&["fstrim", &seen])?;
    Ok(base.to_owned())
}

/// Waits until no loop device has the image any more, which is after the keeper's end and its last write: only then may
/// another seat mount it.
pub fn released(image: &Path) -> Result<()> {
    let deadline = Instant::now() + patient(Duration::from_secs(5));
    while !command::run(Command::new("losetup").arg("--associated").arg(image))?.is_empty() {
        if Instant::now() > deadline {
            return Err(Error::new("the disk is still in use"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Puts a cleared image on the shelf, in the place of any other: bundles come and go. `false` where it cannot be moved there
/// (the cache is on another file system).
pub fn put(cache: &Path, base: &str, image: &Path) -> bool {
    let place = place(cache, base);
    if fs::create_dir_all(directory(cache)).is_err() || fs::rename(image, &place).is_err() {
        return false;
    }
    for other in fs::read_dir(directory(cache)).into_iter().flatten().flatten() {
        if other.path() != place {
            let _ = fs::remove_file(other.path());
        }
    }
    true
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::{directory, put, take};

    #[test]
    fn one_takes_what_was_put_there_and_only_if_it_fits() {
        let place = tempfile::tempdir().unwrap();
        let [cache, image] = ["cache", "disk.img"].map(|name| place.path().join(name));
        std::fs::write(&image, "old").unwrap();
        assert!(put(&cache, "base-1", &image));
        std::fs::write(&image, "newer").unwrap();
        assert!(put(&cache, "base-2", &image));
        assert_eq!(std::fs::read_dir(directory(&cache)).unwrap().count(), 1);
        assert!(!take(&cache, "base-1", 99, &image), "a bundle of before");
        assert!(!take(&cache, "base-2", 4, &image), "longer than there is room");
        assert!(take(&cache, "base-2", 5, &image));
        assert_eq!(std::fs::read_to_string(&image).unwrap(), "newer");
        assert!(!take(&cache, "base-2", 5, &image), "taken twice");
    }
}
