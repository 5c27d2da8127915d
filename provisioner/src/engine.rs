//! Container engines as a table: what runs each, what it comes in, where its configuration is and how it is called. Decides;
//! does not act. Where each looks for a registry's authority is the agent's table.

use agent::wire::Engine;

/// One engine.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub engine: Engine,
    /// As cluster.yaml writes it.
    pub word: &'static str,
    /// As its makers write it.
    pub name: &'static str,
    /// The Debian package it comes in; CRI-O comes from the bundle.
    pub package: Option<&'static str>,
    /// The unit that runs it; Podman has none.
    pub unit: Option<&'static str>,
    /// Units that go when another engine takes its place. containerd stays: Docker and kubelet work by it.
    pub retired: &'static [&'static str],
    /// How a person calls it on the command line.
    commands: Commands,
}

/// Words of its command line; the image's name follows.
#[derive(Debug)]
struct Commands {
    pull: &'static [&'static str],
    remove: &'static [&'static str],
    load: Option<&'static [&'static str]>,
    push: Option<&'static [&'static str]>,
}

const TABLE: [Row; 4] = [
    Row {
        engine: Engine::Docker,
        word: "docker",
        name: "Docker",
        package: Some("docker.io"),
        unit: Some("docker.service"),
        retired: &["docker.socket", "docker.service"],
        commands: Commands {
            pull: &["docker", "pull", "-q"],
            remove: &["docker", "rmi"],
            load: Some(&["docker", "load", "-q", "-i"]),
            push: Some(&["docker", "push", "-q"]),
        },
    },
    Row {
        engine: Engine::Containerd,
        word: "containerd",
        name: "containerd",
        package: Some("containerd"),
        unit: Some("containerd.service"),
        retired: &[],
        commands: Commands {
            pull: &["nerdctl", "pull", "-q"],
            remove: &["nerdctl", "rmi"],
            load: Some(&["nerdctl", "load", "-i"]),
            push: Some(&["nerdctl", "push"]),
        },
    },
    Row {
        engine: Engine::CriO,
        word: "cri-o",
        name: "CRI-O",
        package: None,
        unit: Some("crio.service"),
        retired: &["crio.service"],
        commands: Commands {
            pull: &["crictl", "pull"],
            remove: &["crictl", "rmi"],
            load: None,
            push: None,
        },
    },
    Row {
        engine: Engine::Podman,
        word: "podman",
        name: "Podman",
        package: Some("podman"),
        unit: None,
        retired: &[],
        commands: Commands {
            pull: &["podman", "pull", "-q"],
            remove: &["podman", "rmi"],
            load: Some(&["podman", "load", "-q", "-i"]),
            push: Some(&["podman", "push", "-q"]),
        },
    },
];

/// The row of an engine.
pub fn row(engine: Engine) -> &'static Row {
    match engine {
        Engine::Docker => &TABLE[0],
        Engine::Containerd => &TABLE[1],
        Engine::CriO => &TABLE[2],
        Engine::Podman => &TABLE[3],
    }
}

/// Every row.
pub fn all() -> &'static [Row] {
    &TABLE
}

/// The engine that cluster.yaml calls so.
pub fn named(word: &str) -> Option<Engine> {
    TABLE.iter().find(|row| row.word == word).map(|row| row.engine)
}

/// As cluster.yaml writes it.
pub fn word(engine: Engine) -> &'static str {
    row(engine).word
}

/// The unit that runs an engine; Podman has none.
pub fn unit(engine: Engine) -> Option<&'static str> {
    row(engine).unit
}

/// The Debian package it comes in, if any.
pub fn package(engine: Engine) -> Option<&'static str> {
    row(engine).package
}

/// Its name, as its makers write it.
pub fn name(engine: Engine) -> &'static str {
    row(engine).name
}

/// How a person calls it: the program of its command line.
pub fn tool(engine: Engine) -> &'static str {
    row(engine).commands.pull.first().copied().unwrap_or_default()
}

/// What pushes images where this engine is the node's: itself, or Podman where it cannot (they share where they keep trust).
pub fn pusher(engine: Engine) -> Engine {
    match row(engine).commands.push {
        Some(_) => engine,
        None => Engine::Podman,
    }
}

/// `docker pull -q IMAGE`, in this engine's words.
pub fn pull(engine: Engine, image: &str) -> Vec<String> {
    argv(row(engine).commands.pull, image)
}

/// Removes an image.
pub fn remove(engine: Engine, image: &str) -> Vec<String> {
    argv(row(engine).commands.remove, image)
}

/// Takes an image from an archive as `docker save` writes it, by what pushes for this engine.
pub fn load(engine: Engine, archive: &str) -> Vec<String> {
    argv(row(pusher(engine)).commands.load.unwrap_or_default(), archive)
}

/// Pushes an image, by what pushes for this engine.
pub fn push(engine: Engine, image: &str) -> Vec<String> {
    argv(row(pusher(engine)).commands.push.unwrap_or_default(), image)
}

fn argv(words: &[&str], last: &str) -> Vec<String> {
    words.iter().copied().chain([last]).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_is_found_by_its_word_and_pushes_with_what_can() {
        for (word, pulls, pushes) in [
            ("docker", "docker pull -q x", "docker push -q x"),
            ("containerd", "nerdctl pull -q x", "nerdctl push x"),
            ("cri-o", "crictl pull x", "podman push -q x"),
            ("podman", "podman pull -q x", "podman push -q x"),
        ] {
            let engine = named(word);
            assert_eq!(engine.map(self::word), Some(word));
            assert_eq!(engine.map(|one| pull(one, "x").join(" ")).as_deref(), Some(pulls));
            assert_eq!(
                engine.map(|one| push(one, "x").join(" ")).as_deref(),
                Some(pushes)
            );
            let loads = engine.map(|one| load(one, "a")).unwrap_or_default();
            assert_eq!(loads.first().map(String::as_str), pushes.split(' ').next());
        }
        assert_eq!(named("rkt"), None);
    }
}
