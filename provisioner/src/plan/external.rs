//! The external registry: each node trusts it and is logged in there, its project exists; and nodes forget one that is no longer named.

use agent::wire::Engine;
use serde::Serialize;

use super::{Action, Plan, Problem, View, id};
use crate::config::{Cluster, External, Product};
use crate::facts::Observed;
use crate::facts::external::{Dealings, Standing};
use crate::registry_product::project;
use crate::text;
use crate::text::Text;

/// What is done because of an external registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Ask it, and fail if it is of no use.
    Look,
    /// Make the project of its namespace, by this product's interface.
    Project(Product),
    /// Make the node trust it and log in there.
    Ready,
    /// Log the node out of external registries and take their authority away.
    Forget,
}

impl From<Step> for Action {
    fn from(step: Step) -> Self {
        Self::External { step }
    }
}

pub(super) fn plan(cluster: &Cluster, observed: &Observed, plan: &mut Plan) {
    let wanted = cluster.registry.external.as_ref();
    let views = cluster.nodes.iter().map(|node| View::new(node, observed));
    let views: Vec<View<'_>> = views
        .filter(|view| !view.silent() && plan.is_sound(view.node))
        .collect();
    for view in &views {
        forget(wanted, view, plan);
    }
    let Some(external) = wanted else { return };
    // What is about to be opened was closed when it was asked.
    let asked = observed.external.asked.as_ref().filter(|_| !plan.has("egress"));
    match asked {
        Some(Err(trouble)) => {
            plan.problems.push(Problem {
                node: Some(cluster.master().name.clone()),
                text: trouble.text.clone(),
                hint: trouble.hint.clone(),
            });
            return;
        }
        Some(Ok(standing)) => make_project(cluster, external, standing, plan),
        None => {}
    }
    // It is used through Docker.
    let unready: Vec<(&View<'_>, Text)> = views
        .iter()
        .filter(|view| view.node.engine == Engine::Docker)
        .filter_map(|view| Some((view, lack(external, observed, view)?)))
        .collect();
    if unready.is_empty() {
        return;
    }
    let asker = asked.is_none().then(|| look(cluster, external, plan));
    for (view, why) in unready {
        let mut after = ["boot", "install", "engine", "resolver", "hosts", "trust"]
            .map(|what| id(what, view.node))
            .to_vec();
        after.extend(asker.clone());
        after.push("egress".into());
        let prefix = external.prefix();
        let words = (
            text!("{prefix}을(를) 신뢰하고 로그인", "trust {prefix} and log in"),
            why,
        );
        plan.add(
            id("external", view.node),
            Some(view.node),
            Step::Ready.into(),
            &after.iter().map(String::as_str).collect::<Vec<_>>(),
            words,
        );
    }
}

/// Asks it once before nodes log in, so that what is wrong is said once; the id of that.
fn look(cluster: &Cluster, external: &External, plan: &mut Plan) -> String {
    let master = cluster.master();
    let own = id("external-look", master);
    let after = ["boot", "hosts", "resolver"].map(|what| id(what, master));
    let after: Vec<&str> = after.iter().map(String::as_str).chain(["egress"]).collect();
    let prefix = external.prefix();
    let words = (
        text!("{prefix}에 물어봄", "ask {prefix}"),
        text!("아직 물어볼 노드가 없었음", "there was no node to ask from yet"),
    );
    plan.add(own.clone(), Some(master), Step::Look.into(), &after, words);
    own
}

fn make_project(cluster: &Cluster, external: &External, standing: &Standing, plan: &mut Plan) {
    if standing.project != Some(false) {
        return;
    }
    let (server, name) = (external.server(), project(external.namespace.as_deref()));
    let words = (
        text!("{server}에 `{name}` 만들기", "make `{name}` at {server}"),
        text!("없음", "it is missing"),
    );
    let master = cluster.master();
    plan.add(
        id("external-project", master),
        Some(master),
        Step::Project(standing.product).into(),
        &[],
        words,
    );
}

/// What a node lacks, if anything.
fn lack(external: &External, observed: &Observed, view: &View<'_>) -> Option<Text> {
    let dealings = match view.seen.and_then(|seen| seen.known.as_ref()) {
        Some(known) => &known.external,
        None => &Dealings::default(),
    };
    let authority = observed.external.authority.as_ref();
    let believed = dealings
        .trust
        .iter()
        .all(|fact| fact.sha256.as_ref() == authority);
    if authority.is_some() && (dealings.trust.is_empty() || !believed) {
        return Some(text!("인증 기관을 모름", "its authority is not trusted"));
    }
    if !believed {
        return Some(text!("`ca_file`이 없어짐", "there is no `ca_file` any more"));
    }
    let known = dealings.ready_for == [external.server()];
    (!dealings.logged_in || !known).then(|| text!("로그인하지 않음", "not logged in"))
}

/// Logs out of what is not named any more; what is named does so itself.
fn forget(wanted: Option<&External>, view: &View<'_>, plan: &mut Plan) {
    let known = view.seen.and_then(|seen| seen.known.as_ref());
    let former = known.map_or(&[][..], |known| &known.external.ready_for);
    if wanted.is_some() || former.is_empty() {
        return;
    }
    let names = former.join(", ");
    let words = (
        text!("{names}에서 로그아웃", "log out of {names}"),
        text!("cluster.yaml에 없음", "cluster.yaml does not name it"),
    );
    let after = [id("boot", view.node), id("trust", view.node)];
    plan.add(
        id("external-forget", view.node),
        Some(view.node),
        Step::Forget.into(),
        &after.each_ref().map(String::as_str),
        words,
    );
}
