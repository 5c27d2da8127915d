//! The Vagrantfile reads cluster.yaml; Vagrant itself says whether it is one.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use super::{needing, plain};

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![needing(
        plain("vagrantfile::vagrant_finds_it_valid", valid),
        "vagrant",
    )]
}

fn valid() {
    let home = tempfile::tempdir().unwrap();
    let validated = Command::new("vagrant")
        .args(["validate", "--ignore-provider"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("VAGRANT_HOME", home.path())
        .env("VAGRANT_CHECKPOINT_DISABLE", "1")
        .env("VAGRANT_DOTFILE_PATH", home.path().join("dot"))
        .output()
        .unwrap();
    assert!(
        validated.status.success(),
        "{}{}",
        String::from_utf8_lossy(&validated.stdout),
        String::from_utf8_lossy(&validated.stderr)
    );
}
