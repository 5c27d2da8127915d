//! The node's engine: installed, configured, running, using the mirror; and no other in its place.

use agent::wire::Engine;

use super::member::cri_socket;
use super::node::{DAEMON, put};
use super::{Action, Content, Mark, Plan, Source, UnitStep, View, id, mirror, sha256};
use crate::bundle::engines::programs;
use crate::config::{Cluster, Node};
use crate::error::Result;
use crate::render::engine as configuration;
use crate::{engine, render, text};

/// containerd's configuration. The lab owns this file where containerd is the engine, or Kubernetes' runtime.
pub const CONTAINERD: &str = "/etc/containerd/config.toml";
/// Where containerd finds docker.io.
pub const DOCKER_IO: &str = "/etc/containerd/certs.d/docker.io/hosts.toml";
/// nerdctl's configuration.
pub const NERDCTL: &str = "/etc/nerdctl/nerdctl.toml";
/// crictl's.
pub const CRICTL: &str = "/etc/crictl.yaml";
/// CRI-O's, beside what it comes with.
pub const CRIO: &str = "/etc/crio/crio.conf.d/10-lab.conf";
/// Where CRI-O and Podman find docker.io.
pub const REGISTRIES: &str = "/etc/containers/registries.conf.d/lab.conf";
/// What CRI-O runs containers by: the agent, under this name.
pub const RUNTIME: &str = "/usr/local/bin/lab-oci-runtime";

/// A file of an engine.
pub(super) struct Piece {
    what: &'static str,
    pub(super) path: &'static str,
    pub(super) content: String,
    /// Whether its daemon reads it only when it starts.
    restarts: bool,
}

/// Whether containerd is set up on the node: as its engine, or as Kubernetes' runtime beside one that is none.
pub(super) fn has_containerd(cluster: &Cluster, node: &Node) -> bool {
    node.engine == Engine::Containerd || cluster.kubernetes.is_some() && node.engine != Engine::CriO
}

/// The files of a node's engine.
pub(super) fn pieces(cluster: &Cluster, node: &Node) -> Result<Vec<Piece>> {
    let mirror = mirror::name(cluster);
    let mut pieces = vec![];
    let mut piece = |what, path, content, restarts| {
        pieces.push(Piece {
            what,
            path,
            content,
            restarts,
        });
    };
    let crictl = || configuration::crictl(cri_socket(node.engine));
    match node.engine {
        Engine::Docker => piece("daemon", DAEMON, render::docker_daemon(mirror.clone())?, true),
        Engine::Containerd => {
            piece("nerdctl", NERDCTL, configuration::nerdctl()?, false);
            piece("crictl", CRICTL, crictl()?, false);
        }
        Engine::CriO => {
            piece("crio-config", CRIO, configuration::crio(cluster, RUNTIME)?, true);
            let registries = configuration::registries(mirror.clone())?;
            piece("registries", REGISTRIES, registries, true);
            piece("crictl", CRICTL, crictl()?, false);
        }
        Engine::Podman => {
            let registries = configuration::registries(mirror.clone())?;
            piece("registries", REGISTRIES, registries, false);
        }
    }
    if has_containerd(cluster, node) {
        let containerd = configuration::containerd(cluster)?;
        piece("containerd-config", CONTAINERD, containerd, true);
        piece("docker-io", DOCKER_IO, configuration::docker_io(mirror)?, false);
    }
    Ok(pieces)
}

/// Files a node with this engine is asked for.
pub(super) fn files(cluster: &Cluster, node: &Node) -> Result<Vec<String>> {
    let pieces = pieces(cluster, node)?;
    let paths = pieces.iter().map(|piece| piece.path.to_owned());
    Ok(paths.chain(programs(engine::word(node.engine))?).collect())
}

/// Units a node with this engine is asked for: those that run it, and those that ought not to.
pub(super) fn units(cluster: &Cluster, node: &Node) -> Vec<String> {
    let own = engine::unit(node.engine).into_iter();
    let containerd = has_containerd(cluster, node).then_some(UNIT);
    let retired = others(node).flat_map(|row| row.retired.iter().copied());
    let mut units: Vec<String> = own.chain(containerd).chain(retired).map(Into::into).collect();
    units.sort();
    units.dedup();
    units
}

const UNIT: &str = "containerd.service";

fn others(node: &Node) -> impl Iterator<Item = &'static engine::Row> {
    let engine = node.engine;
    engine::all().iter().filter(move |row| row.engine != engine)
}

/// The engine's package, where it was taken away by hand; its programs, where the node has none.
pub(super) fn install(view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let node = view.node;
    let Some(known) = view.seen.and_then(|seen| seen.known.as_ref()) else {
        return Ok(());
    };
    let name = engine::name(node.engine);
    let programs = programs(engine::word(node.engine))?;
    if programs.iter().any(|path| view.file(path).is_none()) {
        let words = (
            text!(
                "번들에서 {name}의 프로그램 설치",
                "install the programs of {name} from the bundle"
            ),
            text!("설치되어 있지 않음", "they are not installed"),
        );
        let action = Action::InstallPrograms {
            engine: engine::word(node.engine).into(),
        };
        plan.add(id("programs", node), Some(node), action, &[], words);
    }
    let there = known.facts.engines.iter().any(|fact| fact.engine == node.engine);
    let (false, Some(package)) = (there, engine::package(node.engine)) else {
        return Ok(());
    };
    let words = (
        text!("노드 이미지의 {name} 설치", "install {name} from the node image"),
        text!("설치되어 있지 않음", "it is not installed"),
    );
    let action = Action::InstallPackages {
        packages: vec![package.into()],
        from: Source::Bundle,
    };
    plan.add(id("install", node), Some(node), action, &[], words);
    Ok(())
}

