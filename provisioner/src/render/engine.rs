//! Configuration of container engines, filled in.

use askama::Template;

use super::fill;
use crate::bundle::kubernetes::pause;
use crate::config::Cluster;
use crate::error::Result;

#[derive(Template)]
#[template(path = "kubernetes/containerd.toml", escape = "none")]
struct Containerd {
    pause: Option<String>,
}

#[derive(Template)]
#[template(path = "kubernetes/docker-io.toml", escape = "none")]
struct DockerIo {
    mirror: String,
}

#[derive(Template)]
#[template(path = "engine/nerdctl.toml", escape = "none")]
struct Nerdctl;

#[derive(Template)]
#[template(path = "engine/crictl.yaml", escape = "none")]
struct Crictl<'a> {
    socket: &'a str,
}

#[derive(Template)]
#[template(path = "engine/registries.conf", escape = "none")]
struct Registries {
    mirror: String,
}

#[derive(Template)]
#[template(path = "engine/crio.conf", escape = "none")]
struct Crio<'a> {
    runtime: &'a str,
    pause: Option<String>,
}

fn sandbox(cluster: &Cluster) -> Result<Option<String>> {
    let kubernetes = cluster.kubernetes.as_ref();
    kubernetes
        .map(|kubernetes| pause(&kubernetes.version))
        .transpose()
}

/// containerd's own configuration.
pub fn containerd(cluster: &Cluster) -> Result<String> {
    fill(&Containerd {
        pause: sandbox(cluster)?,
    })
}

/// Where containerd finds what is named without a host.
pub fn docker_io(mirror: String) -> Result<String> {
    fill(&DockerIo { mirror })
}

/// nerdctl's configuration.
pub fn nerdctl() -> Result<String> {
    fill(&Nerdctl)
}

/// crictl's: which runtime it asks.
pub fn crictl(socket: &str) -> Result<String> {
    fill(&Crictl { socket })
}

/// Where CRI-O and Podman find what is named without a host.
pub fn registries(mirror: String) -> Result<String> {
    fill(&Registries { mirror })
}

/// CRI-O's configuration; `runtime`: the program it calls to run containers.
pub fn crio(cluster: &Cluster, runtime: &str) -> Result<String> {
    fill(&Crio {
        runtime,
        pause: sandbox(cluster)?,
    })
}
