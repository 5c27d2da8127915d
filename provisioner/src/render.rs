//! Text with holes, filled: the one place that uses askama. Decides nothing and writes nothing.

use askama::Template;

use crate::bundle::MIRROR_STORAGE;
use crate::config::{Cluster, Node};
use crate::error::{Error, Result};

/// Port of the mirror on the registry's host.
pub const MIRROR_PORT: u16 = 5000;

#[derive(Template)]
#[template(path = "hosts", escape = "none", ext = "txt")]
struct Hosts<'a> {
    nodes: &'a [Node],
}

#[derive(Template)]
#[template(path = "daemon.json", escape = "none")]
struct Daemon {
    mirror: String,
}

#[derive(Template)]
#[template(path = "mirror-config.yml", escape = "none")]
struct Mirror {
    storage: &'static str,
    port: u16,
}

/// /etc/hosts of every node.
pub fn hosts(cluster: &Cluster) -> Result<String> {
    fill(&Hosts {
        nodes: &cluster.nodes,
    })
}

/// /etc/docker/daemon.json of every node.
pub fn docker_daemon(mirror: String) -> Result<String> {
    fill(&Daemon { mirror })
}

/// The mirror's own configuration.
pub fn mirror_config() -> Result<String> {
    fill(&Mirror {
        storage: MIRROR_STORAGE,
        port: MIRROR_PORT,
    })
}

fn fill(template: &impl Template) -> Result<String> {
    template
        .render()
        .map_err(|error| Error::new("cannot fill in a template").because(error))
}
