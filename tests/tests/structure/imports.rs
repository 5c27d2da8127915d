//! Who may import whom. Reads the paths a file names; knows nothing of macros.

use regex::Regex;

use crate::rules::{code, is_test};

/// Who may import whom: a module imports from its own layer and from those below. Deciding and reaching lie side by side
/// and never import each other.
pub const LAYERS: [(&[&str], Layer); 5] = [
    (&["cli"], Layer::Cli),
    (
        &[
            "up",
            "apply",
            "runner",
            "gather",
            "builder",
            "report",
            "doctor",
            "journal",
            "session",
            "support",
            "authority_store",
            "asked",
            "privilege",
            "seat",
            "interrupt",
        ],
        Layer::Effect,
    ),
    (
        &[
            "config", "lab", "facts", "plan", "pki", "engine", "bundle", "render",
        ],
        Layer::Decide,
    ),
    (&["provider", "transport"], Layer::Reach),
    (
        &[
            "node", "event", "error", "text", "paths", "cluster", "artifact", "claim",
        ],
        Layer::Plain,
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Cli,
    Effect,
    Decide,
    Reach,
    Plain,
}

impl Layer {
    pub fn may_import(self, other: Self) -> bool {
        let height = |layer| match layer {
            Self::Cli => 3,
            Self::Effect => 2,
            Self::Decide | Self::Reach => 1,
            Self::Plain => 0,
        };
        self == other || height(self) > height(other)
    }

    pub fn of(module: &str) -> Option<Self> {
        LAYERS
            .iter()
            .find(|(modules, _)| modules.contains(&module))
            .map(|(_, layer)| *layer)
    }
}

/// `provisioner/src/plan/node.rs` is of the module `plan`.
pub fn module(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("provisioner/src/")?;
    let top = inside.split('/').next()?.trim_end_matches(".rs");
    (!matches!(top, "lib" | "main")).then_some(top)
}

/// The modules of the crate that a text names: `crate::x`, `use crate::{x, y::z}`, and `super::x` in a top file.
pub fn imports(path: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let single = Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let mut found: Vec<String> = single
        .captures_iter(&code)
        .map(|found| found[1].to_owned())
        .collect();
    for (start, _) in code.match_indices("crate::{") {
        let (mut depth, mut word) = (0, String::new());
        for character in code[start + "crate::".len()..].chars() {
            match character {
                '{' => depth += 1,
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                ',' if depth == 1 => found.push(std::mem::take(&mut word)),
                _ if depth == 1 => word.push(character),
                _ => {}
            }
        }
        found.push(word);
    }
    if path.matches('/').count() == 2 {
        let above = Regex::new(r"\bsuper::([a-z_]+)").unwrap();
        found.extend(above.captures_iter(&code).map(|found| found[1].to_owned()));
    }
    found
        .iter()
        .map(|path| path.trim().split("::").next().unwrap_or_default().to_owned())
        .collect()
}

pub fn wrong_imports(path: &str, text: &str) -> Vec<String> {
    let Some(own) = module(path).filter(|_| !is_test(path)) else {
        return vec![];
    };
    let Some(layer) = Layer::of(own) else {
        return vec![format!("{path}: `{own}` is in no layer: add it to LAYERS")];
    };
    let known = imports(path, text)
        .into_iter()
        .filter_map(|name| Layer::of(&name).map(|layer| (name, layer)));
    let wrong = known.filter(|(_, imported)| !layer.may_import(*imported));
    wrong
        .map(|(name, imported)| format!("{path} ({layer:?}) imports {name} ({imported:?})"))
        .collect()
}
