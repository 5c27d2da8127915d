//! What a layer holds: the difference of two trees, as paths to store and whiteouts. Pure: trees come in as maps.

use std::collections::BTreeMap;

/// A tree: relative path to everything about a file that a layer stores, as one comparable string.
pub type Tree = BTreeMap<String, String>;

/// Paths to store, and paths that are gone (topmost only).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// New or changed, parents that changed included, sorted.
    pub changed: Vec<String>,
    /// Gone: each becomes a whiteout in its directory.
    pub gone: Vec<String>,
}

/// Compares `before` and `after`.
pub fn compare(before: &Tree, after: &Tree) -> Difference {
    let changed = after
        .iter()
        .filter(|(path, about)| before.get(*path) != Some(about))
        .map(|(path, _)| path.clone())
        .collect();
    let parent_gone = |path: &str| {
        path.rsplit_once('/')
            .is_some_and(|(parent, _)| !after.contains_key(parent))
    };
    let replaced = |path: &str| {
        path.rsplit_once('/').is_some_and(|(parent, _)| {
            after
                .get(parent)
                .is_some_and(|about| !about.starts_with("directory"))
        })
    };
    let gone = before
        .keys()
        .filter(|path| !after.contains_key(*path) && !parent_gone(path) && !replaced(path))
        .cloned()
        .collect();
    Difference { changed, gone }
}

/// The whiteout that hides `path`.
pub fn whiteout(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((parent, name)) => format!("{parent}/.wh.{name}"),
        None => format!(".wh.{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str)]) -> Tree {
        entries
            .iter()
            .map(|(path, about)| ((*path).into(), (*about).into()))
            .collect()
    }

    #[test]
    fn changed_and_gone() {
        let before = tree(&[
            ("d", "directory"),
            ("d/x", "1"),
            ("e", "directory"),
            ("e/y", "1"),
            ("same", "1"),
        ]);
        let after = tree(&[("d", "directory"), ("new", "1"), ("same", "1")]);
        let difference = compare(&before, &after);
        assert_eq!(difference.changed, ["new"]);
        assert_eq!(difference.gone, ["d/x", "e"]);
        assert_eq!(whiteout("d/x"), "d/.wh.x");
    }

    #[test]
    fn a_directory_that_became_a_file_needs_no_whiteouts_below() {
        let difference = compare(
            &tree(&[("d", "directory"), ("d/x", "1")]),
            &tree(&[("d", "file 1")]),
        );
        assert_eq!(
            difference,
            Difference {
                changed: vec!["d".into()],
                gone: vec![]
            }
        );
    }
}
