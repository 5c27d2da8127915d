//! What a box has in it beyond the machine: `lab` itself, and of the bundle what such a machine takes. With both, the master drives
//! the cluster where the host has no `lab`.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::super::cache::{Cache, Held, LEFT_OUT, PARTS, RECORD};
use super::super::shelf::Parts;
use super::super::{Extent, cached, program};
use super::failed;
use crate::bundle::{engines, kubernetes, recipe};
use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::text;

/// The directory of the user that runs `lab`, from the root, which is the project as well.
pub const HOME: &str = "home/vagrant";

const PROGRAM: &str = "usr/local/bin/lab";

/// Files of a project that say which artifacts are meant, with what this program has where there are none.
const PROJECT: [(&str, &str); 4] = [
    ("bundle.lock", ""),
    ("labs/bundle/bundle.yaml", recipe::EMBEDDED),
    ("labs/bundle/kubernetes.yaml", kubernetes::EMBEDDED),
    ("labs/bundle/engines.yaml", engines::EMBEDDED),
];

/// Puts `lab` and the bundle of `parts`, which is that of `extent`, into the machine in `root`.
pub fn place(
    (paths, cache): (&Paths, &Cache),
    (parts, extent): (&Parts, &Extent),
    root: &Path,
    temporary: &Path,
) -> Result<()> {
    lab(root, temporary)?;
    let home = root.join(HOME);
    let inside = Paths {
        cache: home.join(".cache/lab"),
        state: home.join(".local/state/lab"),
        reports: home.join("lab-reports"),
        project: home,
    };
    for (name, embedded) in PROJECT {
        copy_own(&paths.project, &inside.project, name, embedded).map_err(failed(root))?;
    }
    let target = inside.cache.join("bundle");
    let kept: Vec<&str> = kept(parts).map(|held| held.key.as_str()).collect();
    let all: Vec<Held> = parts.all().cloned().collect();
    let write = || -> io::Result<()> {
        for part in PARTS {
            fs::create_dir_all(target.join(part))?;
        }
        for held in &all {
            let directory = target.join("artifacts").join(&held.key);
            copy(held, &directory, kept.contains(&held.key.as_str()))?;
        }
        Ok(())
    };
    write().map_err(failed(&target))?;
    for (lookup, key) in cache.leading_to(&all)? {
        fs::write(target.join("refs").join(lookup), key).map_err(failed(&target))?;
    }
    let found = cached(&inside, extent)?;
    // What was just verified names inodes, which are others on the machine.
    for stamp in fs::read_dir(target.join("stamps"))
        .map_err(failed(&target))?
        .flatten()
    {
        fs::remove_file(stamp.path()).map_err(failed(&target))?;
    }
    match found {
        Some(_) => Ok(()),
        None => Err(Error::new("the bundle in the box is not whole")),
    }
}

/// What machines take of the bundle: they are made of the node image already, and images come to them from the mirror.
fn kept(parts: &Parts) -> impl Iterator<Item = &Held> {
    let programs = parts.engines.iter().chain(&parts.kubernetes);
    let images = parts.kubernetes.iter().flat_map(|kubernetes| &kubernetes.images);
    std::iter::once(&parts.mirror)
        .chain(programs.map(|extra| &extra.programs))
        .chain(images)
}

/// An artifact with its files, or without them where they are left out.
fn copy(held: &Held, directory: &Path, whole: bool) -> io::Result<()> {
    let copied = |name: &str| {
        let target = directory.join(name);
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::copy(held.directory.join(name), &target)?;
        fs::set_permissions(target, fs::Permissions::from_mode(0o644))
    };
    copied(RECORD)?;
    if whole {
        held.record.files.keys().try_for_each(|name| copied(name))
    } else {
        fs::write(directory.join(LEFT_OUT), "a machine of this box has it already\n")
    }
}

/// A file of the project, where the project has one of its own.
fn copy_own(project: &Path, home: &Path, name: &str, embedded: &str) -> io::Result<()> {
    match fs::read_to_string(project.join(name)) {
        Ok(text) if text != embedded => {
            let target = home.join(name);
            target.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(target, text)
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// This program, if it runs there: the libraries it was linked with may be newer than the machine's.
fn lab(root: &Path, temporary: &Path) -> Result<()> {
    let target: PathBuf = root.join(PROGRAM);
    let own =
        std::env::current_exe().map_err(|error| Error::new("cannot find this program").because(error))?;
    fs::copy(own, &target)
        .and_then(|_| fs::set_permissions(&target, fs::Permissions::from_mode(0o755)))
        .map_err(failed(&target))?;
    let argv = [format!("/{PROGRAM}"), "--version".into()];
    program::run(&argv, Some(root), temporary, |_| ())
        .map(drop)
        .map_err(|error| {
            error.hint(text!(
                "이 `lab`은 box 안에서 실행되지 않습니다. Debian 13이나 그 이전에서 빌드하거나, `--bare`로 `lab` 없이 만드세요",
                "this `lab` does not run inside the box: build it on Debian 13 or older, or leave it out with `--bare`"
            ))
        })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_projects_own_files_come_along_and_what_is_built_in_does_not() {
        let (project, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let copied = |text: Option<&str>| {
            if let Some(text) = text {
                fs::create_dir_all(project.path().join("labs/bundle")).unwrap();
                fs::write(project.path().join("labs/bundle/bundle.yaml"), text).unwrap();
            }
            copy_own(project.path(), home.path(), "labs/bundle/bundle.yaml", "same").unwrap();
            fs::read_to_string(home.path().join("labs/bundle/bundle.yaml")).ok()
        };
        assert_eq!(copied(None), None);
        assert_eq!(copied(Some("same")), None);
        assert_eq!(copied(Some("other")), Some("other".into()));
    }
}
