//! What a verb on the cluster works with: the seat it changes or looks at, nodes named on the command line, and work on
//! many nodes at once.

use std::time::Duration;

use crate::cli::App;
use crate::cli::machines::{self, Settled};
use crate::config::{Cluster, Node};
use crate::error::{Error, Result};
use crate::node::{NodeName, Role};
use crate::paths::Paths;
use crate::provider::Provider;
use crate::seat::Lock;
use crate::text::Text;
use crate::{privilege, text};

/// The cluster of one seat.
pub struct Seat {
    /// Its directories.
    pub paths: Paths,
    /// As cluster.yaml describes it.
    pub cluster: Cluster,
    /// Where its nodes come from.
    pub provider: std::sync::Arc<dyn Provider>,
    _lock: Option<Lock>,
}

impl App {
    /// The seat, to change: as root where nodes live on this host, and locked for `verb`.
    pub fn change(&self, verb: &str) -> Result<Seat> {
        self.seat(Some(verb), &text!("노드를 바꾸려고", "to change nodes"))
    }

    /// The seat, to look at.
    pub fn look(&self) -> Result<Seat> {
        self.seat(
            None,
            &text!("노드의 네트워크에 들어가려고", "to enter the nodes' network"),
        )
    }

    fn seat(&self, verb: Option<&str>, why: &Text) -> Result<Seat> {
        let paths = self.paths()?;
        let Settled { cluster, remarks } = self.settled(&paths)?;
        if cluster.provider.makes_nodes() {
            privilege::ensure_root(why, self.out, &paths)?;
        }
        remarks.into_iter().for_each(|remark| self.sink.note(remark));
        let lock = verb.map(|verb| crate::seat::lock(&paths, verb)).transpose()?;
        let provider: std::sync::Arc<dyn Provider> = self.provider(&paths, &cluster)?.into();
        if !cluster.provider.makes_nodes() {
            machines::meet(self, provider.as_ref())?;
        }
        Ok(Seat {
            paths,
            cluster,
            provider,
            _lock: lock,
        })
    }

    /// Waits for a future.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Error::new("cannot start the runtime").because(error))?;
        let result = runtime.block_on(future);
        // A look-up that hangs in the operating system must not hold the program.
        runtime.shutdown_timeout(Duration::from_millis(100));
        Ok(result)
    }
}

impl Seat {
    /// Does `work` on each node at once, shown as `words`; ends with the first error once all are done.
    pub fn each(
        &self,
        app: &App,
        nodes: &[NodeName],
        (id, words): (&str, &Text),
        work: impl Fn(&dyn Provider, &NodeName) -> Result<()> + Sync,
    ) -> Result<()> {
        let one = |node: &NodeName| {
            let shown = app.sink.work(Some(node), id, words.clone());
            shown.finish(work(self.provider.as_ref(), node))
        };
        let results: Vec<Result<()>> = std::thread::scope(|scope| {
            let threads: Vec<_> = nodes.iter().map(|node| scope.spawn(|| one(node))).collect();
            let lost = || Err(Error::new("a thread of this program died"));
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| lost()))
                .collect()
        });
        results.into_iter().collect()
    }
}

/// The nodes that `names` means (names, `all`, `master`, `workers`; none: all of them), in the order of cluster.yaml.
pub fn select(cluster: &Cluster, names: &[String]) -> Result<Vec<NodeName>> {
    let all = || cluster.nodes.iter().map(|node| node.name.clone());
    let means = |name: &str, node: &Node| match name {
        "all" => true,
        "master" => node.role == Role::Master,
        "workers" => node.role == Role::Worker,
        name => node.name.as_str() == name,
    };
    if names.is_empty() {
        return Ok(all().collect());
    }
    let known = |name: &str| name == "workers" || cluster.nodes.iter().any(|node| means(name, node));
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let known = all().map(|node| node.to_string()).collect::<Vec<_>>().join(", ");
        return Err(Error::usage(text!(
            "`{unknown}`이라는 노드가 없음",
            "there is no node `{unknown}`"
        ))
        .hint(text!("노드: {known}", "nodes: {known}")));
    }
    let meant = |node: &&Node| names.iter().any(|name| means(name, node));
    Ok(cluster
        .nodes
        .iter()
        .filter(meant)
        .map(|node| node.name.clone())
        .collect())
}

/// The one node that `name` means.
pub fn one(cluster: &Cluster, name: &str) -> Result<NodeName> {
    let mut nodes = select(cluster, &[name.to_owned()])?;
    match (nodes.pop(), nodes.is_empty()) {
        (Some(node), true) => Ok(node),
        _ => Err(Error::usage(text!(
            "`{name}`은(는) 노드 하나가 아님",
            "`{name}` is not one node"
        ))
        .hint(text!(
            "여러 노드에서는 `lab exec`를 쓰세요",
            "for several nodes use `lab exec`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::config::{Egress, Network, Registry};

    fn cluster(names: &[&str]) -> Cluster {
        let node = |(index, name): (usize, &&str)| Node {
            name: name.parse().unwrap(),
            role: if index == 0 { Role::Master } else { Role::Worker },
            address: std::net::Ipv4Addr::new(192, 168, 1, u8::try_from(10 + index).unwrap()),
            cpus: 1,
            memory: 1 << 30,
            image: "debian-13".into(),
            engine: agent::wire::Engine::Docker,
            ssh: crate::config::Ssh::default(),
        };
        Cluster {
            name: "test".into(),
            network: Network {
                base: std::net::Ipv4Addr::new(192, 168, 1, 0),
                prefix: 24,
            },
            provider: crate::config::ProviderKind::Local,
            nodes: names.iter().enumerate().map(node).collect(),
            registry: Registry {
                host: names[0].parse().unwrap(),
                port: 8443,
                image: "registry:2".into(),
                external: None,
            },
            egress: Egress::Auto,
            kubernetes: None,
        }
    }

    #[test]
    fn names_select_nodes_in_the_order_of_the_cluster() {
        let cluster = cluster(&["m-k8s", "w1-k8s", "w2-k8s"]);
        let names = |given: &[&str]| {
            let given: Vec<String> = given.iter().map(|name| (*name).to_owned()).collect();
            select(&cluster, &given).map(|nodes| {
                nodes
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        for (given, expected) in [
            (&[] as &[&str], "m-k8s w1-k8s w2-k8s"),
            (&["all"], "m-k8s w1-k8s w2-k8s"),
            (&["workers"], "w1-k8s w2-k8s"),
            (&["w1-k8s", "master"], "m-k8s w1-k8s"),
            (&["w2-k8s", "m-k8s", "w2-k8s"], "m-k8s w2-k8s"),
        ] {
            assert_eq!(names(given).unwrap(), expected);
        }
        let error = names(&["w9-k8s"]).unwrap_err();
        assert_eq!(error.exit_code(), crate::error::exit::USAGE);
        assert!(error.advice().unwrap().en.contains("w2-k8s"));
    }
}
