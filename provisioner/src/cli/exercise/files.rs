//! Reads the directory of a lab: its YAML, and what is below its `files/`. Follows no link and reads no more than a lab may have.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde_yaml::Location;

use crate::cli::yaml;
use crate::config::Problem;
use crate::error::{Error, Result};
use crate::lab::files::{DIRECTORY, Files};
use crate::text;
use crate::text::Text;

/// The largest file read for nodes; YAML has a bound of its own.
const MOST: u64 = 1 << 20;

/// How much all files for nodes may have together, in bytes and in number.
const ALL: (usize, usize) = (8 << 20, 512);

/// How deep directories may be.
const DEEP: usize = 12;

/// The files of the lab in `directory`, and YAML that is not read.
pub(super) fn read(name: &str, directory: &Path) -> Result<(Files, Vec<Problem>)> {
    let failed =
        |error: std::io::Error| Error::usage(format!("cannot read {}", directory.display())).because(error);
    let (mut files, mut problems) = (Files::new(), vec![]);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let file = entry.file_name().to_string_lossy().into_owned();
        let shown = format!("labs/{name}/{file}");
        if entry.file_type().map_err(failed)?.is_symlink() {
            let message = text!(
                "링크: lab의 파일은 그 lab의 디렉터리를 벗어나지 않음",
                "a link: a lab's files do not leave its directory"
            );
            let hint = text!("파일을 복사해 두세요", "copy the file here");
            problems.push(Problem::at(&shown, Location::UNKNOWN, message, Some(hint)));
            continue;
        }
        match yaml::read(&path, &shown) {
            Ok(text) => drop(files.insert(file, text)),
            Err(problem) => problems.push(problem),
        }
    }
    if fs::symlink_metadata(directory.join(DIRECTORY)).is_ok() {
        take(directory, DIRECTORY, &mut files, 0);
    }
    problems.sort_by(|one, other| one.file.cmp(&other.file));
    Ok((files, problems))
}

/// Takes what is at `name`, or notes why it cannot be taken: lint says so where a step asks for it.
fn take(lab: &Path, name: &str, files: &mut Files, depth: usize) {
    let taken = look(&lab.join(name)).and_then(|found| match found {
        Found::Text(text) if room(files, &text) => {
            files.insert(name.to_owned(), text);
            Ok(vec![])
        }
        Found::Directory(names) if depth < DEEP => Ok(names),
        Found::Text(_) | Found::Directory(_) => {
            Err(text!("한 lab의 파일이 너무 많음", "too much for one lab"))
        }
    });
    match taken {
        Ok(names) => {
            for below in names {
                take(lab, &format!("{name}/{below}"), files, depth + 1);
            }
        }
        Err(why) => drop(files.refused.insert(name.to_owned(), why)),
    }
}

fn room(files: &Files, text: &str) -> bool {
    let prefix = format!("{DIRECTORY}/");
    let own = || files.iter().filter(|(name, _)| name.starts_with(&prefix));
    let size: usize = own().map(|(_, text)| text.len()).sum();
    size + text.len() <= ALL.0 && own().count() < ALL.1
}

enum Found {
    Text(String),
    /// Its entries.
    Directory(Vec<String>),
}

fn look(path: &Path) -> std::result::Result<Found, Text> {
    let unreadable = |error: std::io::Error| text!("읽을 수 없음: {error}", "cannot be read: {error}");
    let about = fs::symlink_metadata(path).map_err(unreadable)?;
    if about.is_symlink() {
        return Err(text!(
            "심볼릭 링크는 쓸 수 없음",
            "a symbolic link cannot be used"
        ));
    }
    if about.is_dir() {
        let entries = fs::read_dir(path).map_err(unreadable)?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: std::io::Result<Vec<String>> = names.collect();
        return Ok(Found::Directory(names.map_err(unreadable)?));
    }
    if !about.is_file() {
        return Err(text!("일반 파일이 아님", "not a regular file"));
    }
    // Bounded here too: it may have grown since.
    let mut bytes = vec![];
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST {
        return Err(text!(
            "파일이 너무 큼 (1 MiB까지)",
            "the file is too large (at most 1 MiB)"
        ));
    }
    let text = String::from_utf8(bytes);
    text.map(Found::Text)
        .map_err(|_| text!("UTF-8 글이 아님", "not UTF-8 text"))
}
