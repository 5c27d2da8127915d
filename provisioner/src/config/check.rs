//! What the raw cluster means: reads every value and compares them with each other. Collects every problem; absent keys
//! were reported by [`super::shape`] and are passed over.

use std::net::Ipv4Addr;

use agent::wire::Engine;
use serde_yaml::{Location, Spanned};

use super::raw::{self, Word};
use super::scalar::{self, Wrong};
use super::{Cluster, Egress, Network, Node, Problem, ProviderKind, Registry, Ssh, suggest};
use crate::node::{NodeName, Role};
use crate::text;

/// What nodes boot unless cluster.yaml says otherwise.
pub const IMAGE: &str = "debian-13";
/// Ports of a node that are taken, and by whom.
const TAKEN: [(u16, &str); 2] = [(22, "ssh"), (5000, "the mirror")];

/// The cluster, if nothing is missing; and every problem.
/// `engine`: in place of the cluster's, if given.
pub fn check(file: &str, raw: &raw::Cluster, engine: Option<Engine>) -> (Option<Cluster>, Vec<Problem>) {
    let mut checker = Checker {
        file,
        engine,
        problems: vec![],
    };
    let cluster = checker.cluster(raw);
    (cluster, checker.problems)
}

pub(super) struct Checker<'file> {
    file: &'file str,
    /// In place of the cluster's, if given.
    engine: Option<Engine>,
    problems: Vec<Problem>,
}

/// A node whose values may be missing or wrong.
pub(super) struct Draft<'raw> {
    pub(super) raw: &'raw raw::Node,
    pub(super) name: Option<NodeName>,
    pub(super) role: Option<Role>,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) cpus: Option<u32>,
    pub(super) memory: Option<u64>,
    pub(super) image: String,
    pub(super) engine: Engine,
    pub(super) ssh: Ssh,
}

