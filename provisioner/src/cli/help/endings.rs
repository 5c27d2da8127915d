//! What the help of some verbs ends with, in both languages.

/// Verb, what its help ends with in Korean and in English.
pub(super) const ENDINGS: &[(&str, &str, &str)] = &[
    (
        "check",
        "단계를 했는지는 점검으로 봅니다. 뒤의 단계까지 왔으면 앞 단계가 만든 것이 이제 없어도 한 것으로 칩니다(·로 표시).
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
