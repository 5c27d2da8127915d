//! Writing exercises: what `lab new` begins and what docs/lab-format.md builds lint, run and are proved; and typing them: hints, and
//! what `lab solve` does and `lab reset` takes back.

use std::fs;

use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{CHAPTER, booting, plain, program, shared};

const FORMAT: &str = include_str!("../../../docs/lab-format.md");

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        plain("authoring::new_begins_and_adds_and_overwrites_nothing", begin),
        plain("authoring::every_stage_of_the_documented_exercise_lints", stages),
        booting(
            "authoring::the_documented_exercise_and_a_new_one_are_proved",
            proved,
        ),
        booting("authoring::hints_come_little_by_little", hints),
        booting(
            "authoring::solve_does_what_is_left_and_reset_takes_it_back",
            solve,
        ),
        booting("authoring::solve_goes_on_where_a_person_stopped", goes_on),
        booting("authoring::looking_early_removes_nothing", early),
    ]
}

fn begin() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    let labs = seat.project().join("labs");
    seat.lab(&["new", "mine/hello"])
        .passes()
        .prints("labs/mine/hello.yaml");
    seat.lab(&["new", "mine/again"]).passes();
    seat.lab(&["lint", "mine"]).passes().prints("mine: 2 exercises");
    let lab = fs::read_to_string(labs.join("mine/lab.yaml")).unwrap();
    assert!(lab.ends_with("- hello.yaml\n- again.yaml\n"), "{lab}");
    fs::write(labs.join("mine/hello.yaml"), "mine").unwrap();
    seat.lab(&["new", "mine/hello"]).code(2).says("exists already");
    assert_eq!(fs::read_to_string(labs.join("mine/hello.yaml")).unwrap(), "mine");
    seat.lab(&["new", "mine/third"])
        .code(2)
        .says("nothing was written");
    assert!(!labs.join("mine/third.yaml").exists());
    seat.lab(&["new", "mine"]).code(2).says("write mine/EXERCISE");
    seat.lab(&["new", "chapter4/mine"]).code(2).says("would hide it");
    for name in ["../mine", "mine/../../x", "mine/X", "mine/", "Mine"] {
        seat.lab(&["new", name]).code(2).says("cannot be a name");
    }
    assert_eq!(fs::read_dir(&labs).unwrap().count(), 1);
    seat.lab(&["new", "other"])
        .passes()
        .prints("labs/other/first.yaml");
    seat.lab(&["lint", "other"]).passes();
}

/// The files of each stage of docs/lab-format.md: path and text.
fn documented() -> Vec<Vec<(String, String)>> {
    let stages = FORMAT.split("\n### ").skip(1).map(|stage| {
        let stage = stage.split("\n## ").next().unwrap();
        let blocks = stage.split("```yaml\n# ").skip(1);
        let file = |block: &str| {
            let block = block.split("```").next().unwrap();
            let (path, text) = block.split_once('\n').unwrap();
            (path.to_owned(), text.to_owned())
        };
        blocks.map(file).collect::<Vec<_>>()
    });
    let stages: Vec<_> = stages.collect();
    assert!(stages.len() >= 4 && stages.iter().all(|files| !files.is_empty()));
    stages
}

