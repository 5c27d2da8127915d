//! Arguments of the verbs for labs and exercises: to run, type, prove, write and report on them.

use super::Row;

/// Verb or verb and action, argument, help.
pub(super) const ARGUMENTS: &[Row] = &[
    ("run", "lab", "lab, 또는 LAB/EXERCISE로 적은 실습 하나"),
    ("run", "from", "이 실습부터"),
    ("run", "only", "이 실습들만, 쉼표로 이어서"),
    ("run", "dry_run", "실행할 것을 출력; 아무것도 건드리지 않음"),
    ("run", "keep_going", "통과하지 못한 실습이 있어도 계속"),
    (
        "run",
        "record",
        "단계마다 터미널에 보이는 것을 보고서 옆에 asciicast 파일로 기록",
    ),
    (
        "run",
        "engine",
        "cluster.yaml에서 엔진을 정하지 않은 노드의 컨테이너 엔진; 다른 것을 줄 때까지 기억함",
    ),
    ("list", "labs", "나열할 lab (기본: 모두)"),
    ("show", "exercise", "실습"),
    ("check", "exercise", "실습"),
    ("check", "step", "이 단계만"),
    ("hint", "exercise", "실습"),
    ("hint", "step", "이 단계만"),
    ("hint", "look", "점검이 어떻게 보는지, 무엇을 보았는지까지"),
    ("hint", "answer", "무엇을 입력하는지까지"),
    ("solve", "exercise", "실습"),
    ("solve", "step", "이 단계까지만: 이 단계와 그 전에 필요한 단계"),
    ("claims", "lab", "주장을 볼 lab"),
    (
        "claims",
        "notes",
        "이 노트 파일에서 무언가를 말하지만 어느 주장에도 들지 않은 줄을 나열",
    ),
    ("claims", "run", "실행이 주장마다 내린 판정 (기본: 마지막 실행)"),
    (
        "report",
        "run",
        "실행의 이름이나 그 앞부분, 또는 보고서의 디렉터리 (기본: 마지막 실행)",
    ),
    ("report", "html", "report.html을 다시 씀"),
    ("report", "notes", "이 노트 파일의 글을 주장 옆에 인용"),
    ("report", "list", "모든 실행을 나열"),
    (
        "report",
        "compare",
        "두 실행 가운데 앞의 것에서 뒤의 것으로 바뀐 것",
    ),
    ("test", "lab", "lab, 또는 LAB/EXERCISE로 적은 실습 하나"),
    ("test", "repeat", "몇 번 할지: 할 때마다 결과가 다른 점검을 찾음"),
    (
        "test",
        "sabotage",
        "해 놓은 것을 한 번에 하나씩 망가뜨려, 바로 그 점검만 알아차리는지 봄",
    ),
    (
        "new",
        "name",
        "시작할 실습; 그 이름의 lab이 없으면 함께 만듦. LAB만 적으면 실습 `first` 하나가 든 lab을 시작",
    ),
    ("lint", "labs", "검사할 lab (기본: 모두)"),
];
