//! Where labs are found: in the project's `labs/`, else in the program. Their files are read by its neighbour and understood elsewhere.

use super::files::read;
use crate::config::{Cluster, Problem, suggest};
use crate::error::{Error, Result};
use crate::lab::Lab;
use crate::lab::embedded;
use crate::lab::files::Files;
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
