//! Variables: the built-in ones of a cluster, and `${name}` in fields that are not scripts.
//!
//! Built in, for every script and every `${name}`: `lab`, `exercise`, `node` and `node_address` (where it runs), `master`,
//! `master_address`, `workers` (names, separated by blanks), `worker1`, `worker1_address`, `worker2`, …, `registry`
//! (address:port, as the notes write it), `registry_name` (name:port), `registry_host`, `registry_address`, `registry_port`;
//! `external` (what images' names begin with at the external registry), `external_server` (as engines name it), `external_catalog`
//! (the path of its product that lists repositories): empty where there is none.
//! `tool` (how the node's engine is called: docker, nerdctl, crictl, podman), `pusher` (what pushes for it).
//! Scripts also get `state` and `files`: directories on the node that live as long as the exercise; in `files` is what its steps list.

use std::collections::BTreeMap;

use crate::config::{Cluster, External, Node};
use crate::engine;

/// Variables by name.
pub type Variables = BTreeMap<String, String>;

/// Names that are there whatever the cluster looks like.
pub const CONSTANT: [&str; 17] = [
    "lab",
    "exercise",
    "node",
    "node_address",
    "master",
    "master_address",
    "workers",
    "registry",
    "registry_name",
    "registry_host",
    "registry_address",
    "registry_port",
    "external",
    "external_server",
    "external_catalog",
    "tool",
    "pusher",
];

/// Whether `name` is built in.
pub fn is_built_in(name: &str) -> bool {
    let numbered = || {
        let number = name.strip_prefix("worker")?;
        let number = number.strip_suffix("_address").unwrap_or(number);
        Some(!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    CONSTANT.contains(&name) || ["state", "files"].contains(&name) || numbered().unwrap_or(false)
}

/// The built-in variables on `node`.
pub fn built_in(cluster: &Cluster, node: &Node, lab: &str, exercise: &str) -> Variables {
    let mut variables = Variables::new();
    let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
    let master = cluster.master();
    set("lab", lab.into());
    set("exercise", exercise.into());
    set("node", node.name.to_string());
    set("node_address", node.address.to_string());
    set("master", master.name.to_string());
    set("master_address", master.address.to_string());
    let workers: Vec<&Node> = cluster.workers().collect();
    set(
        "workers",
        workers
            .iter()
            .map(|worker| worker.name.as_str())
            .collect::<Vec<_>>()
            .join(" "),
    );
    for (index, worker) in workers.iter().enumerate() {
        set(&format!("worker{}", index + 1), worker.name.to_string());
        set(
            &format!("worker{}_address", index + 1),
            worker.address.to_string(),
        );
    }
    let registry = &cluster.registry;
    let address = cluster.registry_host().address;
    set("registry", format!("{address}:{}", registry.port));
    set("registry_name", format!("{}:{}", registry.host, registry.port));
    set("registry_host", registry.host.to_string());
    set("registry_address", address.to_string());
    set("registry_port", registry.port.to_string());
    let external = registry.external.as_ref();
    set("external", external.map(External::prefix).unwrap_or_default());
    set(
        "external_server",
        external.map(External::server).unwrap_or_default(),
    );
    set("external_catalog", String::new());
    set("tool", engine::tool(node.engine).into());
    set("pusher", engine::tool(engine::pusher(node.engine)).into());
    variables
}

/// Fills in every `${name}` that is known; others stay as they are (loading refused them).
pub fn expand(template: &str, variables: &Variables) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("${") {
        let (before, after) = rest.split_at(start);
        filled.push_str(before);
        match after.find('}').map(|end| (&after[2..end], end)) {
            Some((name, end)) if variables.contains_key(name) => {
                filled.push_str(&variables[name]);
                rest = &after[end + 1..];
            }
            _ => {
                filled.push_str("${");
                rest = &after[2..];
            }
        }
    }
    filled + rest
}

/// Every name in `${…}`.
pub fn names(template: &str) -> Vec<&str> {
    let pieces = template.split("${").skip(1);
    pieces
        .filter_map(|piece| piece.split_once('}').map(|(name, _)| name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_filled_in_once() {
        let variables: Variables = [
            ("a".to_owned(), "${b}".to_owned()),
            ("b".to_owned(), "B".to_owned()),
        ]
        .into();
        let check = |template, expected| assert_eq!(expand(template, &variables), expected, "{template}");
        check("x${a}y${b}", "x${b}yB");
        check("${c} ${", "${c} ${");
        check("{a} $b", "{a} $b");
        assert_eq!(names("${a} ${b c} ${"), ["a", "b c"]);
    }

    #[test]
    fn workers_are_numbered() {
        for (name, known) in [
            ("worker1", true),
            ("worker12_address", true),
            ("worker", false),
            ("workerx", false),
            ("registry", true),
        ] {
            assert_eq!(is_built_in(name), known, "{name}");
        }
    }
}
