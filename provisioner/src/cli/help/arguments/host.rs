//! Arguments of the verbs for what is made and kept on this host.

use super::Row;

/// Verb or verb and action, argument, help.
pub(super) const ARGUMENTS: &[Row] = &[
    (
        "bundle",
        "kubernetes",
        "이 버전의 쿠버네티스와 함께, 또는 `none`; 주지 않으면 cluster.yaml대로",
    ),
    (
        "bundle",
        "engine",
        "이 엔진의 노드에 필요한 것과 함께; 주지 않으면 cluster.yaml대로",
    ),
    (
        "bundle",
        "image",
        "이 노드 이미지와 함께, 예: `debian-12`; 주지 않으면 cluster.yaml대로",
    ),
    (
        "bundle build",
        "locked",
        "bundle.lock에 적힌 것과 다른 버전은 거절",
    ),
    ("bundle export", "file", "쓸 파일"),
    ("bundle import", "file", "읽을 파일"),
    (
        "box build",
        "provider",
        "Vagrant의 이 프로바이더에 쓸 것만 (기본: 모두)",
    ),
    ("box build", "output", "만든 것을 둘 디렉터리"),
    ("box build", "bare", "`lab`과 번들은 넣지 않음"),
    ("doctor", "fix", "없는 것을 설치 (--yes가 없으면 먼저 물음)"),
    (
        "support-bundle",
        "file",
        "파일, .tar.zst나 .tar.gz (기본: 여기에 lab-support-TIME.tar.zst)",
    ),
    ("clean", "names", "삭제할 것, `lab clean`이 나열하는 이름으로"),
    ("clean", "all", "어느 클러스터도 쓰지 않는 것을 모두 삭제"),
    ("schema", "which", "어느 파일의 스키마인지"),
    ("completions", "shell", "이 셸의 자동 완성을 출력"),
    ("completions", "man", "man 페이지를 이 디렉터리에 씀"),
];
