//! Arguments of the verbs for typing and writing exercises, in Korean; and what their help ends with, in both languages.

/// Verb, argument, help.
pub(super) const ARGUMENTS: &[(&str, &str, &str)] = &[
    (
        "up",
        "kubernetes",
        "쿠버네티스(이 버전)와 함께: cluster.yaml이 말하지 않을 때; `lab down`까지 기억함",
    ),
    (
        "up",
        "no_kubernetes",
        "쿠버네티스를 요청한 것을 잊음; 노드에 있는 것은 그대로 남음",
    ),
    (
        "up",
        "engine",
        "cluster.yaml에서 엔진을 정하지 않은 노드의 컨테이너 엔진; 다른 것을 줄 때까지 기억함",
    ),
    (
        "run",
        "engine",
        "cluster.yaml에서 엔진을 정하지 않은 노드의 컨테이너 엔진; 다른 것을 줄 때까지 기억함",
    ),
    (
        "plan",
        "engine",
        "cluster.yaml에서 엔진을 정하지 않은 노드의 엔진을 이것으로 바꾸면, `lab up --engine`처럼",
    ),
    ("logs", "node", "노드, 또는 `master`"),
    ("logs", "unit", "이 systemd 유닛만, 예: docker, kubelet"),
    ("logs", "follow", "이제부터 쓰이는 것을 Ctrl-C까지 이어서 보여 줌"),
    (
        "logs",
        "since",
        "이때부터, journalctl이 읽는 대로: \"10 min ago\", 14:30, \"2026-11-24 09:00\"",
    ),
    (
        "logs",
        "lines",
        "마지막 몇 줄 (기본: 200, --since를 주면 그때부터 모두)",
    ),
    (
        "support-bundle",
        "file",
        "파일, .tar.zst나 .tar.gz (기본: 여기에 lab-support-TIME.tar.zst)",
    ),
    ("show", "exercise", "실습"),
    (
        "start",
        "names",
        "시작할 노드 (기본: 모두), 또는 LAB/EXERCISE로 적은 실습 하나",
    ),
    ("check", "exercise", "실습"),
    ("check", "step", "이 단계만"),
    ("hint", "exercise", "실습"),
    ("hint", "step", "이 단계만"),
    ("hint", "look", "점검이 어떻게 보는지, 무엇을 보았는지까지"),
    ("hint", "answer", "무엇을 입력하는지까지"),
    ("solve", "exercise", "실습"),
    ("solve", "step", "이 단계까지만: 이 단계와 그 전에 필요한 단계"),
    (
        "reset",
        "names",
        "되돌릴 노드 (기본: 모두), 또는 LAB/EXERCISE로 적은 실습 하나",
    ),
    (
        "new",
        "name",
        "시작할 실습; 그 이름의 lab이 없으면 함께 만듦. LAB만 적으면 실습 `first` 하나가 든 lab을 시작",
    ),
    ("lint", "labs", "검사할 lab (기본: 모두)"),
];

/// Verb, what its help ends with in Korean and in English.
pub(super) const ENDINGS: &[(&str, &str, &str)] = &[
    (
        "check",
        "단계가 했는지는 점검으로 봅니다. 뒤의 단계까지 왔으면 앞 단계가 만든 것이 이제 없어도 한 것으로 칩니다(·로 표시).
모두 통과하면 0, 아니면 1로 끝납니다.",
        "Whether a step is done is seen by its checks. Where you went on to a later step, what an earlier one made may be gone
(shown with ·). Ends with 0 if everything that is looked at holds, else with 1.",
    ),
    (
        "hint",
        "노드를 보고, 아직 맞지 않는 첫 점검에 대해 말합니다. 답은 스스로 묻기 전에는 말하지 않습니다:
  lab hint chapter4/publish-port              무엇이 아직인지, 힌트 하나
  lab hint chapter4/publish-port --look       점검이 보는 명령과 그 결과까지
  lab hint chapter4/publish-port --answer     입력할 명령까지
대신 하게 하려면 `lab solve chapter4/publish-port`.",
        "Looks at the nodes and speaks of the first check that does not hold yet. The answer is not told before you ask for it:
  lab hint chapter4/publish-port              what is not there yet, and a hint
  lab hint chapter4/publish-port --look       also the command the check looks with, and what it found
  lab hint chapter4/publish-port --answer     also what to type
To have it done for you: `lab solve chapter4/publish-port`.",
    ),
    (
        "solve",
        "이미 한 단계는 그대로 두고, 아직인 단계를 차례로 하고 확인합니다. 한 것은 노드에 남습니다:
  lab solve chapter4/clean-up stop            단계 `stop`까지만
  lab check chapter4/clean-up stop            보기
  lab reset chapter4/clean-up                 `lab`이 한 것만 되돌리기
클러스터가 없으면 먼저 띄웁니다.",
        "Leaves steps that are done, does the others in their order, and checks each. What is done stays on the nodes:
  lab solve chapter4/clean-up stop            only up to the step `stop`
  lab check chapter4/clean-up stop            to see it
  lab reset chapter4/clean-up                 to take back what `lab` did, and nothing else
Brings the cluster up first where there is none.",
    ),
    (
        "new",
        "  lab new mine/hello          labs/mine/hello.yaml을 쓰고 labs/mine/lab.yaml에 더함
  lab lint mine               노드 없이 검사
  lab run mine/hello          해 보기
  lab test mine/hello         점검이 실패할 수 있는지 보기
이미 있는 파일은 덮어쓰지 않습니다. 형식은 docs/lab-format.md가 가르칩니다.",
        "  lab new mine/hello          writes labs/mine/hello.yaml and lists it in labs/mine/lab.yaml
  lab lint mine               checks it without a node
  lab run mine/hello          carries it out
  lab test mine/hello         says whether its checks can fail
Nothing that is there is overwritten. docs/lab-format.md teaches the format.",
    ),
];