impl Checker<'_> {
    fn cluster(&mut self, raw: &raw::Cluster) -> Option<Cluster> {
        let name = self.read(&raw.cluster, node_name).map(|name| name.to_string());
        let (network, egress) = self.network(raw.network.as_ref());
        let provider = self.read(&raw.provider, |word| {
            scalar::choice::<ProviderKind>(word, &["auto", "local", "vagrant", "inventory"])
        });
        let image = self
            .read(&raw.image, scalar::node_image)
            .unwrap_or_else(|| IMAGE.to_owned());
        let named = self.read(&raw.engine, engine).unwrap_or(Engine::Docker);
        let engine = self.engine.unwrap_or(named);
        let ssh = self.common_ssh(raw.ssh.as_ref());
        let nodes = raw.nodes.iter().flat_map(|nodes| &nodes.value);
        let drafts: Vec<Draft<'_>> = nodes
            .map(|node| self.draft(&node.value, (&image, engine, &ssh)))
            .collect();
        if let Some(nodes) = &raw.nodes {
            self.count(nodes, &drafts);
        }
        self.duplicates(&drafts);
        if provider == Some(ProviderKind::Inventory) {
            self.same_machine(&drafts);
        }
        if let Some(network) = network {
            self.addresses(&drafts, network);
        }
        let registry = raw
            .registry
            .as_ref()
            .and_then(|registry| self.registry(&registry.value, &drafts));
        let kubernetes = raw
            .kubernetes
            .as_ref()
            .and_then(|kubernetes| self.kubernetes(&kubernetes.value, network, drafts.len()));
        Some(Cluster {
            name: name?,
            network: network?,
            provider: provider.unwrap_or_default(),
            nodes: drafts.into_iter().map(Draft::finish).collect::<Option<_>>()?,
            registry: registry?,
            egress,
            kubernetes,
        })
    }

    fn network(&mut self, raw: Option<&Spanned<raw::Network>>) -> (Option<Network>, Egress) {
        let Some(raw) = raw else {
            return (None, Egress::default());
        };
        match &raw.value {
            raw::Network::Address(address) => {
                (self.accept(raw.referenced, address.parse()), Egress::default())
            }
            raw::Network::More(more) => {
                let network = self.read(&more.address, str::parse);
                let egress = self.read(&more.egress, |word| scalar::choice(word, &["auto", "on", "off"]));
                (network, egress.unwrap_or_default())
            }
        }
    }

    fn draft<'raw>(
        &mut self,
        raw: &'raw raw::Node,
        (default_image, default_engine, common): (&str, Engine, &Ssh),
    ) -> Draft<'raw> {
        Draft {
            raw,
            name: self.read(&raw.name, node_name),
            role: self.read(&raw.role, |word| scalar::choice(word, &["master", "worker"])),
            address: self.read(&raw.address, address),
            cpus: self.read(&raw.cpus, |word| scalar::number(word, 1, 256)),
            memory: self.read(&raw.memory, scalar::memory),
            image: self
                .read(&raw.image, scalar::node_image)
                .unwrap_or_else(|| default_image.to_owned()),
            engine: self.read(&raw.engine, engine).unwrap_or(default_engine),
            ssh: self.ssh(raw.ssh.as_ref(), common),
        }
    }

    fn registry(&mut self, raw: &raw::Registry, drafts: &[Draft<'_>]) -> Option<Registry> {
        let host = self.read(&raw.host, node_name);
        if let Some(host) = &host
            && !drafts.iter().any(|draft| draft.name.as_ref() == Some(host))
        {
            let names: Vec<&str> = drafts
                .iter()
                .filter_map(|draft| draft.name.as_ref())
                .map(NodeName::as_str)
                .collect();
            let message = text!("`{host}`라는 노드가 없음", "there is no node `{host}`");
            self.report_at(
                &raw.host,
                (message, Some(suggest::hint(host.as_str(), names.iter().copied()))),
            );
        }
        let port = self.read(&raw.port, |word| {
            let port = scalar::number(word, 1, 65535)?;
            let port = u16::try_from(port).unwrap_or(u16::MAX);
            match TAKEN.iter().find(|(taken, _)| *taken == port) {
                Some((_, owner)) => {
                    let message = text!(
                        "포트 {port}은(는) 이미 쓰임: {owner}",
                        "port {port} is taken by {owner}"
                    );
                    Err((message, Some(text!("노트는 8443을 씁니다", "the notes use 8443"))))
                }
                None => Ok(port),
            }
        });
        let image = self.read(&raw.image, scalar::image_reference);
        let address = host.as_ref().and_then(|host| {
            let node = drafts.iter().find(|draft| draft.name.as_ref() == Some(host))?;
            Some((host.to_string(), node.address?.to_string()))
        });
        let external = raw
            .external
            .as_ref()
            .and_then(|external| self.external(external, address.as_ref().zip(port)));
        Some(Registry {
            host: host?,
            port: port?,
            image: image?,
            external,
        })
    }

    /// A value, if it is there and right; what is wrong with it is reported.
    pub(super) fn read<T>(
        &mut self,
        word: &Option<Word>,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let word = word.as_ref()?;
        self.accept(word.referenced, parse(&word.value))
    }

    pub(super) fn accept<T>(&mut self, location: Location, result: Result<T, Wrong>) -> Option<T> {
        result.map_err(|wrong| self.report(location, wrong)).ok()
    }

    pub(super) fn report_at(&mut self, word: &Option<Word>, wrong: Wrong) {
        if let Some(word) = word {
            self.report(word.referenced, wrong);
        }
    }

    pub(super) fn report(&mut self, location: Location, (message, hint): Wrong) {
        self.problems
            .push(Problem::at(self.file, location, message, hint));
    }
}

impl Draft<'_> {
    fn finish(self) -> Option<Node> {
        Some(Node {
            name: self.name?,
            role: self.role?,
            address: self.address?,
            cpus: self.cpus?,
            memory: self.memory?,
            image: self.image,
            engine: self.engine,
            ssh: self.ssh,
        })
    }
}

fn node_name(word: &str) -> Result<NodeName, Wrong> {
    word.parse().map_err(|_| {
        let message = text!("`{word}`은(는) 이름으로 쓸 수 없음", "`{word}` cannot be a name");
        let hint = text!(
            "소문자, 숫자, `-`만, 최대 63자: m-k8s",
            "lower-case letters, digits and dashes, at most 63: m-k8s"
        );
        (message, Some(hint))
    })
}

fn address(word: &str) -> Result<Ipv4Addr, Wrong> {
    let wrong = || {
        text!(
            "`{word}`은(는) IPv4 주소가 아님",
            "`{word}` is not an IPv4 address"
        )
    };
    word.parse().map_err(|_| {
        (
            wrong(),
            Some(text!("예: 192.168.1.10", "for example 192.168.1.10")),
        )
    })
}

fn engine(word: &str) -> Result<Engine, Wrong> {
    scalar::choice(word, &["docker", "containerd", "cri-o", "podman"])
}
