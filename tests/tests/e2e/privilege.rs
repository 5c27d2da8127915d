//! What `lab` made as root for somebody who asked through sudo is theirs afterwards, and nothing else is.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::Path;

use libtest_mimic::Trial;

use super::{CHAPTER, as_root, program};
use lab_tests::seat::Seat;

/// A user who needs no account.
const USER: u32 = 1234;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![as_root(
        "privilege::what_sudo_made_is_given_to_the_user_and_links_are_not_followed",
        given_back,
    )]
}

fn owner(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().uid()
}

fn given_back() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    let home = tempfile::tempdir().unwrap();
    chown(home.path(), Some(USER), Some(USER)).unwrap();
    let (state, cache) = (home.path().join(".local/state"), home.path().join(".cache"));
    let outside = tempfile::NamedTempFile::new().unwrap();
    let reports = seat.project().join("lab-reports");
    let (report, link) = (reports.join("run/junit.xml"), reports.join("link"));
    for directory in [&state, &cache] {
        fs::create_dir_all(directory.join("lab")).unwrap();
    }
    fs::create_dir_all(report.parent().unwrap()).unwrap();
    fs::write(&report, "").unwrap();
    symlink(outside.path(), &link).unwrap();
    let list = |elevated: bool| {
        let mut command = seat.command(&["list"]);
        command
            .env("XDG_STATE_HOME", &state)
            .env("XDG_CACHE_HOME", &cache);
        command.env("SUDO_UID", USER.to_string());
        command.env("SUDO_GID", USER.to_string());
        match elevated {
            true => command.env("LAB_ELEVATED", "1"),
            false => command.env_remove("LAB_ELEVATED"),
        };
        seat.run(command).passes();
    };
    let made = [report, link, state.clone(), state.join("lab"), cache.join("lab")];
    let owners = || made.each_ref().map(|path| owner(path));
    list(false);
    assert_eq!(owners(), [0; 5], "given away although nobody asked through sudo");
    list(true);
    assert_eq!(owners(), [USER; 5], "{made:?}");
    assert_eq!(owner(outside.path()), 0, "a link was followed");
    // No directory above the project is the user's: then those above are not what sudo made.
    assert_eq!(owner(&seat.project()), 0);
}
