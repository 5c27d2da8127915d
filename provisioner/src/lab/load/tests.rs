//! Labs through one table: what is written, and every line that must be said about it.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::embedded;
use super::super::files::Files;
use super::load;

const LAB: &str = "title: {ko: 장, en: chapter}\nexercises: [one.yaml]\n";
const HEAD: &str = "id: one\nsection: s\ntitle: {ko: 하나, en: one}\n";

fn lint(lab: &str, exercise: &str) -> Vec<String> {
    let files: Files = [
        ("lab.yaml".into(), lab.into()),
        ("one.yaml".into(), exercise.into()),
    ]
    .into();
    let problems = load("test", &files, None).err().unwrap_or_default();
    let said = problems.iter().map(|problem| {
        let file = problem.file.rsplit('/').next().unwrap();
        format!(
            "{file}:{}:{}: {}",
            problem.line, problem.column, problem.message.en
        )
    });
    said.collect()
}

fn check(steps: &str, expected: &[&str]) {
    assert_eq!(lint(LAB, &format!("{HEAD}steps:\n{steps}")), expected, "{steps}");
}

#[test]
fn a_step_through_one_table() {
    check("- {id: a, solve: 'true', title: t}\n", &[]);
    check(
        "- {id: a, solve: 'true'}\n",
        &["one.yaml:5:3: the key `title` is missing"],
    );
    check(
        "- {id: a, solve: 'true', title: 이름}\n",
        &["one.yaml:5:33: the English text is missing"],
    );
    check(
        "- {id: a, slove: 'true', title: t}\n",
        &[
            "one.yaml:5:3: a step that does nothing",
            "one.yaml:5:11: unknown key `slove`",
        ],
    );
    check(
        "- {id: a, solve: x, solve: y, title: t}\n",
        &["one.yaml:5:21: the key `solve` appears twice"],
    );
    check(
        "- {id: a, solve: x, expect: {}, title: t}\n",
        &["one.yaml:5:29: an empty matcher accepts anything"],
    );
    check(
        "- {id: a, solve: x, expect: {stdout: {}}, title: t}\n",
        &["one.yaml:5:38: an empty matcher accepts anything"],
    );
    check(
        "- {id: a, solve: x, expect: {stdout: {matches: '('}}, title: t}\n",
        &["one.yaml:5:48: not a regular expression: error: unclosed group"],
    );
    check(
        "- {id: a, solve: x, expect: {exit-code: 256}, title: t}\n",
        &["one.yaml:5:41: not a number from 0 to 255: `256`"],
    );
    check(
        "- {id: a, solve: x, hosts: 'Not A Node', title: t}\n",
        &["one.yaml:5:28: there is no node `Not A Node`"],
    );
    check(
        "- {id: a, solve: x, needs: [b], title: t}\n",
        &["one.yaml:5:29: unknown step `b`"],
    );
    check(
        "- {id: a, solve: x, deadline: soon, title: t}\n",
        &["one.yaml:5:31: `soon` is not a duration"],
    );
    check(
        "- {id: a, solve: x, title: t}\n- {id: a, solve: x, title: t}\n",
        &["one.yaml:6:8: the id `a` appears twice"],
    );
}

#[test]
fn names_nobody_has() {
    let with = |check: &str| {
        format!(
            "- id: a\n  solve: x\n  capture: {{got: {{from: stdout}}}}\n  checks:\n  - {check}\n  title: t\n"
        )
    };
    check(
        &with("{id: c, title: {ko: 씨, en: c}, run: x, expect: {stdout: {exactly: '${registry}'}}}"),
        &[],
    );
    check(
        &with("{id: c, title: {ko: 씨, en: c}, run: x, expect: {stdout: {exactly: '${got}'}}}"),
        &["one.yaml:9:71: unknown variable `got`"],
    );
    check(
        &with("{id: c, title: 씨, claim: nothing, run: x, expect: {exit-code: 1}}"),
        &[
            "one.yaml:9:20: the English text is missing",
            "one.yaml:9:30: unknown claim `nothing`",
        ],
    );
}

#[test]
fn a_measure_has_a_unit_and_a_title() {
    let with = |measure: &str| {
        format!(
            "- id: a\n  checks:\n  - {{id: c, title: c, run: x, expect: {{exit-code: 0}}, measure: {measure}}}\n  title: t\n"
        )
    };
    check(&with("{unit: bytes, title: sizes}"), &[]);
    check(
        &with("{unit: stones, title: sizes}"),
        &["one.yaml:7:71: unknown value `stones`"],
    );
    check(
        &with("{unit: bytes}"),
        &["one.yaml:7:64: the key `title` is missing"],
    );
}

#[test]
fn a_sabotage_that_breaks_nothing_or_that_nobody_notices() {
    let looks = |more: &str| format!("{{id: c, title: c, run: x, expect: {{exit-code: 0}}{more}}}");
    let step =
        |more: &str, check: &str| format!("- {{id: a, solve: x, title: t{more}, checks: [{check}]}}\n");
    check(&step(", sabotage: x", &looks("")), &[]);
    check(&step("", &looks(", sabotage: x")), &[]);
    check(
        &step(", sabotage: ''", &looks("")),
        &["one.yaml:5:41: an empty `sabotage` breaks nothing"],
    );
    check(
        &step(", sabotage: x", &looks(", already-true: t")),
        &["one.yaml:5:41: no check could notice this `sabotage`"],
    );
    check(
        &step("", &looks(", already-true: t, sabotage: x")),
        &["one.yaml:5:117: no step puts back what the `sabotage` of an `already-true` check breaks"],
    );
}

