//! Machines that were there before the lab, as the verbs see them: which provider `auto` means, which of the nodes there are, meeting
//! a machine for the first time, and leaving one as it was.

use std::time::Duration;

use crate::apply::machine;
use crate::cli::{App, Seat};
use crate::config::{Cluster, ProviderKind};
use crate::error::{Error, Result};
use crate::event::What;
use crate::node::{NodeName, Role};
use crate::paths::Paths;
use crate::provider::{NodeState, Provider, local, vagrant};
use crate::session::{Session, open_all};
use crate::text;
use crate::text::Text;
use crate::transport::patient;

/// How many workers there are to be: the Vagrantfile reads the same variable.
const WORKERS: &str = "LAB_WORKERS";

/// A cluster with its provider known and only the nodes there are to be.
pub struct Settled {
    /// The cluster.
    pub cluster: Cluster,
    /// What differs from cluster.yaml, for people.
    pub remarks: Vec<Text>,
}

/// What cluster.yaml means here and now.
pub fn settle(paths: &Paths, mut cluster: Cluster) -> Result<Settled> {
    let mut remarks = vec![];
    if let Some(text) = std::env::var_os(WORKERS).filter(|text| !text.is_empty()) {
        fewer_workers(&mut cluster, &text.to_string_lossy())?;
    }
    if cluster.provider == ProviderKind::Auto {
        cluster.provider = meant(paths, &mut remarks);
    }
    if cluster.provider == ProviderKind::Vagrant {
        only_made(&mut cluster, &vagrant::made(&paths.project), &mut remarks);
    }
    Ok(Settled { cluster, remarks })
}

fn fewer_workers(cluster: &mut Cluster, text: &str) -> Result<()> {
    let count: usize = text.parse().map_err(|_| {
        Error::usage(text!(
            "LAB_WORKERS가 수가 아님: `{text}`",
            "LAB_WORKERS is not a number: `{text}`"
        ))
        .hint(text!("예: LAB_WORKERS=1", "for example LAB_WORKERS=1"))
    })?;
    let kept: Vec<NodeName> = cluster
        .workers()
        .take(count)
        .map(|node| node.name.clone())
        .collect();
    keep(cluster, |name| kept.contains(name));
    Ok(())
}

/// Keeps the master, the registry's host, and those workers.
fn keep(cluster: &mut Cluster, wanted: impl Fn(&NodeName) -> bool) {
    let host = cluster.registry.host.clone();
    cluster
        .nodes
        .retain(|node| node.role == Role::Master || node.name == host || wanted(&node.name));
}

/// The provider whose nodes there are: local ones, or machines of Vagrant's, whether they run or not. Asks nobody, so that what needs
/// no node works where Vagrant does not.
fn meant(paths: &Paths, remarks: &mut Vec<Text>) -> ProviderKind {
    let machines = vagrant::made(&paths.project);
    if machines.is_empty() {
        return ProviderKind::Local;
    }
    if !local::disk::lists_any(&paths.state) {
        return ProviderKind::Vagrant;
    }
    let names = machines.join(" ");
    remarks.push(text!(
        "lab이 만든 노드로 합니다. Vagrant의 기계({names})로 하려면 먼저 `lab down`",
        "with the nodes that lab made; for Vagrant's machines ({names}) `lab down` first"
    ));
    ProviderKind::Local
}

/// Of a cluster whose master is there, machines that were not made are no nodes.
fn only_made(cluster: &mut Cluster, made: &[String], remarks: &mut Vec<Text>) {
    let there = |name: &NodeName| made.iter().any(|made| made == name.as_str());
    if !there(&cluster.master().name) {
        return;
    }
    let before: Vec<NodeName> = cluster.nodes.iter().map(|node| node.name.clone()).collect();
    keep(cluster, there);
    let left: Vec<String> = before
        .iter()
        .filter(|name| cluster.node(name).is_none())
        .map(ToString::to_string)
        .collect();
    if !left.is_empty() {
        let names = left.join(" ");
        remarks.push(text!(
            "Vagrant가 만들지 않은 기계는 빼고 합니다: {names} (만들려면 `vagrant up {names}`)",
            "without the machines Vagrant has not made: {names} (`vagrant up {names}` makes them)"
        ));
    }
}

