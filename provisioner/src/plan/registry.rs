//! The private registry: the notes' own container, or a service where the host has no Docker, and the proof that every node
//! can use it.

pub mod service;

use agent::wire::Engine;
use serde::Serialize;

use super::{Action, Plan, View, id, node, obstacle, sha256};
use crate::config::{Cluster, Node};
use crate::error::Result;
use crate::facts::Observed;
use crate::{engine, text};

/// Name of its container.
pub const CONTAINER: &str = "registry";
/// Its certificate on the node.
pub const CERTIFICATE: &str = "/etc/docker/certs/tls.crt";
/// Its key on the node.
pub const KEY: &str = "/etc/docker/certs/tls.key";
/// Where a node keeps what was proved on it last.
pub const PROOF: &str = "/var/lib/lab/proof";
/// Label with the digest of all that the container was made from.
pub const LABEL: &str = "lab.digest";

/// How the container is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// Image, e.g. `registry:2`.
    pub image: String,
    /// Port on the node.
    pub port: u16,
}

impl Definition {
    /// The registry of a cluster.
    pub fn of(cluster: &Cluster) -> Self {
        Self {
            image: cluster.registry.image.clone(),
            port: cluster.registry.port,
        }
    }

    /// `docker run …` for a leaf with this digest.
    pub fn arguments(&self, leaf_sha256: &str) -> Vec<String> {
        let mut argv = self.command(&format!("{LABEL}={}", self.digest(leaf_sha256)));
        argv.push(self.image.clone());
        argv
    }

    /// What the label says of a container made from this and a leaf.
    pub fn digest(&self, leaf_sha256: &str) -> String {
        sha256(format!(
            "{}\n{}\n{leaf_sha256}",
            self.command("").join("\n"),
            self.image
        ))
    }

    fn command(&self, label: &str) -> Vec<String> {
        let port = format!("{}:443", self.port);
        let fixed = [
            "docker",
            "run",
            "-d",
            "--restart=always",
            "--name",
            CONTAINER,
            "--label",
            label,
            "-v",
            "/etc/docker/certs:/docker-in-certs:ro",
            "-v",
            "/registry-image:/var/lib/registry",
            "-e",
            "REGISTRY_HTTP_ADDR=0.0.0.0:443",
            "-e",
            "REGISTRY_HTTP_TLS_CERTIFICATE=/docker-in-certs/tls.crt",
            "-e",
            "REGISTRY_HTTP_TLS_KEY=/docker-in-certs/tls.key",
            "-p",
            &port,
        ];
        fixed.map(str::to_owned).to_vec()
    }
}

/// What is proved: that this repository at the registry can be pushed to and pulled from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// `host:port/lab/proof`.
    pub repository: String,
}

/// The notes' container where the host's engine is Docker; else the same registry as a service.
pub(super) fn plan(cluster: &Cluster, view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let changed = node::pair(plan, view, "registry", CERTIFICATE, KEY);
    if view.node.engine == Engine::Docker {
        service::retire(view, plan);
        container(cluster, view, plan, changed);
        return Ok(());
    }
    service::plan(cluster, view, plan, changed)
}

fn container(cluster: &Cluster, view: &View<'_>, plan: &mut Plan, changed: Vec<String>) {
    let node = view.node;
    let definition = Definition::of(cluster);
    let answer = view.facts().map(|facts| facts.containers.get(CONTAINER));
    if let Some(None) = answer {
        plan.problems.push(obstacle::silent_docker(node));
        return;
    }
    let fact = answer.flatten().and_then(Option::as_ref);
    let wanted = view
        .pki
        .leaf
        .as_ref()
        .map(|leaf| definition.digest(&leaf.certificate_sha256));
    let same = fact.is_some_and(|fact| fact.labels.get(LABEL) == wanted.as_ref() && fact.restart == "always");
    let running = fact.is_some_and(|fact| fact.state == "running");
    if same && running && changed.is_empty() {
        return;
    }
    let why = match fact {
        None => text!("없음", "it is missing"),
        Some(_) if !changed.is_empty() => text!("인증서가 바뀜", "its certificate changes"),
        Some(_) if same => text!("실행 중이 아님", "it does not run"),
        Some(_) => text!("다르게 만들어짐", "it was made differently"),
    };
    let mut after = changed;
    after.extend(
        ["boot", "install", "trust", "engine", "mirror", "retire-registry"].map(|what| id(what, node)),
    );
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    let words = (text!("레지스트리 실행", "run the registry"), why);
    plan.add(
        id("registry", node),
        Some(node),
        Action::RegistryContainer(definition),
        &after,
        words,
    );
}

/// A push from the master, and a pull by digest from every node whose proof is of something else or not there.
pub(super) fn prove(cluster: &Cluster, observed: &Observed, plan: &mut Plan) {
    let master = cluster.registry_host();
    let name = cluster.registry_names().into_iter().next().unwrap_or_default();
    let proof = Proof {
        repository: format!("{name}/lab/proof"),
    };
    let registry = id("registry", master);
    let (push, all) = (
        id("prove-push", master),
        plan.has(&registry) || plan.has("authority"),
    );
    let unproved: Vec<_> = cluster
        .nodes
        .iter()
        .filter(|node| {
            let view = View::new(node, observed);
            let wanted = sha256(mark(cluster, node, &observed.pki.trusted));
            let proved = view.holds(PROOF, &wanted, 0o644) && !plan.has(&id("trust", node));
            !view.silent() && plan.is_sound(node) && (all || !proved)
        })
        .collect();
    if unproved.is_empty() {
        return;
    }
    let why = text!("바뀐 뒤로 확인되지 않음", "not proved since it changed");
    let mut after = ready(master).to_vec();
    after.push(registry);
    let words = (
        text!("레지스트리에 push 확인", "prove a push to the registry"),
        why.clone(),
    );
    let action = Action::ProvePush(proof.clone());
    plan.add(
        push.clone(),
        Some(master),
        action,
        &after.iter().map(String::as_str).collect::<Vec<_>>(),
        words,
    );
    for node in unproved {
        let mut after = ready(node).to_vec();
        after.push(push.clone());
        let words = (
            text!("다이제스트로 pull 확인", "prove a pull by digest"),
            why.clone(),
        );
        let action = Action::ProvePull(proof.clone());
        plan.add(
            id("prove-pull", node),
            Some(node),
            action,
            &after.iter().map(String::as_str).collect::<Vec<_>>(),
            words,
        );
    }
}

/// What comes before anything is asked of a node's engine.
fn ready(node: &Node) -> [String; 9] {
    [
        "boot",
        "install",
        "programs",
        "trust",
        "engine",
        "registries",
        "nerdctl",
        "crictl",
        "docker-io",
    ]
    .map(|what| id(what, node))
}

/// What a node remembers of a proof: who was trusted, which registry it was, and which engine believed it.
pub fn mark(cluster: &Cluster, node: &Node, trusted: &str) -> String {
    let definition = Definition::of(cluster);
    format!(
        "{trusted}\n{} {}\n{}\n",
        cluster.registry_names().join(" "),
        definition.image,
        engine::word(node.engine)
    )
}
