//! The rules of the house that a compiler does not check: who may import whom, how long a file may be, that every file
//! says what it is, where Linux begins. Each rule is a function of a path and a text, tried on a bad example as well.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "structure/imports.rs"]
mod imports;
#[path = "structure/rules.rs"]
mod rules;

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use imports::{LAYERS, wrong_imports};
use rules::{DOORS, beyond_the_doors, impure, is_door, linux, printing, too_long, undocumented};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every source file: its path from the root, and its text.
fn sources() -> Vec<(String, String)> {
    let mut pending: Vec<PathBuf> = ["provisioner", "agent", "tests"].map(PathBuf::from).to_vec();
    let mut sources = vec![];
    while let Some(relative) = pending.pop() {
        for entry in fs::read_dir(root().join(&relative)).unwrap() {
            let entry = entry.unwrap();
            let path = relative.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                if entry.file_name() != "target" {
                    pending.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push((
                    path.to_string_lossy().into_owned(),
                    fs::read_to_string(root().join(&path)).unwrap(),
                ));
            }
        }
    }
    sources.sort();
    sources
}

/// Holds a rule against every source, and proves on bad examples that it can fail.
#[track_caller]
fn hold(rule: impl Fn(&str, &str) -> Vec<String>, bad: &[(&str, &str)]) {
    for (path, text) in bad {
        assert!(
            !rule(path, text).is_empty(),
            "the rule does not see: {path}\n{text}"
        );
    }
    let sources = sources();
    assert!(sources.len() > 40, "only {} sources were found", sources.len());
    let found: Vec<String> = sources.iter().flat_map(|(path, text)| rule(path, text)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn imports_point_down() {
    hold(
        wrong_imports,
        &[
            ("provisioner/src/plan.rs", "use crate::apply::Apply;"),
            (
                "provisioner/src/plan/node.rs",
                "fn f() { crate::provider::local::x() }",
            ),
            (
                "provisioner/src/transport/ssh.rs",
                "use crate::{error::Error, config::{Cluster, Node}};",
            ),
            ("provisioner/src/config.rs", "use super::cli;"),
            ("provisioner/src/strange.rs", ""),
        ],
    );
    let fine = "use crate::{config::{Cluster, cli}, node};\n// crate::cli\n#[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n";
    assert_eq!(
        wrong_imports("provisioner/src/plan.rs", fine),
        Vec::<String>::new()
    );
}

#[test]
fn every_module_is_in_one_layer() {
    let library = fs::read_to_string(root().join("provisioner/src/lib.rs")).unwrap();
    let modules = Regex::new(r"(?m)^pub mod ([a-z_]+);").unwrap();
    for module in modules.captures_iter(&library).map(|found| found[1].to_owned()) {
        let layers = LAYERS
            .iter()
            .filter(|(modules, _)| modules.contains(&module.as_str()))
            .count();
        assert_eq!(layers, 1, "{module}");
    }
}

#[test]
fn files_are_short() {
    hold(too_long, &[("agent/src/wire.rs", &"line\n".repeat(301))]);
}

#[test]
fn every_file_says_what_it_owns() {
    hold(
        undocumented,
        &[("agent/src/wire.rs", "use std::fs;\n"), ("agent/src/wire.rs", "")],
    );
}

#[test]
fn linux_begins_at_the_doors() {
    hold(
        beyond_the_doors,
        &[
            ("provisioner/src/plan.rs", "use nix::unistd;"),
            ("provisioner/src/doctor.rs", "let file = \"/proc/self/status\";"),
            (
                "provisioner/src/provider/vagrant.rs",
                "use std::os::unix::fs::PermissionsExt;",
            ),
        ],
    );
    for (door, why) in DOORS {
        let used = sources()
            .iter()
            .any(|(path, text)| is_door(path, door) && !linux(text).is_empty());
        assert!(used, "{door} ({why}) is no door any more: remove it from DOORS");
    }
}

#[test]
fn only_reports_print() {
    hold(
        printing,
        &[("provisioner/src/cli/up.rs", "fn f() { println!(\"hello\") }")],
    );
}

#[test]
fn what_decides_does_not_act() {
    hold(
        impure,
        &[
            ("provisioner/src/plan.rs", "std::process::Command::new(\"true\")"),
            (
                "provisioner/src/pki/leaf.rs",
                "let now = OffsetDateTime::now_utc();",
            ),
            ("provisioner/src/lab/load.rs", "std::fs::write(file, text)"),
            ("provisioner/src/config.rs", "TcpStream::connect(address)"),
        ],
    );
}