/// Reaches the machines that were never seen, writes their host keys down and says which. Why one cannot be reached the verb will
/// find out, and say.
pub fn meet(app: &App, provider: &dyn Provider) -> Result<()> {
    let mut strangers = vec![];
    for (node, state) in provider.states()? {
        if state != NodeState::Up {
            continue;
        }
        let Some((pins, place)) = provider.place(&node)? else {
            continue;
        };
        if pins.accepted(&place).is_none() {
            let endpoint = provider.endpoint(&node)?;
            if pins.accepted(&place).is_none() {
                strangers.push((pins, place, endpoint));
            }
        }
    }
    if strangers.is_empty() {
        return Ok(());
    }
    let endpoints: Vec<_> = strangers.iter().map(|(.., endpoint)| endpoint.clone()).collect();
    app.block_on(async {
        for session in open_all(&endpoints, patient(Duration::from_secs(10)))
            .await
            .iter()
            .flatten()
        {
            session.close().await;
        }
    })?;
    for (pins, place, _) in &strangers {
        if let Some(fingerprint) = pins.accepted(place) {
            let node = &place.node;
            let text = text!(
                "{node}을(를) 처음 보고 믿음: {fingerprint}",
                "trusting {node} on first sight, {fingerprint}"
            );
            app.sink.send(Some(node), What::Note { text });
        }
    }
    Ok(())
}

/// Takes back from every machine what the lab did there.
pub fn put_back(app: &App, seat: &Seat, nodes: &[NodeName]) -> Result<()> {
    let words = text!(
        "설치하고 쓴 것을 되돌림",
        "take back what was installed and written"
    );
    seat.each(app, nodes, ("put-back", &words), |provider, node| {
        let endpoint = provider.endpoint(node)?;
        app.block_on(async {
            let session = Session::open(&endpoint, patient(Duration::from_secs(20))).await?;
            let done = machine::put_back(&seat.cluster, &session).await;
            session.close().await;
            done
        })?
    })
}

/// Whether these machines may go: it takes long to make them again.
pub fn may_destroy(app: &App, nodes: &[NodeName]) -> Result<bool> {
    let names = nodes
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ");
    let question = text!(
        "Vagrant 기계를 모두 삭제합니다: {names}. 계속할까요?",
        "this destroys Vagrant's machines {names}. go on?"
    );
    let unattended = || {
        Error::usage(text!("물어볼 사람이 없음", "nobody is there to ask"))
            .hint(text!("`--yes`를 주세요", "give `--yes`"))
    };
    if app.global.yes {
        return Ok(true);
    }
    app.out.ask(&question, false).ok_or_else(unattended)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn cluster() -> Cluster {
        Cluster::parse("cluster.yaml", include_str!("../../../cluster.yaml")).unwrap()
    }

    fn names(cluster: &Cluster) -> String {
        let names = cluster.nodes.iter().map(|node| node.name.to_string());
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_small_laptop_has_fewer_workers() {
        let mut small = cluster();
        fewer_workers(&mut small, "1").unwrap();
        assert_eq!(names(&small), "m-k8s w1-k8s");
        assert!(fewer_workers(&mut small, "one").is_err());
        let mut elsewhere = cluster();
        elsewhere.registry.host = "w3-k8s".parse().unwrap();
        fewer_workers(&mut elsewhere, "1").unwrap();
        assert_eq!(names(&elsewhere), "m-k8s w1-k8s w3-k8s");
    }

    #[test]
    fn machines_that_were_not_made_are_no_nodes_and_said() {
        let (mut some, mut remarks) = (cluster(), vec![]);
        only_made(&mut some, &["m-k8s".into(), "w2-k8s".into()], &mut remarks);
        assert_eq!(names(&some), "m-k8s w2-k8s");
        assert!(remarks[0].en.contains("w1-k8s w3-k8s"));
        let (mut none, mut remarks) = (cluster(), vec![]);
        only_made(&mut none, &[], &mut remarks);
        assert_eq!(
            (none.nodes.len(), remarks.len()),
            (4, 0),
            "`lab up` makes them all"
        );
    }

    #[test]
    fn auto_means_the_nodes_there_are() {
        let project = tempfile::tempdir().unwrap();
        let paths = Paths {
            project: project.path().into(),
            state: project.path().join("state"),
            cache: project.path().join("cache"),
            reports: project.path().join("reports"),
        };
        let auto = || {
            let mut auto = cluster();
            auto.provider = ProviderKind::Auto;
            settle(&paths, auto).unwrap()
        };
        assert_eq!(auto().cluster.provider, ProviderKind::Local);
        assert!(auto().cluster.kubernetes.is_some());
        let machine = project.path().join(".vagrant/machines/m-k8s/virtualbox");
        std::fs::create_dir_all(&machine).unwrap();
        std::fs::write(machine.join("id"), "1").unwrap();
        assert_eq!(auto().cluster.provider, ProviderKind::Vagrant);
        std::fs::create_dir_all(paths.state.join("nodes")).unwrap();
        assert_eq!(auto().cluster.provider, ProviderKind::Vagrant, "none was made");
        std::fs::write(paths.state.join("nodes/m-k8s"), "").unwrap();
        assert_eq!(auto().cluster.provider, ProviderKind::Local);
        assert!(auto().remarks[0].en.contains("`lab down` first"));
        let mut machines = cluster();
        machines.provider = ProviderKind::Inventory;
        let settled = settle(&paths, machines).unwrap();
        assert!(settled.cluster.kubernetes.is_some());
        assert!(settled.remarks.is_empty());
    }
}