fn write(seat: &Seat, files: &[(String, String)]) {
    for (path, text) in files {
        assert!(path.starts_with("labs/mine/"), "{path}");
        let path = seat.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn stages() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    for files in documented() {
        write(&seat, &files);
        seat.lab(&["lint", "mine"])
            .passes()
            .prints("mine: 1 exercises, no problem");
    }
}

fn proved() {
    let seat = shared();
    documented().iter().for_each(|files| write(&seat, files));
    seat.lab(&["new", "mine/fresh"]).passes();
    let ran = seat.lab(&["run", "mine"]);
    let tested = seat.lab(&["test", "mine"]);
    let claims = seat.lab(&["claims", "mine", "--run"]);
    fs::remove_dir_all(seat.project().join("labs/mine")).unwrap();
    ran.passes();
    tested.passes().prints("3 of 3 checks proved");
    claims.passes().prints("port.published");
}

fn hints() {
    let seat = shared();
    let name = "chapter4/publish-port";
    let answer = "docker run -d -p 8080:80 --name nginx-exposed";
    let first = seat
        .lab(&["hint", name])
        .passes()
        .prints("the container runs")
        .prints("lab hint chapter4/publish-port run --look")
        .without("  looks:");
    assert!(!first.stdout.contains("answer:"), "{first}");
    seat.lab(&["hint", name, "run", "--look"])
        .passes()
        .prints("lab exec m-k8s -- bash")
        .prints("expected 0, got 1")
        .prints("--answer")
        .without("lab solve");
    seat.lab(&["hint", name, "run", "--answer"])
        .passes()
        .prints(answer)
        .prints("lab solve chapter4/publish-port run");
    // The next check has no hint of its own: it is hinted at by what it looks at.
    seat.on("m-k8s", "docker run -d --name nginx-exposed nginx")
        .passes();
    let next = seat.lab(&["hint", name, "--format", "json"]);
    seat.on("m-k8s", "docker rm -f nginx-exposed; docker rmi nginx:latest")
        .passes();
    let next: serde_json::Value = serde_json::from_str(&next.passes().stdout).unwrap();
    assert_eq!(
        (next["step"].as_str(), next["check"].as_str()),
        (Some("run"), Some("ports"))
    );
    let hint = next["hint"]["en"].as_str().unwrap();
    assert!(
        hint.contains("docker ps -f name=^/nginx-exposed$") && hint.contains("8080->80"),
        "{hint}"
    );
    assert!(next["look"].is_null() && next["answer"].is_null(), "{next}");
    seat.lab(&["hint", name, "rnu"])
        .code(2)
        .says("did you mean `run`?");
}

fn solve() {
    let seat = shared();
    let name = "chapter4/publish-port";
    let made = "docker ps -aq -f name=^/nginx-exposed$; docker images -q nginx; ls -A /var/lib/lab/exercises";
    let before = seat
        .on("m-k8s", &format!("mkdir -p /var/lib/lab/exercises; {made}"))
        .passes();
    seat.lab(&["solve", name])
        .passes()
        .says("lab reset chapter4/publish-port");
    seat.lab(&["check", name]).passes().prints("6/6");
    seat.lab(&["hint", name]).passes().prints("holds");
    seat.lab(&["solve", name]).passes().says("done before");
    seat.lab(&["reset", name]).passes();
    assert_eq!(seat.on("m-k8s", made).passes().stdout, before.stdout);
    seat.lab(&["check", name]).code(1);
    // What was solved is in nobody's way.
    seat.lab(&["solve", name]).passes();
    seat.lab(&["run", name]).passes();
    assert_eq!(seat.on("m-k8s", made).passes().stdout, before.stdout);
    seat.lab(&["solve", name]).passes();
    seat.lab(&["start", name]).passes();
    assert_eq!(seat.on("m-k8s", made).passes().stdout, before.stdout);
    // What somebody else made stays, and is named.
    seat.on("m-k8s", "docker create --name nginx-exposed nginx")
        .passes();
    seat.lab(&["reset", name])
        .passes()
        .says("docker rm -f nginx-exposed");
    seat.on("m-k8s", "docker rm nginx-exposed && docker rmi nginx:latest")
        .passes();
}

/// Of an exercise whose later steps undo what the checks of earlier ones look at.
fn goes_on() {
    let seat = shared();
    let name = "chapter4/clean-up";
    seat.lab(&["solve", name, "run"]).passes();
    seat.lab(&["check", name, "run"]).passes();
    seat.on("w1-k8s", "docker stop $(docker ps -q -f ancestor=nginx)")
        .passes();
    let checked = seat.lab(&["check", name]).code(1);
    assert!(checked.stdout.starts_with("· "), "{checked}");
    let solved = seat
        .lab(&["solve", name, "start"])
        .passes()
        .says("run: done before (`stop` went on from it)")
        .says("stop: done before");
    assert!(solved.stderr.contains("✓ w1-k8s"), "{solved}");
    seat.lab(&["check", name, "start"]).passes();
    // To the end, where nothing is left to look at: what was solved is known all the same, and not done twice.
    seat.lab(&["solve", name]).passes().says("start: done before");
    seat.lab(&["check", name]).passes();
    seat.lab(&["solve", name])
        .passes()
        .says("free: done before")
        .without("✓");
    seat.lab(&["reset", name]).passes();
    let left = seat.on(
        "w1-k8s",
        "docker ps -aq -f name=^/lab-clean-; ls -A /var/lib/lab/exercises",
    );
    assert_eq!(left.clone().passes().stdout, "", "{left}");
}

/// A check that tries what has to be refused must not do it where it would not be.
fn early() {
    let seat = shared();
    seat.on("w1-k8s", "docker volume create nginx-volume").passes();
    seat.lab(&["check", "chapter4/volume"]).code(1);
    seat.lab(&["hint", "chapter4/volume"]).passes();
    seat.on("w1-k8s", "docker volume rm nginx-volume").passes();
    seat.on("w1-k8s", "docker create --name lab-clean-one nginx")
        .passes();
    seat.lab(&["check", "chapter4/clean-up"]).code(1);
    seat.on("w1-k8s", "docker rm lab-clean-one && docker rmi nginx")
        .passes();
}
