//! The labs the program carries. A project's own `labs/` comes first (see [`crate::cli`]).

/// The files of a lab, by name.
pub type Files = std::collections::BTreeMap<String, String>;

macro_rules! lab {
    ($name:literal: $($file:literal),* $(,)?) => {
        ($name, &[$(($file, include_str!(concat!("../../../labs/", $name, "/", $file)))),*])
    };
}

type Embedded = (&'static str, &'static [(&'static str, &'static str)]);

const LABS: &[Embedded] = &[lab!("chapter4":
    "lab.yaml",
    "claims.yaml",
    "docker-processes.yaml",
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
    "registry.yaml",
    "notes-registry.yaml",
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::lab::{Action, load};

    #[test]
    fn every_step_that_does_something_says_what_in_both_languages() {
        for lab in names() {
            let lab = load::load(lab, &files(lab).unwrap(), None).unwrap();
            for exercise in &lab.exercises {
                for step in exercise
                    .steps
                    .iter()
                    .filter(|step| step.action != Action::Nothing)
                {
                    assert!(step.title.is_some(), "{}/{} has no title", exercise.id, step.id);
                }
            }
        }
    }
}
