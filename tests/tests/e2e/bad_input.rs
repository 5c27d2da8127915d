//! What users get wrong: every problem named with its place, nothing touched.

use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{CHAPTER, plain, program};

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        plain("bad_input::every_problem_of_cluster_yaml_at_once", every_problem),
        plain(
            "bad_input::an_unknown_exercise_suggests_the_nearest",
            unknown_exercise,
        ),
        plain("bad_input::a_node_image_nobody_has_is_named", node_image),
        plain("bad_input::no_project_says_where_to_go", no_project),
        plain("bad_input::an_unreadable_bundle_is_refused", unreadable_bundle),
        plain("bad_input::help_and_completion_are_there", help),
    ]
}

fn every_problem() {
    let twice = CHAPTER
        .replace("w2-k8s", "w1-k8s")
        .replace("192.168.1.103", "10.0.0.1");
    let seat = Seat::new(program(), &twice).unwrap();
    let ran = seat.lab(&["plan"]).code(2);
    for place in ["cluster.yaml:11:", "cluster.yaml:12:"] {
        assert!(ran.stderr.contains(place), "no {place} in\n{ran}");
    }
}

fn unknown_exercise() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    seat.lab(&["show", "chapter4/image-tga"])
        .code(2)
        .says("image-tag");
}

fn node_image() {
    let other = CHAPTER.replace("image: debian-13", "image: debain-12");
    let seat = Seat::new(program(), &other).unwrap();
    seat.lab(&["up", "--yes"])
        .code(2)
        .says("there are debian-13, debian-12, ubuntu-24.04");
    let mixed = CHAPTER.replace(
        "name: w1-k8s, role: worker,",
        "name: w1-k8s, role: worker, image: debian-12,",
    );
    assert_ne!(mixed, *CHAPTER);
    let seat = Seat::new(program(), &mixed).unwrap();
    seat.lab(&["up", "--yes"])
        .code(2)
        .says("the image of w1-k8s is debian-12");
}

fn no_project() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    let mut command = seat.command(&["status"]);
    command.current_dir("/");
    seat.run(command).code(2).says("--project");
}

fn unreadable_bundle() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    seat.write("not-a-bundle", [0u8; 4096]).unwrap();
    let ran = seat.lab(&["bundle", "import", "not-a-bundle"]);
    assert!(ran.code == 2 || ran.code == 3, "{ran}");
    assert!(ran.stderr.contains("not-a-bundle"), "{ran}");
}

fn help() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    for verb in [
        "run", "up", "down", "exec", "forward", "snapshot", "trust", "bundle", "doctor", "hint", "solve",
        "new",
    ] {
        seat.lab(&[verb, "--help"]).passes().prints("Usage:");
    }
    seat.lab(&["solve", "--help"])
        .prints("lab reset chapter4/clean-up");
    seat.lab(&["hint", "--help", "--lang", "ko"])
        .passes()
        .prints("무엇을 입력하는지까지");
    for shell in ["bash", "zsh", "fish"] {
        let completion = seat.lab(&["completions", shell]).passes();
        for word in ["hint", "solve", "new", "answer"] {
            assert!(completion.stdout.contains(word), "no {word} for {shell}");
        }
    }
}
