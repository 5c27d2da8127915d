//! The files of a lab that go to nodes: what lint refuses, and where a person finds them.

use std::fs;
use std::path::Path;

use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{CHAPTER, booting, plain, program, shared};

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        plain("files::what_leaves_the_lab_is_refused_with_its_place", refused),
        booting("files::a_person_gets_the_files_of_an_exercise", person),
    ]
}

/// A lab whose one step asks for these files; its line 6 is `files: […]`.
fn write(lab: &Path, words: &str) {
    fs::create_dir_all(lab.join("files/app")).unwrap();
    let head = "title: {ko: 시험, en: Test}\nexercises: [one.yaml]\n";
    fs::write(lab.join("lab.yaml"), head).unwrap();
    let exercise = format!(
        "id: one\nsection: \"-\"\ntitle: {{ko: 하나, en: One}}\nsteps:\n- id: a\n  files: [{words}]\n  title: {{ko: 가, en: A}}\n  solve: sh \"$files/app/hello\"\n  expect: {{stdout: {{exactly: 안녕}}}}\n  checks:\n  - {{id: c, title: {{ko: 봄, en: It is}}, run: grep -q 안녕 \"$files/app/hello\", expect: {{exit-code: 0}}}}\n"
    );
    fs::write(lab.join("one.yaml"), exercise).unwrap();
    fs::write(lab.join("files/app/hello"), "echo 안녕\n").unwrap();
}

fn refused() {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    let lab = seat.project().join("labs/filed");
    let files = lab.join("files");
    write(&lab, "app");
    seat.lab(&["lint", "filed"]).passes();
    std::os::unix::fs::symlink("/etc", files.join("etc")).unwrap();
    std::os::unix::fs::symlink("hello", files.join("app/link")).unwrap();
    fs::write(files.join("binary"), [0xff; 8]).unwrap();
    fs::File::create(files.join("large"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    for (word, why) in [
        ("etc", "`files/etc`: a symbolic link cannot be used"),
        ("etc/passwd", "`files/etc`: a symbolic link cannot be used"),
        ("app", "`files/app/link`: a symbolic link cannot be used"),
        ("binary", "`files/binary`: not UTF-8 text"),
        ("large", "`files/large`: the file is too large"),
        ("../lab.yaml", "`../lab.yaml` leaves the lab's directory"),
        ("/etc/passwd", "`/etc/passwd` leaves the lab's directory"),
        ("app/helo", "there is no file `files/app/helo`"),
    ] {
        write(&lab, word);
        let told = seat.lab(&["lint", "filed"]).code(2);
        told.says("labs/filed/one.yaml:6:11").says(why);
    }
    // What no step asks for is in nobody's way.
    write(&lab, "app/hello");
    seat.lab(&["lint", "filed"]).passes();
}

fn person() {
    let seat = shared();
    let lab = seat.project().join("labs/filed");
    write(&lab, "app");
    let path = "/var/lib/lab/files/one/app/hello";
    let shown = seat.lab(&["show", "filed/one"]);
    let started = seat.lab(&["start", "filed/one"]);
    let found = seat.on("m-k8s", &format!("cat {path}"));
    let checked = seat.lab(&["check", "filed/one"]);
    let ran = seat.lab(&["run", "filed"]);
    fs::remove_dir_all(&lab).unwrap();
    shown.passes().prints(path).prints("files/app/hello");
    started.passes();
    assert_eq!(found.passes().stdout, "echo 안녕\n");
    checked.passes();
    ran.passes();
    seat.on("m-k8s", &format!("test -e {path}")).code(1);
}
