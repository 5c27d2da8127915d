//! The labs the program carries. A project's own `labs/` comes first (see [`crate::cli`]).

use super::files::Files;

macro_rules! lab {
    ($name:literal: $($file:literal),* $(,)?) => {
        ($name, &[$(($file, include_str!(concat!("../../../labs/", $name, "/", $file)))),*])
    };
}

type Embedded = (&'static str, &'static [(&'static str, &'static str)]);

const LABS: &[Embedded] = &[lab!("chapter4":
    "lab.yaml",
    "claims.yaml",
    "kubernetes-pods.yaml",
    "docker-processes.yaml",
    "engine-comparison.yaml",
    "isolation.yaml",
    "pull-images.yaml",
    "image-tags.yaml",
    "platforms.yaml",
    "image-layers.yaml",
    "run-containers.yaml",
    "container-status.yaml",
    "publish-port.yaml",
    "filter-containers.yaml",
    "restart-policy.yaml",
    "copy-files.yaml",
    "add-files.yaml",
    "bind-mount.yaml",
    "volume.yaml",
    "mount-option.yaml",
    "data-root.yaml",
    "clean-up.yaml",
    "build-images.yaml",
    "kubernetes-image.yaml",
    "registry.yaml",
    "registry-engine.yaml",
    "notes-registry.yaml",
    "kubernetes-registry.yaml",
    "external-registry.yaml",
    "files/basic/Dockerfile",
    "files/distroless/Dockerfile",
    "files/external/ask",
    "files/external/chart",
    "files/external/remove",
    "files/inbuilder/mvnw",
    "files/inbuilder/pom.xml",
    "files/inbuilder/src/main/java/EchoIp.java",
    "files/inbuilder/src/main/resources/port",
    "files/inside/Dockerfile",
    "files/multistage/Dockerfile",
    "files/slim/Dockerfile",
)];

/// Names of the labs there are.
pub fn names() -> impl Iterator<Item = &'static str> {
    LABS.iter().map(|(name, _)| *name)
}

/// The files of a lab.
pub fn files(lab: &str) -> Option<Files> {
    let (_, files) = LABS.iter().find(|(name, _)| *name == lab)?;
    Some(
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
    )
}
