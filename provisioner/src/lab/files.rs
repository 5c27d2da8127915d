//! The files of a lab, by their path in its directory: the text of each, or why it cannot be used. Reads no disk.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use crate::text::Text;

/// The directory below a lab's whose files go to nodes.
pub const DIRECTORY: &str = "files";

/// The files of a lab.
#[derive(Clone, Debug, Default)]
pub struct Files {
    texts: BTreeMap<String, String>,
    /// What is there and cannot be used, and why.
    pub refused: BTreeMap<String, Text>,
}

impl Files {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Deref for Files {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.texts
    }
}

impl DerefMut for Files {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.texts
    }
}

impl FromIterator<(String, String)> for Files {
    fn from_iter<Texts: IntoIterator<Item = (String, String)>>(texts: Texts) -> Self {
        Self {
            texts: texts.into_iter().collect(),
            refused: BTreeMap::new(),
        }
    }
}

impl<const N: usize> From<[(String, String); N]> for Files {
    fn from(texts: [(String, String); N]) -> Self {
        texts.into_iter().collect()
    }
}
