//! Where labs are found: in the project's `labs/`, else in the program. Their files are read here and understood elsewhere.

use std::path::Path;

use serde_yaml::Location;

use crate::cli::yaml;
use crate::config::{Cluster, Problem, suggest};
use crate::error::{Error, Result};
use crate::lab::Lab;
use crate::lab::embedded::{self, Files};
use crate::lab::load::load;
use crate::paths::Paths;
use crate::report::out::Out;
use crate::text;

/// The names of all labs: the project's own and those the program carries.
pub fn names(paths: &Paths) -> Vec<String> {
    let mut names: Vec<String> = embedded::names().map(str::to_owned).collect();
    for entry in std::fs::read_dir(paths.project.join("labs"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().join("lab.yaml").is_file() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort();
    names
}

/// The lab of this name. All its problems are printed before the error.
pub fn find(name: &str, paths: &Paths, cluster: Option<&Cluster>, out: Out) -> Result<Lab> {
    let files = match own(name, paths, out)? {
        Some(files) => files,
        None => embedded::files(name).ok_or_else(|| {
            let known = names(paths);
            Error::usage(text!("`{name}`라는 lab이 없음", "there is no lab `{name}`"))
                .hint(suggest::hint(name, known.iter().map(String::as_str)))
        })?,
    };
    load(name, &files, cluster).map_err(|problems| told(name, &problems, out))
}

/// The files of a lab in the project's `labs/`, if there is one of this name.
pub fn own(name: &str, paths: &Paths, out: Out) -> Result<Option<Files>> {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
    let directory = paths.project.join("labs").join(name);
    if !plain || !directory.join("lab.yaml").is_file() {
        return Ok(None);
    }
    let (files, problems) = read(name, &directory)?;
    if problems.is_empty() {
        Ok(Some(files))
    } else {
        Err(told(name, &problems, out))
    }
}

/// Prints a lab's problems; the error that counts them.
pub fn told(name: &str, problems: &[Problem], out: Out) -> Error {
    out.problems(problems);
    let count = problems.len();
    Error::usage(text!("{name}: 문제 {count}개", "{name}: {count} problem(s)"))
}

/// Every YAML file of a directory, and those that are not read.
fn read(name: &str, directory: &Path) -> Result<(Files, Vec<Problem>)> {
    let failed =
        |error: std::io::Error| Error::usage(format!("cannot read {}", directory.display())).because(error);
    let (mut files, mut problems) = (Files::new(), vec![]);
    for entry in std::fs::read_dir(directory).map_err(failed)? {
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
    problems.sort_by(|one, other| one.file.cmp(&other.file));
    Ok((files, problems))
}
