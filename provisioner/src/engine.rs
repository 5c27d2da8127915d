//! Container engines as a table: what runs each and how it is called. Decides; does not act.

use agent::wire::Engine;

/// The unit that runs an engine; Podman has none.
pub fn unit(engine: Engine) -> Option<&'static str> {
    match engine {
        Engine::Docker => Some("docker.service"),
        Engine::Containerd => Some("containerd.service"),
        Engine::CriO => Some("crio.service"),
        Engine::Podman => None,
    }
}

/// The Debian package it comes in.
pub fn package(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => "docker.io",
        Engine::Containerd => "containerd",
        Engine::CriO => "cri-o",
        Engine::Podman => "podman",
    }
}

/// Its name, as its makers write it.
pub fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => "Docker",
        Engine::Containerd => "containerd",
        Engine::CriO => "CRI-O",
        Engine::Podman => "Podman",
    }
}
