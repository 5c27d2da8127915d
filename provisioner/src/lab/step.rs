//! Instances of a step: one per combination of its matrix; and which nodes it runs on. Pure.

use super::variables::Variables;
use super::{Action, Check, Exercise, Hosts, Lab, Outside, Step, When};
use crate::config::{Cluster, Node, Product, ProviderKind};
use crate::node::NodeName;
use crate::registry_product::row;
use crate::text::Text;
use crate::{engine, text};

/// One instance of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `start`, or `start[policy=no]`.
    pub name: String,
    /// The matrix' values.
    pub values: Variables,
}

/// Every instance of a step, in the order of the matrix.
pub fn instances(step: &Step) -> Vec<Instance> {
    let mut all = vec![Variables::new()];
    for (name, values) in &step.matrix {
        let with = |before: &Variables| {
            let before = before.clone();
            values.iter().map(move |value| {
                let mut values = before.clone();
                values.insert(name.clone(), value.clone());
                values
            })
        };
        all = all
            .iter()
            .flat_map(|before| with(before).collect::<Vec<_>>())
            .collect();
    }
    let named = |values: Variables| {
        let list: Vec<String> = values
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let name = if list.is_empty() {
            step.id.clone()
        } else {
            format!("{}[{}]", step.id, list.join(","))
        };
        Instance { name, values }
    };
    all.into_iter().map(named).collect()
}

/// How a check is called in a tally, in proofs and in the ledger: `exercise/step/check`.
pub fn check_name(exercise: &Exercise, instance: &Instance, check: &Check) -> String {
    format!("{}/{}/{}", exercise.id, instance.name, check.id)
}

/// The nodes that `hosts` means. Empty where the cluster has none.
pub fn nodes<'cluster>(hosts: &Hosts, cluster: &'cluster Cluster) -> Vec<&'cluster Node> {
    match hosts {
        Hosts::Master => vec![cluster.master()],
        Hosts::Worker => cluster.workers().take(1).collect(),
        Hosts::Workers => cluster.workers().collect(),
        Hosts::All => cluster.nodes.iter().collect(),
        Hosts::Named(names) => names.iter().filter_map(|name| cluster.node(name)).collect(),
    }
}

/// What is known of the classroom when a step's conditions are judged.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// Where nodes come from.
    pub provider: ProviderKind,
    /// Whether the internet is reachable.
    pub online: bool,
    /// The external registry, where there is one and a step wants to know.
    pub external: Option<Known>,
    /// Nodes that run on the kernel `lab` itself runs on, where the provider has nodes reboot themselves: it would end with them.
    pub on_our_kernel: Vec<NodeName>,
}

/// What is known of the external registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it is.
    pub product: Product,
    /// Whether the user can use the product's own interface.
    pub interface: bool,
}

/// Whether a step with these conditions is in the words of the node's engine.
pub fn speaks(when: &When, node: &Node) -> bool {
    when.engine.is_empty() || when.engine.contains(&node.engine)
}

/// Whether a step with these conditions can have left anything on the node, now or before.
pub fn leaves(when: &When, cluster: &Cluster, node: &Node) -> bool {
    // A kubectl that is there without the lab's Kubernetes is somebody's, and so is the cluster it reaches.
    speaks(when, node) && (when.kubernetes != Some(true) || cluster.kubernetes.is_some())
}

/// Steps (`exercise/step`), and checks on nodes of their own, that may be skipped: as the lab says, or because the cluster is what
/// was asked for.
pub fn skippable(lab: &Lab, cluster: &Cluster) -> Vec<String> {
    let mut names = lab.allowed_skips.clone();
    for exercise in &lab.exercises {
        let unasked = exercise
            .steps
            .iter()
            .filter(|step| unasked(exercise, step, cluster));
        names.extend(unasked.map(|step| format!("{}/{}", exercise.id, step.id)));
        for step in &exercise.steps {
            let nowhere = |check: &&Check| {
                check
                    .hosts
                    .as_ref()
                    .is_some_and(|hosts| nodes(hosts, cluster).is_empty())
            };
            for check in step.checks.iter().filter(nowhere) {
                names.extend(instances(step).iter().map(|one| check_name(exercise, one, check)));
            }
        }
    }
    names
}

