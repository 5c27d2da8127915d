//! What `lab --help` says in Korean (clap's attributes hold the English), and what it ends with.

mod arguments;

use std::ffi::OsString;

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::text::{Lang, Text};
use arguments::{ARGUMENTS, ENDINGS};

/// Verbs and global options in Korean. A test fails when one is missing.
const VERBS: &[(&str, &str)] = &[
    ("run", "실습(또는 그중 하나)을 실행: 클러스터가 없으면 먼저 띄움"),
    ("up", "클러스터를 띄우거나 cluster.yaml대로 되돌림"),
    ("plan", "`lab up`이 바꿀 것을 출력; 아무것도 건드리지 않음"),
    ("down", "노드와 이 컴퓨터에 만든 모든 것을 삭제"),
    (
        "start",
        "정지된 노드를 시작하거나, 직접 해 볼 실습(LAB/EXERCISE)을 준비",
    ),
    ("stop", "노드를 정지; 파일은 남음"),
    ("restart", "노드를 정지하고 다시 시작"),
    ("status", "노드들의 상태"),
    ("ssh", "노드에 로그인"),
    ("exec", "노드에서 명령 실행"),
    ("logs", "노드 또는 그 노드의 유닛이 남긴 기록(저널)"),
    (
        "kubectl",
        "쿠버네티스의 클라이언트를 마스터에서 실행: 여기 설치할 것 없음",
    ),
    ("kubeconfig", "이 컴퓨터의 kubectl을 위한 설정"),
    ("forward", "노드의 포트를 이 컴퓨터의 루프백에 열기"),
    ("snapshot", "클러스터 전체의 상태를 저장, 복원, 나열, 삭제"),
    (
        "reset",
        "노드를 `lab up` 직후의 상태로 되돌리거나, 실습(LAB/EXERCISE)에서 `lab`이 한 것을 되돌림",
    ),
    (
        "trust",
        "누가 언제까지 레지스트리를 신뢰하는지; 인증 기관 갱신과 교체",
    ),
    ("list", "실습 목록"),
    ("show", "직접 입력할 수 있게 실습의 단계를 출력"),
    ("check", "직접 입력한 결과를 확인"),
    ("hint", "실습에서 다음에 할 일을 조금씩 알려 줌"),
    ("solve", "실습에서 아직 안 한 것을 대신 하고 그대로 둠"),
    (
        "claims",
        "노트가 말하는 것: 얼마나 다루는지, 빠진 줄, 실행이 내린 판정",
    ),
    ("report", "이전 실행의 보고서를 다시 열기, 나열, 두 실행 비교"),
    (
        "test",
        "모든 점검이 실패할 수 있음을 증명: 하기 전에는 실패, 하면 통과, 치우면 다시 실패",
    ),
    (
        "new",
        "직접 쓸 lab이나 실습을 시작: 그대로 검사를 통과하고 실행되는 파일",
    ),
    ("lint", "노드 없이 실습 파일을 검사"),
    ("bundle", "노드가 설치에 쓰는 것: 빌드, 검증, 내보내기, 가져오기"),
    ("box", "Vagrant에 쓸 노드 이미지의 상자"),
    ("doctor", "이 컴퓨터에 있는 것과 없는 것"),
    (
        "support-bundle",
        "버그를 알릴 때 필요한 것을 비밀은 빼고 파일 하나에 모음",
    ),
    ("clean", "이 컴퓨터에 보관된 것을 나열하고 삭제"),
    ("schema", "cluster.yaml과 실습 파일의 JSON Schema"),
    ("completions", "셸 자동 완성 또는 man 페이지"),
];

const ABOUT: &str = "컨테이너와 쿠버네티스 수업 노트의 한 장을 실제로 실행합니다";

const OPTIONS: &[(&str, &str)] = &[
    (
        "project",
        "프로젝트: cluster.yaml이 있는 디렉터리 (기본: 여기 또는 가장 가까운 위쪽)",
    ),
    ("lang", "사람이 읽는 모든 것의 언어 (기본: 로캘)"),
    ("format", "`text`는 사람용, `json`은 프로그램용"),
    ("yes", "모든 질문에 예: 호스트 도구 설치, 오래 걸리는 빌드"),
    ("offline", "네트워크를 쓰지 않고 번들에 있는 것만 사용"),
];

/// The command line, with its help in `lang`.
pub(super) fn command(lang: Lang) -> Command {
    let ending = ending();
    let command = Cli::command().after_long_help(ending.get(lang).to_owned());
    let command = ENDINGS.iter().fold(command, |command, (verb, ko, en)| {
        let words = if lang == Lang::Ko { ko } else { en };
        command.mut_subcommand(verb, |verb| verb.after_help(*words))
    });
    match lang {
        Lang::En => command,
        Lang::Ko => {
            let command = OPTIONS
                .iter()
                .fold(command.about(ABOUT), |command, (option, help)| {
                    command.mut_arg(option, |argument| argument.help(*help))
                });
            let command = VERBS.iter().fold(command, |command, (verb, help)| {
                command.mut_subcommand(verb, |verb| verb.about(*help))
            });
            ARGUMENTS.iter().fold(command, |command, (verb, argument, help)| {
                command.mut_subcommand(verb, |verb| {
                    verb.mut_arg(*argument, |argument| argument.help(*help))
                })
            })
        }
    }
}

