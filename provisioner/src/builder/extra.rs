//! A part of the bundle that not every cluster needs, whole: Kubernetes, or an engine's programs.

use super::cache::Held;
use super::image_of;
use crate::artifact;
use crate::error::Result;

/// The file of the programs' artifact.
pub const PROGRAMS: &str = "programs.tar.zst";

/// A part, whole.
#[derive(Clone, Debug)]
pub struct Extra {
    /// Without the `v`; of engines, none.
    pub version: String,
    /// The engine it belongs to, if any.
    pub engine: String,
    /// Programs, one each.
    pub binaries: Vec<Held>,
    /// Images of them.
    pub images: Vec<Held>,
    /// Those a node has, as one archive.
    pub programs: Held,
}

impl Extra {
    /// Everything, programs before images.
    pub fn all(&self) -> impl Iterator<Item = &Held> {
        self.recipes().chain([&self.programs])
    }

    /// What recipes made.
    pub fn recipes(&self) -> impl Iterator<Item = &Held> {
        self.binaries.iter().chain(&self.images)
    }

    /// The archive of its programs.
    pub fn archive(&self) -> Result<artifact::Artifact> {
        self.programs.artifact(PROGRAMS)
    }

    /// Kubernetes, as the bundle has it.
    pub fn kubernetes(&self) -> Result<artifact::Kubernetes> {
        Ok(artifact::Kubernetes {
            version: self.version.clone(),
            programs: self.archive()?,
            images: self.images.iter().map(image_of).collect(),
        })
    }
}
