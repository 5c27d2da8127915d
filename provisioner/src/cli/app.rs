//! What every verb works with: options, output, the project's paths, its cluster, its provider.

use std::path::Path;

use crate::asked::Asked;
use crate::bundle::Bundle;
use crate::cli::machines::{self, Settled};
use crate::cli::{Format, Global, yaml};
use crate::config::{Cluster, ProviderKind};
use crate::error::{Error, Result};
use crate::event::Sink;
use crate::interrupt::Interrupt;
use crate::paths::Paths;
use crate::provider::Provider;
use crate::provider::inventory::Inventory;
use crate::provider::local::Local;
use crate::provider::vagrant::Vagrant;
use crate::report::out::Out;
use crate::report::terminal::Terminal;
use crate::{privilege, text};
use agent::wire::Engine;

/// One invocation of `lab`.
#[derive(Debug)]
pub struct App {
    /// What every verb takes.
    pub global: Global,
    /// The one door for output.
    pub out: Out,
    /// Where events go.
    pub sink: Sink,
    /// Ctrl-C and SIGTERM.
    pub interrupt: Interrupt,
}

impl App {
    /// With a terminal reporter on its sink.
    pub fn new(global: Global, out: Out) -> Self {
        let sink = Sink::default();
        sink.add(Box::new(Terminal::standard(out)));
        let project = global.project.clone();
        let give_back = move || {
            if let Ok(paths) = paths(project.as_deref()) {
                privilege::give_back(&paths);
            }
        };
        Self {
            global,
            out,
            interrupt: Interrupt::new(sink.clone()).lastly(give_back),
            sink,
        }
    }

    /// Whether data is for programs.
    pub fn json(&self) -> bool {
        self.global.format == Format::Json
    }

    /// The project's directories.
    pub fn paths(&self) -> Result<Paths> {
        paths(self.global.project.as_deref())
    }

    /// The project's cluster: what cluster.yaml says, what this seat was asked, and what there is. All problems of cluster.yaml are
    /// printed before the error.
    pub fn cluster(&self, paths: &Paths) -> Result<Cluster> {
        self.settled(paths).map(|settled| settled.cluster)
    }

    /// The project's cluster, with this engine for nodes that name none, if one is given.
    pub fn cluster_with(&self, paths: &Paths, engine: Option<Engine>) -> Result<Cluster> {
        let asked = Asked::read(&paths.state)?;
        let mut cluster = self.described(paths, engine.or(asked.engine))?;
        asked.add_to(&mut cluster)?;
        Ok(machines::settle(paths, cluster)?.cluster)
    }

    /// The same, with what differs from cluster.yaml.
    pub fn settled(&self, paths: &Paths) -> Result<Settled> {
        let asked = Asked::read(&paths.state)?;
        let mut cluster = self.described(paths, asked.engine)?;
        asked.add_to(&mut cluster)?;
        machines::settle(paths, cluster)
    }

    /// The cluster as cluster.yaml alone describes it, but for the engine of nodes that name none, if one is given.
    pub fn described(&self, paths: &Paths, engine: Option<Engine>) -> Result<Cluster> {
        let file = paths.project.join("cluster.yaml");
        let read = yaml::read(&file, "cluster.yaml").map_err(|problem| vec![problem]);
        let cluster = read.and_then(|text| Cluster::parse_with("cluster.yaml", &text, engine));
        let anchored = |mut cluster: Cluster| {
            let external = cluster.registry.external.take();
            cluster.registry.external = external.map(|external| external.anchored(&paths.project));
            cluster
        };
        cluster.map(anchored).map_err(|problems| {
            self.out.problems(&problems);
            Error::usage(text!(
                "cluster.yaml에 문제 {}개",
                "{} problem(s) in cluster.yaml",
                problems.len()
            ))
        })
    }

    /// The provider of the cluster, for what creates no node.
    pub fn provider(&self, paths: &Paths, cluster: &Cluster) -> Result<Box<dyn Provider>> {
        self.provider_with(paths, cluster, None)
    }

    /// The provider of the cluster, able to create nodes from the bundle.
    pub fn provider_with(
        &self,
        paths: &Paths,
        cluster: &Cluster,
        bundle: Option<Bundle>,
    ) -> Result<Box<dyn Provider>> {
        match cluster.provider {
            ProviderKind::Auto | ProviderKind::Local => Ok(Box::new(
                Local::new(paths, cluster, bundle).offline(self.global.offline),
            )),
            ProviderKind::Vagrant => Ok(Box::new(Vagrant::new(paths, cluster, bundle))),
            ProviderKind::Inventory => Ok(Box::new(Inventory::new(paths, cluster, bundle))),
        }
    }
}

/// The directories of the project at `project`, or around here.
fn paths(project: Option<&Path>) -> Result<Paths> {
    let here = std::env::current_dir()
        .map_err(|error| Error::new("cannot read the current directory").because(error))?;
    Paths::discover(&project.map_or(here.clone(), |project| here.join(project)))
}
