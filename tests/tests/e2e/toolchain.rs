//! A Go that is missing, too old, or not where it is said to be: named before anything is made.

use std::fs;
use std::path::PathBuf;

use libtest_mimic::Trial;

use super::artifacts::{Place, SMALL};
use super::as_root;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        as_root("toolchain::without_go_it_is_said_before_anything_is_made", no_go),
        as_root(
            "toolchain::a_go_that_is_too_old_is_named_with_what_is_needed",
            old_go,
        ),
        as_root(
            "toolchain::lab_up_says_what_is_wrong_with_the_go_that_is_named",
            named_go,
        ),
    ]
}

fn no_go() {
    let place = Place::new();
    let build = place.command(&["bundle", "build", "--kubernetes", "--yes"]);
    let ran = place.seat.run(build).code(3);
    ran.says("there is no Go on this machine")
        .says("http://127.0.0.1:9/hello")
        .says("apt-get install golang-go");
    place.nothing_made();
}

fn old_go() {
    let place = Place::new();
    place.go("1.19.8", "exit 1");
    let build = place.command(&["bundle", "build", "--kubernetes", "--yes"]);
    let ran = place.seat.run(build).code(3);
    ran.says("example.org/hello@v1.2.3 needs Go 1.24.0, and this machine has 1.19.8")
        .says("put a newer Go first in PATH");
    place.nothing_made();
}

fn named_go() {
    let place = Place::new();
    // A version that cluster.yaml can ask for, of the small programs.
    let recipes = place.seat.project().join("labs/bundle/kubernetes.yaml");
    fs::write(recipes, SMALL.replace("1.2.3", "1.34.4")).unwrap();
    place.go("1.19.8", "exit 1");
    let up = |go: PathBuf| {
        let mut up = place.command(&["up", "--kubernetes", "--yes"]);
        up.env("LAB_GO", go);
        place.seat.run(up).code(3)
    };
    up("/nowhere/go".into()).says("LAB_GO names /nowhere/go");
    up(place.path.join("go"))
        .says("example.org/hello@v1.34.4 needs Go 1.24.0, and this machine has 1.19.8")
        .says("put a newer Go first in PATH");
    place.nothing_made();
    // What could not be had is not asked for again.
    place
        .seat
        .lab(&["kubectl", "get", "nodes"])
        .code(2)
        .says("lab up --kubernetes");
}