#[test]
fn needs_that_go_round_in_a_circle() {
    check(
        "- {id: a, solve: x, needs: [b], title: t}\n- {id: b, solve: x, needs: [a], title: t}\n",
        &[
            "one.yaml:5:29: `needs` goes round in a circle through `b`",
            "one.yaml:6:29: `needs` goes round in a circle through `a`",
        ],
    );
}

#[test]
fn files_stay_in_the_directory() {
    let exercise = format!("{HEAD}steps: [{{id: a, solve: x, title: t}}]\n");
    let title = "title: {ko: 장, en: chapter}\n";
    let said = lint(
        &format!("{title}exercises: [../one.yaml, /etc/passwd, two.yaml]\n"),
        &exercise,
    );
    assert_eq!(
        said,
        [
            "lab.yaml:2:13: `../one.yaml` leaves the lab's directory",
            "lab.yaml:2:26: `/etc/passwd` leaves the lab's directory",
            "lab.yaml:2:39: there is no file `two.yaml`",
        ]
    );
    assert_eq!(
        lint(
            &format!("{title}exercises: [one.yaml]\nallowed-skips: [one/b]\n"),
            &exercise
        ),
        ["lab.yaml:3:17: unknown step `one/b`"]
    );
    assert!(lint(LAB, &"#".repeat(2 << 20))[0].contains("too large"));
    let bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n";
    assert_eq!(lint(LAB, bomb).len(), 1);
}

#[test]
fn what_the_program_carries_is_right_and_complete() {
    let cluster =
        crate::config::Cluster::parse("cluster.yaml", include_str!("../../../../cluster.yaml")).unwrap();
    for name in embedded::names() {
        let files = embedded::files(name).unwrap();
        let lab = load(name, &files, Some(&cluster))
            .map_err(|problems| format!("{problems:#?}"))
            .unwrap();
        for exercise in &lab.exercises {
            assert!(
                exercise.steps.iter().any(|step| !step.checks.is_empty()),
                "{}",
                exercise.id
            );
        }
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../labs")
            .join(name);
        let mut on_disk = vec![];
        walk(&directory, "", &mut on_disk);
        assert!(on_disk.len() > 20 && on_disk.iter().any(|file| file.starts_with("files/")));
        assert!(on_disk.iter().all(|file| files.contains_key(file)), "{on_disk:?}");
    }
}

fn walk(directory: &std::path::Path, below: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().into_string().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => walk(directory, &format!("{name}/"), found),
            false => found.push(name),
        }
    }
}

#[test]
fn a_steps_files_are_the_labs_own() {
    let load = |words: &str| {
        let steps = format!("{HEAD}steps:\n- {{id: a, solve: x, title: t, files: [{words}]}}\n");
        let mut files: Files = [
            ("lab.yaml".into(), LAB.into()),
            ("one.yaml".into(), steps),
            ("files/app/pom.xml".into(), "<project/>".into()),
            ("files/app/src/Main.java".into(), "class Main {}".into()),
            ("files/apple".into(), String::new()),
        ]
        .into();
        files
            .refused
            .insert("files/link".into(), "a symbolic link".into());
        files
            .refused
            .insert("files/deep/link".into(), "a symbolic link".into());
        super::load("test", &files, None)
    };
    let taken = |words: &str| {
        let lab = load(words).unwrap();
        let files = lab.exercises[0].steps[0].files.iter();
        files.map(|file| file.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(taken("app, app/pom.xml"), ["app/pom.xml", "app/src/Main.java"]);
    assert_eq!(taken("apple"), ["apple"]);
    let lab = load("apple").unwrap();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(lab.exercises[0].steps[0].files[0].sha256, empty);
    let said = |word: &str| {
        let problems = load(word).unwrap_err();
        let at =
            |problem: &crate::config::Problem| (problem.line, problem.column, problem.message.en.clone());
        problems.iter().map(at).collect::<Vec<_>>()
    };
    for (word, message) in [
        ("../one.yaml", "`../one.yaml` leaves the lab's directory"),
        ("/etc/passwd", "`/etc/passwd` leaves the lab's directory"),
        ("app/../../x", "`app/../../x` leaves the lab's directory"),
        ("./app", "`./app` leaves the lab's directory"),
        ("link", "`files/link`: a symbolic link"),
        ("link/passwd", "`files/link`: a symbolic link"),
        ("deep", "`files/deep/link`: a symbolic link"),
        ("ap", "there is no file `files/ap`"),
    ] {
        assert_eq!(said(word), [(5, 39, message.to_owned())], "{word}");
    }
}

#[test]
fn an_exclusive_image_is_the_name_of_an_image() {
    let steps = "steps:\n- {id: a, solve: 'true', title: t}\n";
    let said = |exclusive: &str| lint(LAB, &format!("{HEAD}exclusive: [{exclusive}]\n{steps}"));
    assert_eq!(said("nginx, 'nginx:stable'"), [""; 0]);
    assert_eq!(
        said("nginx, 'nginx; reboot'"),
        ["one.yaml:4:20: not the name of an image: `nginx; reboot`"]
    );
}
