//! What `lab --help` says in Korean (clap's attributes hold the English), and what it ends with.

mod arguments;
mod endings;
mod verbs;

use std::ffi::OsString;

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::text::{Lang, Text};
use arguments::ARGUMENTS;
use endings::ENDINGS;
use verbs::VERBS;

const ABOUT: &str = "컨테이너와 쿠버네티스 강의 노트의 한 장을 실제로 실행합니다";

/// What every verb takes. A test fails where something is not in Korean.
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
        Lang::Ko => korean(command.about(ABOUT), ""),
    }
}

/// The verb that the words of `path` name (none: `lab` itself), with its arguments and the verbs below it in Korean.
fn korean(command: Command, path: &str) -> Command {
    let command = command.mut_args(|argument| match help(path, argument.get_id().as_str()) {
        Some(help) => argument.help(help),
        None => argument,
    });
    command.mut_subcommands(|verb| {
        let path = format!("{path} {}", verb.get_name()).trim_start().to_owned();
        let verb = match VERBS.iter().find(|(known, _)| *known == path) {
            Some((_, about)) => verb.about(*about),
            None => verb,
        };
        korean(verb, &path)
    })
}

/// What is said of an argument in Korean.
fn help(path: &str, argument: &str) -> Option<&'static str> {
    if path.is_empty() {
        let known = OPTIONS.iter().find(|(option, _)| *option == argument);
        return known.map(|(_, help)| *help);
    }
    let mut rows = ARGUMENTS.iter().copied().flatten();
    let known = rows.find(|(verb, known, _)| *verb == path && *known == argument);
    known.map(|(_, _, help)| *help)
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

    use clap::builder::StyledStr;

    use super::*;
    use crate::error::exit;

    /// All that is said of `command`, its arguments and the verbs below it, each with what it is said of.
    fn said(command: &Command, path: &str) -> Vec<(String, String)> {
        let one =
            |of: String, words: Option<&StyledStr>| (of, words.map(ToString::to_string).unwrap_or_default());
        let mut all = vec![one(path.to_owned(), command.get_about())];
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            let of = format!("{path} {}", argument.get_id());
            all.push(one(of.clone(), argument.get_help()));
            if let Some(long) = argument.get_long_help() {
                all.push(one(of, Some(long)));
            }
        }
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            all.extend(said(verb, &format!("{path} {}", verb.get_name())));
        }
        all
    }

    #[test]
    fn every_verb_and_argument_has_korean() {
        let hangul = |text: &str| text.chars().any(|char| ('가'..='힣').contains(&char));
        let (english, korean) = (said(&command(Lang::En), "lab"), said(&command(Lang::Ko), "lab"));
        assert!(english.len() > 100, "{}", english.len());
        assert_eq!(english.len(), korean.len());
        for ((what, en), (same, ko)) in english.iter().zip(&korean) {
            assert_eq!(what, same);
            assert!(!en.is_empty() && !hangul(en), "no English for `{what}`: {en}");
            assert!(hangul(ko), "no Korean for `{what}`: {ko}");
        }
    }

    #[test]
    fn all_that_is_in_korean_is_said_somewhere() {
        let korean = said(&command(Lang::Ko), "lab");
        let rows = ARGUMENTS.iter().copied().flatten();
        let arguments = rows.map(|(verb, argument, help)| (format!("lab {verb} {argument}"), *help));
        let options = OPTIONS
            .iter()
            .map(|(option, help)| (format!("lab {option}"), *help));
        let verbs = VERBS.iter().map(|(verb, help)| (format!("lab {verb}"), *help));
        for (what, help) in arguments.chain(options).chain(verbs) {
            let found = korean.iter().any(|(of, words)| *of == what && words == help);
            assert!(found, "nobody says `{help}` of `{what}`");
        }
        // An action has the arguments of its verb, too.
        let asked = command(Lang::Ko).try_get_matches_from(["lab", "bundle", "build", "--help"]);
        let shown = asked.unwrap_err().to_string();
        for words in ["없는 것을 만듦", "bundle.lock에 적힌", "이 노드 이미지와 함께"] {
            assert!(shown.contains(words), "{words}\n{shown}");
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
