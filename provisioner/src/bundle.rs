//! What a bundle holds: artifacts by kind, named by digest. Pure: no process, no socket.

pub mod diff;
pub mod engines;
pub mod kubernetes;
pub mod layout;
pub mod lock;
pub mod machine;
mod part;
pub mod recipe;
pub mod source;

pub use part::Part;

pub use crate::artifact::{Artifact, Bundle, Image, Kubernetes, MIRROR_STORAGE};
