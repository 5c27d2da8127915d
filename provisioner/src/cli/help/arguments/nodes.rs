//! Arguments of the verbs for the cluster and its nodes.

use super::Row;

/// Verb or verb and action, argument, help.
pub(super) const ARGUMENTS: &[Row] = &[
    (
        "up",
        "engine",
        "cluster.yaml에서 엔진을 정하지 않은 노드의 컨테이너 엔진; 다른 것을 줄 때까지 기억함",
    ),
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
        "plan",
        "engine",
        "cluster.yaml에서 엔진을 정하지 않은 노드의 엔진을 이것으로 바꾸면, `lab up --engine`처럼",
    ),
    (
        "start",
        "names",
        "시작할 노드 (기본: 모두), 또는 LAB/EXERCISE로 적은 실습 하나",
    ),
    ("stop", "nodes", "정지할 노드 (기본: 모두)"),
    ("restart", "nodes", "재시작할 노드 (기본: 모두)"),
    (
        "reset",
        "names",
        "되돌릴 노드 (기본: 모두), 또는 LAB/EXERCISE로 적은 실습 하나",
    ),
    ("ssh", "node", "노드, 또는 `master`"),
    ("ssh", "command", "셸 대신 실행할 명령"),
    ("exec", "nodes", "노드, 또는 `all`, `master`, `workers`"),
    (
        "exec",
        "command",
        "명령과 그 인수 (셸을 거치지 않음: 파이프는 `sh -c '…'`로)",
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
    ("kubectl", "arguments", "kubectl에 줄 것, 예: get nodes"),
    ("kubeconfig", "file", "쓸 파일, 모드 0600 (기본: 표준 출력)"),
    ("forward", "targets", "열 것, 예: `m-k8s:8080`"),
    (
        "forward",
        "port",
        "이 컴퓨터의 포트, 열 것마다 하나 (기본: 같은 번호, 이미 쓰이면 빈 번호)",
    ),
    ("snapshot save", "name", "글자, 숫자, 점, 붙임표, 밑줄로 된 이름"),
    ("snapshot save", "replace", "그 이름의 스냅샷을 바꿈"),
    ("snapshot restore", "name", "스냅샷의 이름"),
    ("snapshot delete", "name", "스냅샷의 이름"),
];
