//! `lab test`: a check is worth something only if it can fail.

use std::fs;

use libtest_mimic::Trial;

use super::{booting, shared};

/// One check that is worth something, and one of each kind that is not.
const WORTHLESS: &str = r#"id: one
section: "-"
title: {ko: "하나", en: "One"}
steps:
- id: file
  title: {ko: "파일", en: "A file"}
  hosts: master
  solve: touch /root/lab-test-file /root/lab-test-left
  checks:
  - {id: sound, title: {ko: "있음", en: "it is there"}, run: test -e /root/lab-test-file, expect: {exit-code: 0}}
  - {id: cannot-fail, title: {ko: "참", en: "it is true"}, run: test -d /, expect: {exit-code: 0}}
  - {id: cannot-look, title: {ko: "느림", en: "it is slow"}, run: test -e /root/lab-test-file || sleep 60, deadline: 1s, expect: {exit-code: 0}}
  - {id: stays, title: {ko: "남음", en: "it is left"}, run: test -e /root/lab-test-left, expect: {exit-code: 0}}
  - {id: wrong, title: {ko: "틀림", en: "it is wrong"}, run: test -e /root/lab-test-other, expect: {exit-code: 0}}
  - {id: excused, title: {ko: "원래", en: "it was so"}, run: test -d /root, expect: {exit-code: 0}, already-true: {ko: "언제나 있음", en: "always there"}}
  cleanup: rm -f /root/lab-test-file
"#;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting("prove::an_exercise_of_the_chapter_is_proved", chapter),
        booting("prove::each_kind_of_worthless_check_is_named", worthless),
    ]
}

fn chapter() {
    let seat = shared();
    let tested = seat
        .lab(&[
            "test",
            "chapter4/publish-port",
            "--repeat",
            "2",
            "--format",
            "json",
        ])
        .passes();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&tested.stdout).unwrap();
    assert!(!rows.is_empty(), "{tested}");
    for row in rows {
        assert_eq!(
            (row["verdict"].as_str(), row["good"].as_u64()),
            (Some("proved"), Some(2)),
            "{row}"
        );
    }
}

fn worthless() {
    let seat = shared();
    let lab = seat.project().join("labs/worthless");
    fs::create_dir_all(&lab).unwrap();
    fs::write(
        lab.join("lab.yaml"),
        "title: {ko: 시험, en: Test}\nexercises: [one.yaml]\n",
    )
    .unwrap();
    fs::write(lab.join("one.yaml"), WORTHLESS).unwrap();
    seat.on("m-k8s", "rm -f /root/lab-test-left").passes();
    let tested = seat.lab(&["test", "worthless"]);
    seat.on("m-k8s", "rm /root/lab-test-left").passes();
    fs::remove_dir_all(lab).unwrap();
    let tested = tested
        .code(1)
        .prints("one/file/cannot-fail  passes before anything is done")
        .prints("one/file/cannot-look  cannot look")
        .prints("one/file/stays  still passes after the cleanup")
        .prints("one/file/wrong  does not pass when solved")
        .prints("2 of 6 checks proved");
    assert_eq!(tested.stdout.lines().count(), 5, "{tested}");
}