/// Units of other engines: stopped, and not started at boot. What they made stays.
fn retire(view: &View<'_>, plan: &mut Plan) {
    let node = view.node;
    let known = view.facts().is_some();
    for row in others(node).filter(|row| !row.retired.is_empty()) {
        let runs = |unit: &&str| {
            let fact = view.unit(unit);
            fact.active == "active" || fact.enabled == "enabled"
        };
        // A new node starts Docker, as its image does.
        let fresh = !known && row.engine == Engine::Docker;
        if !fresh && !row.retired.iter().any(runs) {
            continue;
        }
        let (name, instead) = (row.name, engine::name(node.engine));
        let words = (
            text!("{name} 중지", "stop {name}"),
            text!("이 노드의 엔진은 {instead}", "the node's engine is {instead}"),
        );
        let action = Action::Retire {
            units: row.retired.iter().map(|unit| (*unit).to_owned()).collect(),
        };
        let what = format!("retire-{}", row.word);
        plan.add(id(&what, node), Some(node), action, &[&id("boot", node)], words);
    }
}

pub(super) fn plan(cluster: &Cluster, view: &View<'_>, plan: &mut Plan) -> Result<()> {
    let node = view.node;
    if cluster.provider.makes_nodes() {
        retire(view, plan);
    }
    let pieces = pieces(cluster, node)?;
    for piece in &pieces {
        if !view.holds(piece.path, &sha256(&piece.content), 0o644) {
            let content = Content::Text(piece.content.clone());
            put(
                plan,
                view,
                (piece.what, piece.path),
                content,
                &[&id("install", node)],
            );
        }
    }
    if has_containerd(cluster, node) {
        let what = if node.engine == Engine::Containerd {
            "engine"
        } else {
            "containerd"
        };
        run(
            plan,
            view,
            (what, UNIT),
            &read_by(&pieces, true),
            UnitStep::Restart,
        );
    }
    match engine::unit(node.engine) {
        None | Some(UNIT) => {}
        // Docker reads its configuration anew without stopping a container.
        Some(unit) if node.engine == Engine::Docker => run(
            plan,
            view,
            ("engine", unit),
            &read_by(&pieces, false),
            UnitStep::Reload,
        ),
        Some(unit) => run(
            plan,
            view,
            ("engine", unit),
            &read_by(&pieces, false),
            UnitStep::Restart,
        ),
    }
    Ok(())
}

/// What containerd, or the engine where it is another, reads when it starts.
fn read_by(pieces: &[Piece], containerd: bool) -> Vec<&Piece> {
    let all = pieces.iter().filter(|piece| piece.restarts);
    all.filter(|piece| (piece.path == CONTAINERD) == containerd)
        .collect()
}

/// What a settled node remembers of its units.
#[cfg(test)]
pub(super) fn marks(cluster: &Cluster, node: &Node) -> Result<Vec<Mark>> {
    let pieces = pieces(cluster, node)?;
    let of = |unit: &str, containerd| {
        let read = read_by(&pieces, containerd);
        Mark::of(unit, &joined(&read), false)
    };
    let own = engine::unit(node.engine).filter(|unit| *unit != UNIT);
    let containerd = has_containerd(cluster, node).then(|| of(UNIT, true));
    Ok(own
        .map(|unit| of(unit, false))
        .into_iter()
        .chain(containerd)
        .collect())
}

fn joined(read: &[&Piece]) -> String {
    read.iter().map(|piece| piece.content.as_str()).collect()
}

/// Runs a unit with the configuration it reads when it starts.
fn run(plan: &mut Plan, view: &View<'_>, (what, unit): (&str, &str), read: &[&Piece], changes: UnitStep) {
    let node = view.node;
    let written: Vec<String> = read.iter().map(|piece| id(piece.what, node)).collect();
    let anew = [id("install", node), id("programs", node)];
    let mark = Mark::of(unit, &joined(read), false);
    let applied = view.marked(&mark) && !written.iter().any(|id| plan.has(id));
    let fact = view.unit(unit);
    let (step, why) = match (fact.active == "active", applied, fact.enabled == "enabled") {
        // Its package starts it before it is configured.
        _ if anew.iter().any(|id| plan.has(id)) => {
            (UnitStep::Restart, text!("새로 설치됨", "it is installed anew"))
        }
        (true, true, true) => return,
        (_, false, _) => (changes, text!("설정이 바뀜", "its configuration changes")),
        (true, true, false) => (
            UnitStep::Start,
            text!("부팅할 때 켜지지 않음", "it is not started at boot"),
        ),
        (false, ..) => (UnitStep::Start, text!("실행 중이 아님", "it does not run")),
    };
    let action = Action::Unit {
        unit: unit.into(),
        enable: true,
        step,
        mark,
    };
    let mut after: Vec<String> = ["boot", "install", "programs"].map(|what| id(what, node)).into();
    after.extend(written);
    after.push(id("trust", node));
    if what == "engine" {
        // Docker works by containerd; ports that one engine published, another can publish once it is gone.
        let before = ["containerd", "retire-docker", "retire-cri-o", "retire-registry"];
        after.extend(before.map(|what| id(what, node)));
    }
    let words = (text!("{unit} 적용", "bring {unit} up to date"), why);
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    plan.add(id(what, node), Some(node), action, &after, words);
}
