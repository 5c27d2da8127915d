//! The Vagrantfile reads cluster.yaml; Vagrant itself says whether it is one. And what `lab` says where Vagrant cannot go on.

use std::path::Path;
use std::process::Command;

use lab::provider::vagrant::advice;
use lab_tests::seat::{Ran, Seat};
use libtest_mimic::Trial;

use super::{needing, plain, program};

const CLUSTER: &str = "cluster: errors\nnetwork: 192.168.1.0/24\nprovider: vagrant\nnodes:\n- {name: m-k8s, role: master, address: 192.168.1.10, cpus: 1, memory: 1GiB}\nregistry: {host: m-k8s, port: 8443, image: registry:2}\n";

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    let tests = vec![
        plain("vagrantfile::vagrant_finds_it_valid", valid),
        plain("vagrantfile::errors_lab_knows_are_errors_of_vagrant", known),
        plain(
            "vagrantfile::without_what_runs_machines_it_is_said",
            no_hypervisor,
        ),
        plain("vagrantfile::without_the_engine_it_is_said", no_engine),
    ];
    let mut tests: Vec<Trial> = tests.into_iter().map(|test| needing(test, "vagrant")).collect();
    tests.push(plain("vagrantfile::without_vagrant_it_is_said", no_vagrant));
    tests
}

fn known() {
    let print = "require 'vagrant'; puts Vagrant::Errors.constants";
    let ran = Command::new("ruby").args(["-e", print]).output().unwrap();
    let classes = String::from_utf8_lossy(&ran.stdout).into_owned();
    let classes: Vec<&str> = classes.lines().collect();
    assert!(classes.contains(&"VagrantError"), "{ran:?}");
    let unknown: Vec<&str> = advice::classes()
        .filter(|class| !classes.contains(class))
        .collect();
    assert!(unknown.is_empty(), "no error of Vagrant's: {unknown:?}");
}

/// `lab up` with Vagrant, a Vagrant home of its own, and these variables.
fn up(variables: &[(&str, &str)]) -> Ran {
    let seat = Seat::new(program(), CLUSTER).unwrap();
    let vagrantfile = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Vagrantfile");
    std::fs::copy(vagrantfile, seat.project().join("Vagrantfile")).unwrap();
    let mut command = seat.command(&["up", "--yes"]);
    command.env("VAGRANT_HOME", seat.state().join("vagrant"));
    command.envs(variables.iter().copied());
    seat.run(command)
}

fn no_hypervisor() {
    up(&[("VAGRANT_DEFAULT_PROVIDER", "virtualbox")])
        .code(3)
        .says("could not detect VirtualBox")
        .says("install and start VirtualBox");
}

fn no_engine() {
    up(&[
        ("VAGRANT_DEFAULT_PROVIDER", "docker"),
        ("DOCKER_HOST", "unix:///nonexistent/docker.sock"),
    ])
    .code(3)
    .says("install and start VirtualBox (or vagrant-libvirt, or Docker)");
}

fn no_vagrant() {
    up(&[("PATH", "/nonexistent")])
        .code(3)
        .says("Vagrant is not installed")
        .says("`provider: local`");
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
