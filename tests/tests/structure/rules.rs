//! Rules of a single file: how long, what its first line is, what it may call.

use regex::Regex;

use crate::imports::{Layer, module};

/// Longer files, and why. Keep it empty.
pub const LONG: [(&str, &str); 0] = [];
pub const MAX_LINES: usize = 300;

/// Files outside the local provider and the agent that may speak to Linux (or to Unix), and why.
pub const DOORS: [(&str, &str); 7] = [
    (
        "provisioner/src/cli/run.rs",
        "the link `latest` beside the reports",
    ),
    (
        "provisioner/src/builder",
        "makes Linux trees: modes, owners and links of files",
    ),
    (
        "provisioner/src/cli/ssh/terminal.rs",
        "the raw terminal of `lab ssh`",
    ),
    (
        "provisioner/src/external/login.rs",
        "whether others can read a file with a password",
    ),
    ("provisioner/src/privilege.rs", "asks for root by sudo"),
    (
        "provisioner/src/transport/ssh",
        "waits for a socket and an eventfd at once; enters the lab's network namespace",
    ),
    (
        "provisioner/src/transport/ssh.rs",
        "the file descriptors it waits for",
    ),
];

pub fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Without comments and without the inline tests at the end of a file.
pub fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().map(|line| {
        if line.trim_start().starts_with("//") {
            ""
        } else {
            line
        }
    });
    lines
        .map(|line| line.split(" // ").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

pub fn too_long(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let excused = LONG.iter().any(|(file, _)| *file == path);
    if lines > MAX_LINES && !excused {
        vec![format!("{path}: {lines} lines, at most {MAX_LINES}")]
    } else {
        vec![]
    }
}

pub fn undocumented(path: &str, text: &str) -> Vec<String> {
    if text.starts_with("//! ") {
        vec![]
    } else {
        vec![format!("{path}: does not begin with `//! ` what it owns")]
    }
}

pub fn is_door(path: &str, door: &str) -> bool {
    path == door || path.strip_prefix(door).is_some_and(|rest| rest.starts_with('/'))
}

pub fn beyond_the_doors(path: &str, text: &str) -> Vec<String> {
    let inside = [
        "provisioner/src/provider/local.rs",
        "provisioner/src/provider/local",
        "agent",
        "tests",
    ];
    let doors = inside.into_iter().chain(DOORS.iter().map(|(door, _)| *door));
    if is_test(path) || doors.into_iter().any(|door| is_door(path, door)) {
        return vec![];
    }
    linux(text)
        .into_iter()
        .map(|what| format!("{path}: `{what}` outside the doors to Linux"))
        .collect()
}

pub fn linux(text: &str) -> Vec<String> {
    let calls = Regex::new(r"\bnix::|\bstd::os::(unix|linux|fd)\b|/proc/|/sys/|\blibc::").unwrap();
    calls
        .find_iter(&code(text))
        .map(|found| found.as_str().to_owned())
        .collect()
}

pub fn printing(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("provisioner/src/") || path.starts_with("provisioner/src/report") || is_test(path) {
        return vec![];
    }
    let prints = Regex::new(r"\be?print(ln)?!").unwrap();
    prints
        .find_iter(&code(text))
        .map(|found| format!("{path}: `{}` outside report/", found.as_str()))
        .collect()
}

pub fn impure(path: &str, text: &str) -> Vec<String> {
    if is_test(path) || module(path).and_then(Layer::of) != Some(Layer::Decide) {
        return vec![];
    }
    let acts = Regex::new(concat!(
        r"\bprocess::Command|\bCommand::new|\b(Tcp|Udp|Unix)(Stream|Listener|Socket|Datagram)\b|\btokio::|\bssh2::",
        r"|\bfs::(write|remove_\w+|create_\w+|rename|copy|set_\w+|hard_link)|\bFile::(create|options)|\bOpenOptions\b",
        r"|\bthread::(spawn|sleep)|(SystemTime|Instant|OffsetDateTime)::now"
    ))
    .unwrap();
    acts.find_iter(&code(text))
        .map(|found| format!("{path}: decides, yet `{}`", found.as_str()))
        .collect()
}
