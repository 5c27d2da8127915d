//! Reports: what `lab` says of an earlier run, and the page in a real browser.

#[path = "report/page.rs"]
mod page;

use lab::claim::{Claim, Lines, Verdict};
use lab::event::{
    ClusterSeen, Event, Heading, Measured, NodeSeen, Outcome, Outline, RegistrySeen, TrustSeen, Unit, What,
};
use lab::node::Role;
use lab::text;
use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{booting, needing, plain, program, shared};

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    let page = plain("report::the_page_of_a_hostile_run_in_a_browser", hostile_page);
    let real = booting("report::the_page_of_a_real_run_in_a_browser", real_page);
    vec![
        plain("report::earlier_runs_are_listed_reopened_and_compared", earlier),
        plain("report::claims_count_and_find_lines_without_one", claims),
        needing(page, "chromium"),
        needing(real, "chromium"),
    ]
}

/// Output that would be a script, an image and a style, were it not escaped.
const HOSTILE: &str = "</pre><script>window.hacked = 1</script><img src=\"http://192.0.2.1/x.png\" onerror=\"window.hacked = 1\"><style>body{display:none}</style>";

/// A run of one exercise on two nodes with a check that came to `outcome`, after a step of `millis`.
fn events(outcome: Outcome, millis: u64, words: &str) -> String {
    let claim = |id: &str, expect, checks: &[&str]| Claim {
        id: id.into(),
        section: "노트의 제목".into(),
        lines: vec![Lines::read("3-4").unwrap()],
        claim: text!("주장 {words}", "a claim {words}"),
        expect,
        reason: Some(text!("이유 {words}", "a reason {words}")),
        checks: checks.iter().map(|check| (*check).to_owned()).collect(),
    };
    let heading = Heading {
        id: "one".into(),
        section: "노트의 제목".into(),
        title: text!("실습 {words}", "an exercise {words}"),
    };
    let outline = Outline {
        title: text!("장 {words}", "a chapter {words}"),
        exercises: vec![heading],
        claims: vec![
            claim("first", Verdict::Confirmed, &["one/do/looks"]),
            claim("second", Verdict::Refuted, &["one/do[p=x]/looks"]),
            claim("third", Verdict::Opinion, &[]),
        ],
    };
    let step = |step: &str, outcome, millis| What::StepFinished {
        exercise: "one".into(),
        step: step.into(),
        title: Some(text!("단계 {words}", "a step {words}")),
        outcome,
        millis,
        command: format!("lab exec m-k8s -- {}", "long-".repeat(60)),
        output: words.repeat(20),
        reason: (outcome != Outcome::Passed).then(|| text!("까닭 {words}", "why {words}")),
    };
    let check = |step: &str, outcome| What::CheckFinished {
        exercise: "one".into(),
        step: step.into(),
        check: "looks".into(),
        title: Some(text!("점검 {words}", "a check {words}")),
        outcome,
        millis: 20,
        command: words.into(),
        output: words.into(),
        reason: None,
        hint: Some(text!("힌트 {words}", "a hint {words}")),
    };
    let started = What::RunStarted {
        lab: "small".into(),
        exercises: vec!["one".into()],
    };
    let ended = What::ExerciseFinished {
        exercise: "one".into(),
        outcome,
        millis: millis + 100,
    };
    let finished = What::RunFinished {
        counts: lab::event::Counts::default(),
        millis: millis + 200,
    };
    let recorded = |step: &str, file: &str| What::Recorded {
        exercise: "one".into(),
        step: step.into(),
        file: file.into(),
    };
    let all = [
        What::LabRead { outline },
        What::ClusterSeen {
            cluster: cluster(words),
        },
        started,
        step("do", Outcome::Passed, millis),
        recorded("do", "casts/one.do.m-k8s.cast"),
        check("do", outcome),
        What::Measured {
            exercise: "one".into(),
            step: "do".into(),
            check: "looks".into(),
            title: text!("크기 {words}", "sizes {words}"),
            unit: Unit::Bytes,
            values: vec![
                Measured {
                    name: words.into(),
                    value: lab::event::Value::Number(544 << 20),
                },
                Measured {
                    name: "small".into(),
                    value: lab::event::Value::Number(1 << 20),
                },
            ],
        },
        step("do[p=x]", Outcome::Passed, 5),
        recorded("do[p=x]", "javascript:window.hacked=1"),
        check("do[p=x]", Outcome::Passed),
        step("online", Outcome::Skipped, 0),
        ended,
        finished,
    ];
    let line = |what| {
        let event = Event {
            at: "2026-11-24T09:00:00.000Z".into(),
            node: Some("m-k8s".parse().unwrap()),
            what,
        };
        serde_json::to_string(&event).unwrap() + "\n"
    };
    all.map(line).concat()
}

