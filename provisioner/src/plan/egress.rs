//! The nodes' way out: whether it is to be open, and the resolver that nodes ask through it.

use super::{Action, Content, Plan, Problem, View, node, sha256};
use crate::cluster::{Lack, Standing, WayOut};
use crate::config::{Cluster, Egress};
use crate::error::Result;
use crate::facts::Observed;
use crate::text::Text;
use crate::{render, text};

/// Whom a node asks for names. The lab owns this file where the way out is its own.
pub const RESOLV_CONF: &str = "/etc/resolv.conf";

fn wanted(cluster: &Cluster, way: &WayOut) -> bool {
    cluster.egress != Egress::Off && way.lack.is_none()
}

/// Whether it is to be opened, and what that is called.
pub fn to_open(cluster: &Cluster, way: &WayOut) -> Option<Text> {
    (wanted(cluster, way) && way.standing != Standing::Open).then(opening)
}

pub(super) fn plan(cluster: &Cluster, observed: &Observed, plan: &mut Plan) {
    let Some(way) = &observed.way_out else { return };
    if cluster.egress == Egress::On
        && let Some(problem) = way.lack.and_then(problem)
    {
        plan.problems.push(problem);
    }
    let (text, why) = match (wanted(cluster, way), way.standing) {
        (true, Standing::Open) | (false, Standing::Closed) => return,
        (true, Standing::Closed) => (opening(), text!("닫혀 있음", "it is closed")),
        (true, Standing::Outdated) => (
            opening(),
            text!(
                "이 컴퓨터의 기본 경로나 DNS 서버가 바뀜",
                "this host's default route or resolver changed"
            ),
        ),
        (false, Standing::Open | Standing::Outdated) => (
            text!(
                "노드가 인터넷으로 나가는 길 닫기",
                "close the nodes' way out to the internet"
            ),
            closing(cluster, way),
        ),
    };
    let open = wanted(cluster, way);
    plan.add("egress".into(), None, Action::Egress { open }, &[], (text, why));
}

fn opening() -> Text {
    text!(
        "노드가 인터넷으로 나가는 길 열기",
        "open the nodes' way out to the internet"
    )
}

fn closing(cluster: &Cluster, way: &WayOut) -> Text {
    match (cluster.egress, way.lack) {
        (Egress::Off, _) | (_, None) => text!("`egress: off`", "`egress: off`"),
        (_, Some(Lack::Offline)) => text!("`--offline`", "`--offline`"),
        (_, Some(Lack::Program)) => text!("pasta가 없음", "pasta is not installed"),
        (_, Some(Lack::Route)) => text!("이 컴퓨터에 기본 경로가 없음", "this host has no default route"),
        (_, Some(Lack::Gateway)) => text!("게이트웨이 주소가 없음", "there is no address for a gateway"),
    }
}

/// What `egress: on` lacks. `--offline` is no lack: it was asked for.
fn problem(lack: Lack) -> Option<Problem> {
    let required = |ko: &str, en: &str| text!("`egress: on`인데 {ko}", "`egress: on`, and {en}");
    let (text, hint) = match lack {
        Lack::Offline => return None,
        Lack::Program => (
            required("pasta가 없음", "pasta is not installed"),
            text!(
                "`lab doctor --fix`가 설치 (Debian 패키지 passt)",
                "`lab doctor --fix` installs it (Debian package passt)"
            ),
        ),
        Lack::Route => (
            required("이 컴퓨터에 기본 경로가 없음", "this host has no default route"),
            text!(
                "네트워크를 연결하거나(`ip route`로 확인) cluster.yaml에 `egress: auto`를 쓰세요",
                "connect it to a network (`ip route` shows it), or write `egress: auto` in cluster.yaml"
            ),
        ),
        Lack::Gateway => (
            required(
                "네트워크의 첫 주소를 노드가 씀",
                "a node has the network's first address",
            ),
            text!(
                "그 주소는 게이트웨이의 것: 노드에 다른 주소를 주세요",
                "that is the gateway's: give the node another address"
            ),
        ),
    };
    Some(Problem {
        node: None,
        text,
        hint,
    })
}

pub(super) fn resolver(
    cluster: &Cluster,
    observed: &Observed,
    view: &View<'_>,
    plan: &mut Plan,
) -> Result<()> {
    let Some(way) = &observed.way_out else {
        return Ok(());
    };
    let content = render::resolv_conf(view.node, wanted(cluster, way).then_some(way.resolver))?;
    if !view.holds(RESOLV_CONF, &sha256(&content), 0o644) {
        node::put(plan, view, ("resolver", RESOLV_CONF), Content::Text(content), &[]);
    }
    Ok(())
}