/// Whether cluster.yaml itself has no place for a step: no such node, another engine, too few workers, no Kubernetes; or for one
/// it needs. Nothing is wrong with skipping it then.
fn unasked(exercise: &Exercise, step: &Step, cluster: &Cluster) -> bool {
    let hosts = nodes(&step.hosts, cluster);
    let lacks = hosts.is_empty()
        || hosts
            .iter()
            .any(|node| absent(&step.when, cluster, node).is_some());
    lacks
        || exercise
            .steps
            .iter()
            .filter(|one| step.needs.contains(&one.id))
            .any(|one| unasked(exercise, one, cluster))
}

/// Why a step runs on no node now: its own reason, or that of a step it needs. `None`: some node runs it.
pub fn nowhere(exercise: &Exercise, step: &Step, cluster: &Cluster, now: &Circumstances) -> Option<Text> {
    let hosts = nodes(&step.hosts, cluster);
    let reasons = hosts.iter().map(|node| skip(step, cluster, Some(node), now));
    let reasons: Option<Vec<Text>> = reasons.collect();
    let own = reasons.and_then(|all| all.into_iter().next().or_else(|| skip(step, cluster, None, now)));
    own.or_else(|| {
        let mut needed = exercise.steps.iter().filter(|one| step.needs.contains(&one.id));
        needed.find_map(|one| nowhere(exercise, one, cluster, now))
    })
}

/// Why a step is skipped on `node`; `None`: it runs.
pub fn skip(step: &Step, cluster: &Cluster, node: Option<&Node>, now: &Circumstances) -> Option<Text> {
    let when = &step.when;
    let Some(node) = node else {
        return Some(text!(
            "이 클러스터에는 그런 노드가 없음",
            "this cluster has no such node"
        ));
    };
    if let Some(reason) = absent(when, cluster, node) {
        return Some(reason);
    }
    if when.provider.is_some_and(|provider| provider != now.provider) {
        return Some(text!("이 프로바이더에서는 하지 않음", "not with this provider"));
    }
    if step.action == Action::RestartNode && now.on_our_kernel.contains(&node.name) {
        return Some(text!(
            "`lab` 자신이 이 노드의 커널에서 돌아 다시 부팅하지 않음",
            "`lab` itself runs on this node's kernel, so it is not rebooted"
        ));
    }
    if let Some(reason) = when.registry.and_then(|wanted| lacking(wanted, now.external)) {
        return Some(reason);
    }
    match when.online {
        Some(true) if !now.online => Some(text!(
            "인터넷에 연결되지 않음 (Docker Hub가 필요함)",
            "no internet (it needs Docker Hub)"
        )),
        Some(false) if now.online => Some(text!("인터넷에 연결됨", "there is internet")),
        _ => None,
    }
}

/// What cluster.yaml does not have of what a step needs on `node`.
fn absent(when: &When, cluster: &Cluster, node: &Node) -> Option<Text> {
    let workers = cluster.workers().count();
    if !speaks(when, node) {
        let has = engine::name(node.engine);
        let wanted: Vec<&str> = when.engine.iter().map(|engine| engine::name(*engine)).collect();
        let wanted = wanted.join(", ");
        return Some(text!(
            "{wanted}의 단계인데 이 노드의 엔진은 {has}",
            "it is for {wanted}, and the node's engine is {has}"
        ));
    }
    if let Some(least) = when.workers.filter(|least| workers < *least) {
        return Some(text!(
            "워커 노드가 {least}개 필요함, {workers}개 있음",
            "needs {least} worker(s), there are {workers}"
        ));
    }
    match (when.kubernetes, &cluster.kubernetes) {
        (Some(true), None) => Some(text!(
            "쿠버네티스가 없음 (cluster.yaml의 `kubernetes:`)",
            "no Kubernetes (`kubernetes:` in cluster.yaml)"
        )),
        (Some(false), Some(_)) => Some(text!("쿠버네티스가 있음", "there is Kubernetes")),
        _ => None,
    }
}

fn lacking(wanted: Outside, external: Option<Known>) -> Option<Text> {
    match (wanted, external) {
        (_, None) => Some(text!(
            "외부 레지스트리가 없음 (cluster.yaml의 `registry.external`)",
            "no external registry (`registry.external` in cluster.yaml)"
        )),
        (Outside::Charts, Some(known)) if !row(known.product).charts => {
            let name = row(known.product).name;
            Some(text!(
                "{name}에는 차트를 올리지 않음",
                "charts are not pushed to {name}"
            ))
        }
        _ => None,
    }
}
