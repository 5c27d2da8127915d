//! Decides what `lab status` says of Kubernetes: per node, whether the API calls it ready, what is unwell of Kubernetes' own on
//! it, and how long its certificates go on. No I/O.

use serde::Serialize;
use time::OffsetDateTime;

use super::{Answer, Seen};
use crate::node::{NodeName, Role};
use crate::pki::needs_renewal;
use crate::plan::certificates;
use crate::text;
use crate::text::Text;

/// What is known of Kubernetes as a whole: the master's answer, or why there is none.
#[derive(Clone, Copy, Debug)]
pub enum Control<'a> {
    /// The master does not run, or does not answer: nobody can be asked.
    Unreached,
    /// It has no control plane yet.
    NotSetUp,
    /// The control plane is there, and its API does not answer.
    Silent,
    /// Its API answers.
    Answers(&'a Answer),
}

impl<'a> Control<'a> {
    /// From what was seen of the master. `administrator`: the file a control plane has, asked for among the facts.
    pub fn of(master: &'a Seen, administrator: &str) -> Self {
        let Some(Ok(answer)) = &master.answer else {
            return Self::Unreached;
        };
        let file = answer.facts.files.get(administrator);
        match (&answer.facts.kubernetes, file) {
            (Some(_), _) => Self::Answers(answer),
            (None, Some(Some(_))) => Self::Silent,
            (None, _) => Self::NotSetUp,
        }
    }
}

/// One node in Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Member {
    /// `ready`, `not ready`, `not joined`, `not set up`, `no answer` (of the API); `-` where nobody can be asked.
    pub state: &'static str,
    /// Version of its kubelet.
    pub version: String,
    /// Its container runtime.
    pub runtime: String,
    /// Whole days until the first of its certificates ends; negative once it has.
    pub days: Option<i64>,
    /// The file of that certificate.
    pub ends_first: Option<String>,
    /// Pods of Kubernetes' own on it that are not ready, each with why.
    pub unwell: Vec<String>,
    /// The command that puts right what is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// The node `seen` in Kubernetes.
pub fn member(seen: &Seen, role: Role, control: Control<'_>, now: OffsetDateTime) -> Member {
    let answer = seen.answer.as_ref().and_then(|answer| answer.as_ref().ok());
    let ends = answer.and_then(|answer| certificates::first_to_end(&answer.facts));
    let mut member = Member {
        days: ends.map(|(_, end)| (end - now).whole_seconds().div_euclid(86_400)),
        ends_first: ends.map(|(path, _)| path.to_owned()),
        ..Member::default()
    };
    match control {
        Control::Unreached => member.state = "-",
        Control::NotSetUp => member.state = "not set up",
        Control::Silent => member.state = "no answer",
        Control::Answers(master) => tell(&mut member, &seen.node, master),
    }
    // A kubelet renews its own while it runs; what it has let end it cannot.
    let due = ends.is_some_and(|(path, end)| match path {
        certificates::KUBELET => end < now,
        _ => needs_renewal(end, now),
    });
    member.advice = match member.state {
        "-" => None,
        "ready" if !due && member.unwell.is_empty() => None,
        "ready" if !due => Some("lab kubectl describe pods -n kube-system".into()),
        "no answer" if !due && role == Role::Worker => None,
        _ => Some("lab up".into()),
    };
    member
}

fn tell(member: &mut Member, node: &NodeName, master: &Answer) {
    let mut nodes = master.facts.kubernetes.iter().flatten();
    let Some(known) = nodes.find(|known| known.name == node.as_str()) else {
        member.state = "not joined";
        return;
    };
    member.state = if known.ready { "ready" } else { "not ready" };
    member.version.clone_from(&known.version);
    member.runtime.clone_from(&known.runtime);
    let pods = master.facts.pods.iter().flatten();
    let unwell = pods.filter(|pod| pod.node == node.as_str() && !pod.ready);
    member.unwell = unwell
        .map(|pod| format!("{} ({})", pod.name, pod.reason))
        .collect();
}

/// Members as a table, head first.
pub fn table(members: &[(&NodeName, &Member)]) -> Vec<Vec<String>> {
    let head = ["NODE", "KUBERNETES", "VERSION", "RUNTIME", "CERTIFICATES"];
    let or_dash = |text: &str| if text.is_empty() { "-" } else { text }.to_owned();
    let cells = |(node, member): &(&NodeName, &Member)| {
        let certificates = match member.days {
            None => "-".to_owned(),
            Some(..0) => "expired".to_owned(),
            Some(days) => format!("ok {days}d"),
        };
        let mut cells = vec![
            node.to_string(),
            member.state.to_owned(),
            or_dash(&member.version),
            or_dash(&member.runtime),
            certificates,
        ];
        cells.extend(member.advice.as_ref().map(|advice| format!("→ {advice}")));
        cells
    };
    [head.map(str::to_owned).to_vec()]
        .into_iter()
        .chain(members.iter().map(cells))
        .collect()
}

/// What to say below the table.
pub fn remarks(master: &NodeName, control: Control<'_>, members: &[(&NodeName, &Member)]) -> Vec<Text> {
    let mut said = vec![];
    match control {
        Control::Unreached => said.push(text!(
            "{master}에 물을 수 없어 쿠버네티스의 상태를 알 수 없습니다: 먼저 {master}를 고치세요",
            "{master} cannot be asked, so nothing is known of Kubernetes: mend {master} first"
        )),
        Control::NotSetUp => said.push(text!(
            "쿠버네티스는 아직 구성되지 않았습니다: `lab up`",
            "Kubernetes is not set up yet: `lab up`"
        )),
        Control::Silent => said.push(text!(
            "쿠버네티스 API가 대답하지 않습니다: `lab up`이 고치고, `lab logs {master} kubelet`이 까닭을 보여 줍니다",
            "the Kubernetes API does not answer: `lab up` repairs it, `lab logs {master} kubelet` shows why"
        )),
        Control::Answers(answer) => {
            let nowhere = answer.facts.pods.iter().flatten();
            let nowhere = nowhere.filter(|pod| pod.node.is_empty() && !pod.ready);
            said.extend(nowhere.map(|pod| {
                let (name, why) = (&pod.name, &pod.reason);
                text!("어느 노드에도 없는 파드: {name} ({why})", "a pod that is on no node: {name} ({why})")
            }));
        }
    }
    for (node, member) in members {
        said.extend(member.unwell.iter().map(|pod| {
            text!(
                "{node}: 준비되지 않은 파드: {pod}",
                "{node}: a pod that is not ready: {pod}"
            )
        }));
        said.extend(ending(node, member));
    }
    said
}

/// Of certificates with little time left; nothing of others.
fn ending(node: &NodeName, member: &Member) -> Option<Text> {
    let path = member.ends_first.as_ref()?;
    match member.days? {
        ..0 => Some(text!(
            "{node}: 쿠버네티스 인증서가 끝났습니다 ({path}): `lab up`이 갱신합니다",
            "{node}: a certificate of Kubernetes has ended ({path}): `lab up` renews it"
        )),
        days @ 0..30 if path != certificates::KUBELET => Some(text!(
            "{node}: 쿠버네티스 인증서가 {days}일 뒤에 끝납니다 ({path}): `lab up`이 갱신합니다",
            "{node}: a certificate of Kubernetes ends in {days} days ({path}): `lab up` renews it"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