fn cluster(words: &str) -> ClusterSeen {
    let node = |name: &str, role, trusted| NodeSeen {
        name: name.parse().unwrap(),
        role,
        address: "192.168.1.10".into(),
        system: words.into(),
        kernel: "6.12".into(),
        architecture: "x86_64".into(),
        cgroup: 2,
        cpus: 1,
        memory: 1 << 30,
        agent: "0.1.0".into(),
        engines: vec![format!("Docker {words}")],
        trust: vec![TrustSeen {
            store: "docker".into(),
            trusted,
        }],
    };
    ClusterSeen {
        lab: "0.1.0".into(),
        bundle: "ab".repeat(32),
        provider: "local".into(),
        online: false,
        network: "192.168.1.0/24".into(),
        registry: RegistrySeen {
            host: "m-k8s".parse().unwrap(),
            address: "192.168.1.10:8443".into(),
            image: "registry:2".into(),
            until: Some("2027-02-22".into()),
        },
        external: None,
        orchestrator: None,
        nodes: vec![
            node("m-k8s", Role::Master, true),
            node("w1-k8s", Role::Worker, false),
        ],
    }
}

fn seat(runs: &[(&str, String)]) -> Seat {
    let seat = Seat::new(program(), &super::CHAPTER).unwrap();
    for (name, events) in runs {
        let directory = seat.project().join("lab-reports").join(name);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("events.jsonl"), events).unwrap();
    }
    seat
}

fn earlier() {
    let good = events(Outcome::Passed, 500, "words");
    let seat = seat(&[
        ("2026-01-01", good.clone()),
        ("2026-01-02", events(Outcome::Failed, 4500, "words")),
        (
            "2026-01-03",
            good.lines().take(5).map(|line| format!("{line}\n")).collect(),
        ),
    ]);
    let listed = seat.lab(&["report", "--list"]).passes();
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    for (line, word) in lines.iter().zip(["passed", "failed", "did not end"]) {
        assert!(line.contains(word), "{listed}");
    }
    seat.lab(&["report"]).passes().prints("the run did not end");
    seat.lab(&["report", "2026-01-02"])
        .passes()
        .prints("one/do/looks  m-k8s  failed")
        .prints("1 skipped: why words")
        .prints("0 confirmed, 1 refuted, 0 differs by version, 1 not settled, 1 opinion");
    let found = seat.lab(&["claims", "small", "--run", "2026-01-02"]).passes();
    found
        .prints("not settled  first   m-k8s  the check one/do/looks failed on m-k8s")
        .says("1 refuted");
    let compared = seat
        .lab(&["report", "--compare", "2026-01-01", "2026-01-02"])
        .passes();
    compared
        .prints("one/do/looks m-k8s  passed  →  failed")
        .prints("first  confirmed  →  not settled")
        .prints("one/do m-k8s  0.5s  →  4.5s")
        .without("do[p=x]");
    seat.lab(&["report", "--compare", "2026-01-01", "2026-01-01"])
        .passes()
        .says("nothing changed");
    let notes = seat.project().join("notes.md");
    std::fs::write(&notes, "1\n2\nthe notes' own words\n").unwrap();
    let page = seat.project().join("lab-reports/2026-01-02/report.html");
    for (arguments, quoted) in [(&["--notes", "notes.md"] as &[&str], true), (&[], false)] {
        seat.lab(&[&["report", "2026-01-02", "--html"], arguments].concat())
            .passes();
        let page = std::fs::read_to_string(&page).unwrap();
        assert_eq!(page.contains("the notes&#39; own words"), quoted);
    }
    seat.lab(&["report", "--html", "--notes", "none.md"])
        .code(2)
        .says("none.md");
    seat.lab(&["claims", "chapter4", "--run"])
        .code(2)
        .says("is a run of `small`");
    seat.lab(&["report", "2026-02"]).code(2).says("2026-01-01");
}

fn claims() {
    let seat = Seat::new(program(), &super::CHAPTER).unwrap();
    seat.lab(&["claims", "chapter4"]).passes().prints("refuted");
    let notes = seat.project().join("notes.md");
    // Far below the end of the notes, where no claim can be.
    let said = format!(
        "# 컨테이너 실행하기{}- 아무도 다루지 않는 말\n",
        "\n".repeat(4998)
    );
    std::fs::write(&notes, said).unwrap();
    let file = notes.to_str().unwrap();
    seat.lab(&["claims", "chapter4", "--notes", file])
        .code(1)
        .prints("4999: - 아무도 다루지 않는 말\n")
        .says("1 line(s) without a claim");
    let listed = seat
        .lab(&["claims", "chapter4", "--notes", file, "--format", "json"])
        .code(1);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed["unaccounted"][0]["line"], 4999);
}

fn hostile_page() {
    let seat = seat(&[("hostile", events(Outcome::Failed, 500, HOSTILE))]);
    seat.lab(&["report", "hostile", "--html"])
        .passes()
        .prints("report.html");
    let page = seat.project().join("lab-reports/hostile/report.html");
    let links = std::fs::read_to_string(&page)
        .unwrap()
        .matches(" download>")
        .count();
    assert_eq!(links, 1, "only what lies beside the report is linked");
    page::visit(&page, 3);
}

fn real_page() {
    let seat = shared();
    seat.lab(&["run", "chapter4/image-tags", "--yes"])
        .passes()
        .says("report.html");
    page::visit(&seat.project().join("lab-reports/latest/report.html"), 1);
}
