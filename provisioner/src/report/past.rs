//! Reports of earlier runs: which there are, and the events of one.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::event::Event;
use crate::text;

/// The file of a report that everything else is made from.
const EVENTS: &str = "events.jsonl";

/// A run of before.
#[derive(Debug)]
pub struct Past {
    /// Its name: that of its directory.
    pub name: String,
    /// Where its report is.
    pub directory: PathBuf,
    /// All that happened.
    pub events: Vec<Event>,
}

/// The names of all runs below `reports`, the oldest first.
pub fn names(reports: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(reports).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| entry.path().join(EVENTS).is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The run of this name (or how its name begins), `latest`, or the report in a directory given by its path.
pub fn open(reports: &Path, name: &str) -> Result<Past> {
    let names = names(reports);
    let beginning = || {
        let mut begun = names.iter().filter(|known| known.starts_with(name));
        begun.next().filter(|_| begun.next().is_none())
    };
    // The link that runs leave; where it is gone, the last by name.
    let latest = reports.join("latest");
    if name == "latest" && latest.join(EVENTS).is_file() {
        return read(&latest.canonicalize().unwrap_or(latest));
    }
    let found = match name {
        "latest" => names.last(),
        name => names.iter().find(|known| *known == name).or_else(beginning),
    };
    match found {
        Some(found) => read(&reports.join(found)),
        None if Path::new(name).join(EVENTS).is_file() => read(Path::new(name)),
        None => {
            let known = match names.as_slice() {
                [] => text!(
                    "아직 없음: `lab run`이 보고서를 남김",
                    "there is none yet: `lab run` leaves one"
                ),
                names => crate::config::suggest::hint(name, names.iter().map(String::as_str)),
            };
            Err(Error::usage(text!("`{name}`라는 실행이 없음", "there is no run `{name}`")).hint(known))
        }
    }
}

/// Reads the report in a directory. A killed run's last line may be cut: it is left out.
pub fn read(directory: &Path) -> Result<Past> {
    let path = directory.join(EVENTS);
    let shown = path.display();
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Error::usage(text!("{shown}을(를) 읽지 못함", "cannot read {shown}")).because(error)
    })?;
    let mut events = vec![];
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        match serde_json::from_str::<Event>(line) {
            Ok(event) => events.push(event),
            Err(_) if at + 1 == lines.len() && !text.ends_with('\n') => {}
            Err(error) => {
                let number = at + 1;
                let what = text!("{shown}:{number}: 사건이 아님", "{shown}:{number}: not an event");
                return Err(Error::usage(what).because(error));
            }
        }
    }
    let name = directory.canonicalize().ok();
    let name = name.as_deref().unwrap_or(directory).file_name();
    Ok(Past {
        name: name.unwrap_or_default().to_string_lossy().into_owned(),
        directory: directory.to_owned(),
        events,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const NOTE: &str = r#"{"at":"now","event":"note","text":{"ko":"가","en":"a"}}"#;

    fn report(reports: &Path, name: &str, events: &str) {
        std::fs::create_dir(reports.join(name)).unwrap();
        std::fs::write(reports.join(name).join(EVENTS), events).unwrap();
    }

    #[test]
    fn a_run_is_found_by_name_by_its_beginning_and_by_path() {
        let directory = tempfile::tempdir().unwrap();
        let reports = directory.path();
        assert!(
            open(reports, "latest")
                .unwrap_err()
                .advice()
                .unwrap()
                .en
                .contains("lab run")
        );
        report(reports, "2026-01-02", &format!("{NOTE}\n"));
        report(reports, "2026-01-03", &format!("{NOTE}\n{NOTE}\n"));
        std::fs::create_dir(reports.join("no-report")).unwrap();
        assert_eq!(names(reports), ["2026-01-02", "2026-01-03"]);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("2026-01-02", reports.join("latest")).unwrap();
            assert_eq!(open(reports, "latest").unwrap().name, "2026-01-02");
            std::fs::remove_file(reports.join("latest")).unwrap();
        }
        let path = reports.join("2026-01-03").display().to_string();
        for (name, expected) in [
            ("latest", Some(2)),
            ("2026-01-02", Some(1)),
            ("2026-01-03", Some(2)),
            (path.as_str(), Some(2)),
            ("2026-01", None),
            ("1999", None),
        ] {
            let events = open(reports, name).ok().map(|past| past.events.len());
            assert_eq!(events, expected, "{name}");
        }
    }

    #[test]
    fn a_cut_last_line_is_left_out_and_any_other_wrong_one_is_named() {
        let directory = tempfile::tempdir().unwrap();
        report(directory.path(), "cut", &format!("{NOTE}\n{}", &NOTE[..20]));
        report(directory.path(), "wrong", &format!("{NOTE}\n{}\n", &NOTE[..20]));
        assert_eq!(open(directory.path(), "cut").unwrap().events.len(), 1);
        let error = open(directory.path(), "wrong").unwrap_err();
        assert!(error.what().en.contains("events.jsonl:2"), "{error}");
    }
}
