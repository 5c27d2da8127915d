//! What a log shows of events, line by line.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::Terminal;
use crate::event::{Counts, Outcome, Sink, What};
use crate::node::NodeName;
use crate::report::out::Out;
use crate::text;
use crate::text::Lang;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn shown(lang: Lang, tell: impl FnOnce(&Sink)) -> String {
    let (sink, page) = (Sink::default(), Page::default());
    sink.add(Box::new(Terminal::plain(
        Out { lang, color: false },
        Box::new(page.clone()),
    )));
    tell(&sink);
    let bytes = page.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn node(name: &str) -> NodeName {
    name.parse().unwrap()
}

fn step(outcome: Outcome, reason: Option<crate::text::Text>) -> What {
    What::StepFinished {
        exercise: "restart-policy".into(),
        step: "start[policy=no]".into(),
        title: None,
        outcome,
        millis: 412,
        command: "docker run -d nginx\ntrue".into(),
        output: "one\n\x1b[1;31mtwo\x1b[0m\x07\r\n".into(),
        reason,
    }
}

#[test]
fn work_is_one_line_when_it_ends() {
    let text = shown(Lang::En, |sink| {
        let work = sink.work(
            Some(&node("m-k8s")),
            "agent",
            text!("에이전트 설치", "install the agent"),
        );
        work.finish(Ok::<_, String>(())).unwrap();
        let work = sink.work(
            Some(&node("w1-k8s")),
            "agent",
            text!("에이전트 설치", "install the agent"),
        );
        work.finish(Err::<(), _>("no space left")).unwrap_err();
        sink.warn(text!("조심", "careful"));
    });
    assert_eq!(
        text,
        "✓ m-k8s   install the agent  0.0s\n✗ w1-k8s  install the agent  0.0s  no space left\n! careful\n"
    );
}

#[test]
fn works_of_one_id_on_two_nodes_stay_apart() {
    let text = shown(Lang::Ko, |sink| {
        let first = sink.work(Some(&node("m-k8s")), "boot", text!("부팅", "boot"));
        let second = sink.work(Some(&node("w1-k8s")), "boot", text!("시작", "start"));
        first.finish(Ok::<_, String>(())).unwrap();
        second.finish(Ok::<_, String>(())).unwrap();
    });
    assert_eq!(text, "✓ m-k8s   부팅  0.0s\n✓ w1-k8s  시작  0.0s\n");
}

#[test]
fn a_failed_step_is_shown_whole_with_its_command() {
    let text = shown(Lang::En, |sink| {
        sink.send(
            Some(&node("m-k8s")),
            step(Outcome::Failed, Some(text!("상태 125", "status 125"))),
        );
    });
    let expected = "✗ m-k8s   start[policy=no]: status 125  0.4s
    command:
      docker run -d nginx
      true
    output:
      one
      two
";
    assert_eq!(text, expected);
}

#[test]
fn a_failed_check_gives_its_hint_in_korean() {
    let text = shown(Lang::Ko, |sink| {
        sink.send(
            Some(&node("m-k8s")),
            What::CheckFinished {
                exercise: "bind-mount".into(),
                step: "page".into(),
                check: "page-content".into(),
                title: Some(text!("페이지 내용", "what the page says")),
                outcome: Outcome::Failed,
                millis: 65_000,
                command: "curl -s localhost".into(),
                output: "403".into(),
                reason: Some(text!("\"hello\" 기대, 403 받음", "expected \"hello\", got 403")),
                hint: Some(text!("index.html을 보세요", "look at index.html")),
            },
        );
    });
    let expected = "✗ m-k8s   페이지 내용: \"hello\" 기대, 403 받음  1m05s
    힌트: index.html을 보세요
    명령: curl -s localhost
    출력: 403
";
    assert_eq!(text, expected);
}

#[test]
fn the_summary_counts_and_gives_reasons() {
    let text = shown(Lang::En, |sink| {
        sink.send(Some(&node("m-k8s")), step(Outcome::Passed, None));
        let offline = || Some(text!("인터넷 없음", "no internet"));
        sink.send(Some(&node("m-k8s")), step(Outcome::Skipped, offline()));
        sink.send(Some(&node("w1-k8s")), step(Outcome::Skipped, offline()));
        sink.send(Some(&node("w1-k8s")), step(Outcome::Blocked, None));
        let counts = Counts {
            passed: 1,
            skipped: 2,
            blocked: 1,
            ..Counts::default()
        };
        sink.send(
            None,
            What::RunFinished {
                counts,
                millis: 41_000,
            },
        );
    });
    let expected = "✓ m-k8s   start[policy=no]  0.4s
- m-k8s   start[policy=no] (skipped): no internet
- w1-k8s  start[policy=no] (skipped): no internet
· w1-k8s  start[policy=no] (blocked)

· restart-policy/start[policy=no]  w1-k8s  blocked
- 2 skipped: no internet
passed  failed  errored  skipped  blocked  time
1       0       0        2        1        41.0s
";
    assert_eq!(text, expected);
}

#[test]
fn korean_columns_align() {
    let text = shown(Lang::Ko, |sink| {
        sink.send(
            None,
            What::RunFinished {
                counts: Counts {
                    passed: 3,
                    ..Counts::default()
                },
                millis: 100,
            },
        );
    });
    assert_eq!(
        text,
        "\n통과  실패  오류  건너뜀  막힘  시간\n3     0     0     0       0     0.1s\n"
    );
}

#[test]
fn only_a_terminal_gets_control_characters() {
    let text = shown(Lang::Ko, |sink| {
        sink.send(Some(&node("m-k8s")), step(Outcome::Errored, None));
        sink.send(
            None,
            What::RunFinished {
                counts: Counts::default(),
                millis: 100,
            },
        );
    });
    assert!(
        !text.chars().any(|char| char.is_control() && char != '\n'),
        "{text:?}"
    );
}
