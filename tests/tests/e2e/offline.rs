//! The bundle: offline, exported, imported, damaged.

use std::process::Command;

use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{CHAPTER, booting, program};

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting(
            "offline::without_a_bundle_offline_says_what_is_missing",
            nothing_cached,
        ),
        booting(
            "offline::an_exported_bundle_boots_a_cluster_without_a_network",
            exported_and_imported,
        ),
    ]
}

fn nothing_cached() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    let mut up = seat.command(&["up", "--yes", "--offline"]);
    up.env("XDG_CACHE_HOME", seat.state().join("empty-cache"));
    seat.run(up).code(3).says("lab bundle import");
    seat.down().passes();
}

/// Everything runs in a network namespace without any interface but loopback: nothing can be fetched.
fn exported_and_imported() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    let stick = seat.project().join("stick.bundle");
    seat.lab(&["bundle", "build", "--yes"]).passes();
    seat.lab(&["bundle", "export", stick.to_str().unwrap()]).passes();
    let cut_off = |arguments: &[&str]| {
        let lab = seat.command(arguments);
        let mut command = Command::new("unshare");
        command
            .arg("--net")
            .arg(lab.get_program())
            .args(lab.get_args())
            .current_dir(seat.project());
        for (name, value) in lab.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("XDG_CACHE_HOME", seat.state().join("other-cache"));
        seat.run(command)
    };
    cut_off(&["bundle", "import", stick.to_str().unwrap()]).passes();
    cut_off(&["up", "--yes", "--offline"]).passes();
    cut_off(&["exec", "w1-k8s", "--", "docker", "pull", "nginx"])
        .passes()
        .prints("Digest: sha256:");
    cut_off(&["down", "--yes"]).passes();
}
