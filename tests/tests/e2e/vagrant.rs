//! Machines by Vagrant: `tests/vagrant/docker`, which keeps Docker and Vagrant in namespaces of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use lab_tests::host::Host;
use libtest_mimic::Trial;

use super::{booting_alone, needing, program};

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    let test = booting_alone(
        "vagrant::containers_by_vagrant_are_machines_of_the_cluster",
        containers,
    );
    vec![needing(needing(test, "vagrant"), "dockerd")]
}

fn containers() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("vagrant/docker");
    let before = Host::now();
    let ran = Command::new(script)
        .arg(program())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("== all of it holds"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let changes = Host::now().changes_since(&before);
    assert!(changes.is_empty(), "left on the host: {changes:#?}");
}