/// The language asked for, before the command line is parsed: `--lang`, `LAB_LANG`, the locale.
pub(super) fn language(arguments: &[OsString]) -> Lang {
    let option = arguments
        .iter()
        .enumerate()
        .find_map(|(index, argument)| match argument.to_str()? {
            "--" => None,
            "--lang" => arguments.get(index + 1)?.to_str().map(str::to_owned),
            argument => argument.strip_prefix("--lang=").map(str::to_owned),
        });
    match option.or_else(|| std::env::var("LAB_LANG").ok()).as_deref() {
        Some("ko") => Lang::Ko,
        Some("en") => Lang::En,
        _ => Lang::from_environment(),
    }
}

fn ending() -> Text {
    let (ko, en) = (
        "처음이라면:
  lab run chapter4               전부: 도구, 노드 이미지, 노드, 실습, 보고서
  lab show chapter4/EXERCISE     직접 입력해 보기; `lab check`가 확인, `lab hint`가 힌트, `lab solve`가 대신 함
  lab status, lab ssh m-k8s      들여다보기
  lab reset, lab down            되돌리기, 치우기

종료 코드:
    0  요청한 것을 모두 했고, 확인한 것이 모두 맞음
    1  실습은 돌았으나 실패, 오류, 막힘, 또는 허용되지 않은 건너뜀이 있음
    2  명령줄 또는 사용자 파일이 잘못됨
    3  할 수 없었음: 노드, 도구, 디스크, 네트워크
    4  이 컴퓨터에 필요한 것이 없음 (`lab doctor`)
  130  Ctrl-C 또는 SIGTERM으로 중단, 정리한 뒤

환경 변수: LAB_HOME(상태와 캐시의 위치), LAB_LANG, LAB_OFFLINE, LAB_PATIENCE(제한 시간의 배수), NO_COLOR",
        "To begin:
  lab run chapter4               everything: tools, node image, nodes, exercises, report
  lab show chapter4/EXERCISE     to type it yourself; then `lab check`, `lab hint`, or `lab solve` to have it done
  lab status, lab ssh m-k8s      to look around
  lab reset, lab down            to go back, to clear away

Exit codes:
    0  everything asked for was done, and whatever was checked holds
    1  the lab ran, and something failed, errored, was blocked, or was skipped without being allowed to
    2  the command line or a file of yours is wrong
    3  it could not be done: a node, a tool, the disk, the network
    4  this host lacks something (`lab doctor`)
  130  interrupted by Ctrl-C or SIGTERM, after cleaning up

Environment: LAB_HOME (where state and cache live), LAB_LANG, LAB_OFFLINE, LAB_PATIENCE (multiplies deadlines), NO_COLOR",
    );
    Text {
        ko: ko.into(),
        en: en.into(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::error::exit;

    #[test]
    fn every_verb_and_option_has_korean() {
        let english = command(Lang::En);
        let verbs = english
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set())
            .map(|verb| verb.get_name().to_owned());
        let hangul = |text: &str| text.chars().any(|char| ('가'..='힣').contains(&char));
        for verb in verbs {
            let korean = VERBS.iter().find(|(name, _)| *name == verb);
            assert!(
                korean.is_some_and(|(_, help)| hangul(help)),
                "no Korean for `{verb}`"
            );
        }
        for option in english.get_arguments() {
            let name = option.get_id().as_str();
            assert!(
                OPTIONS.iter().any(|(known, help)| *known == name && hangul(help)),
                "no Korean for `--{name}`"
            );
        }
        assert!(
            command(Lang::Ko)
                .render_long_help()
                .to_string()
                .contains("클러스터를 띄우거나")
        );
    }

    #[test]
    fn verbs_for_typing_and_writing_have_all_their_arguments_in_korean() {
        let english = command(Lang::En);
        for verb in [
            "show",
            "start",
            "check",
            "hint",
            "solve",
            "reset",
            "new",
            "lint",
            "up",
            "logs",
            "support-bundle",
        ] {
            let found = english.find_subcommand(verb).unwrap();
            for argument in found.get_arguments() {
                let name = argument.get_id().as_str();
                let known = ARGUMENTS
                    .iter()
                    .any(|(of, known, _)| *of == verb && *known == name);
                assert!(known, "no Korean for `{name}` of `{verb}`");
            }
        }
        let mut korean = command(Lang::Ko);
        for (verb, argument, help) in ARGUMENTS {
            let shown = korean
                .find_subcommand_mut(verb)
                .unwrap()
                .render_long_help()
                .to_string();
            let begins: String = help.chars().take(8).collect();
            assert!(shown.contains(&begins), "{verb} {argument}\n{shown}");
        }
    }

    #[test]
    fn the_language_is_known_before_parsing() {
        let language = |line: &str| language(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(language("lab --lang ko --help"), Lang::Ko);
        assert_eq!(language("lab up --lang=en"), Lang::En);
    }

    #[test]
    fn every_exit_code_is_in_the_help() {
        for lang in [Lang::Ko, Lang::En] {
            let help = ending().get(lang).to_owned();
            for code in [
                exit::OK,
                exit::LAB,
                exit::USAGE,
                exit::CANNOT,
                exit::HOST,
                exit::INTERRUPTED,
            ] {
                let line = help
                    .lines()
                    .find(|line| line.starts_with(&format!("{code:>5}  ")));
                assert!(line.is_some(), "no line for {code} in {lang:?}");
            }
        }
        command(Lang::Ko).try_get_matches_from(["lab", "status"]).unwrap();
    }
}
