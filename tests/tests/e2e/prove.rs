//! `lab test`: a check is worth something only if it can fail.

use std::fs;
use std::path::PathBuf;

use lab_tests::seat::Seat;
use libtest_mimic::Trial;
use serde_json::Value;

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
        booting("prove::what_is_broken_is_noticed_by_the_right_check", sabotage),
        booting("prove::a_break_that_nobody_notices_is_named", missed),
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
    let rows: Vec<Value> = serde_json::from_str(&tested.stdout).unwrap();
    assert!(!rows.is_empty(), "{tested}");
    for row in rows {
        assert_eq!(
            (row["verdict"].as_str(), row["good"].as_u64()),
            (Some("proved"), Some(2)),
            "{row}"
        );
    }
}

/// A lab `worthless` of this one exercise; its directory.
fn write(seat: &Seat, exercise: &str) -> PathBuf {
    let lab = seat.project().join("labs/worthless");
    fs::create_dir_all(&lab).unwrap();
    fs::write(
        lab.join("lab.yaml"),
        "title: {ko: 시험, en: Test}\nexercises: [one.yaml]\n",
    )
    .unwrap();
    fs::write(lab.join("one.yaml"), exercise).unwrap();
    lab
}

fn worthless() {
    let seat = shared();
    let lab = write(&seat, WORTHLESS);
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

/// By a check's own sabotage, and by the cleanup; nothing is left.
fn sabotage() {
    let seat = shared();
    let tested = seat
        .lab(&[
            "test",
            "chapter4/filter-containers",
            "--sabotage",
            "--format",
            "json",
        ])
        .passes();
    let report: Value = serde_json::from_str(&tested.stdout).unwrap();
    let breaks = report["breaks"].as_array().unwrap();
    let noticed = |name: &str| {
        let found = breaks.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in\n{tested}"))["noticed"].clone()
    };
    let label = "filter-containers/run/label";
    assert_eq!(noticed(label), serde_json::json!([label]));
    assert_eq!(noticed("filter-containers/run").as_array().map(Vec::len), Some(9));
    assert_eq!(report["never-noticed"], serde_json::json!([]), "{tested}");
    let left = seat
        .on("w1-k8s", "docker ps -aq --filter label=lab.exercise")
        .passes();
    assert_eq!(left.stdout, "", "{left}");
}

/// The second step's check does not look at what its step made; the third breaks what is the first one's as well.
const MISSED: &str = r#"id: one
section: "-"
title: {ko: "하나", en: "One"}
steps:
- id: first
  title: {ko: "첫째", en: "first"}
  solve: touch /root/lab-test-first
  checks: [{id: c, title: {ko: "있음", en: "it is there"}, run: test -e /root/lab-test-first, expect: {exit-code: 0}}]
  cleanup: rm -f /root/lab-test-*
- id: second
  title: {ko: "둘째", en: "second"}
  solve: touch /root/lab-test-second
  checks: [{id: c, title: {ko: "있음", en: "it is there"}, run: test -e /root/lab-test-first, expect: {exit-code: 0}}]
  sabotage: rm /root/lab-test-second
- id: third
  title: {ko: "셋째", en: "third"}
  solve: touch /root/lab-test-third
  checks: [{id: c, title: {ko: "있음", en: "it is there"}, run: test -e /root/lab-test-third, expect: {exit-code: 0}}]
  sabotage: rm /root/lab-test-third /root/lab-test-first
- id: fourth
  title: {ko: "넷째", en: "fourth"}
  solve: touch /root/lab-test-fourth
"#;

fn missed() {
    let seat = shared();
    let lab = write(&seat, MISSED);
    let tested = seat.lab(&["test", "worthless", "--sabotage"]);
    let left = seat.on("m-k8s", "ls /root/lab-test-* 2>/dev/null || test $? = 2");
    fs::remove_dir_all(lab).unwrap();
    tested
        .code(1)
        .prints("✗ one/second  missed: no check of it failed")
        .prints("✗ one/third  too broad: checks of other things failed as well  one/first/c, one/second/c")
        .prints("- one/fourth  not sabotaged: no check looks at it")
        .prints("1 of 3 breaks noticed as they should be (1 by one check alone); 1 step(s) not sabotaged; 2 of 3 checks noticed one");
    assert_eq!(left.passes().stdout, "");
}
