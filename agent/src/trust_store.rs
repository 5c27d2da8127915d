//! Where each engine looks for the authority of a registry: a table, and what is done with it.
//!
//! A row says where and how to refresh. The system store holds one file per authority for all its registries, so removing it is final.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::digest;
use crate::engine_table::{ENGINES, output};
use crate::handler::file::Beside;
use crate::wire::{Engine, TrustFact, Whose};

/// One place an engine looks into.
struct Row {
    store: &'static str,
    /// Engine that must be installed; the system store is always written.
    engine: Option<Engine>,
    /// Directory that holds one directory per registry; of the system store, one file per authority.
    place: &'static str,
    /// Whether `hosts.toml` must name the authority.
    hosts_toml: bool,
}

const STORES: [Row; 5] = [
    Row {
        store: "docker",
        engine: Some(Engine::Docker),
        place: "etc/docker/certs.d",
        hosts_toml: false,
    },
    Row {
        store: "containerd",
        engine: Some(Engine::Containerd),
        place: "etc/containerd/certs.d",
        hosts_toml: true,
    },
    Row {
        store: "cri-o",
        engine: Some(Engine::CriO),
        place: "etc/containers/certs.d",
        hosts_toml: false,
    },
    Row {
        store: "podman",
        engine: Some(Engine::Podman),
        place: "etc/containers/certs.d",
        hosts_toml: false,
    },
    Row {
        store: "system",
        engine: None,
        place: "usr/local/share/ca-certificates",
        hosts_toml: false,
    },
];
/// The system's collection of authorities, and what makes it.
const COLLECTION: &str = "etc/ssl/certs/ca-certificates.crt";
const COLLECTOR: &str = "usr/sbin/update-ca-certificates";
const REFRESH: Duration = Duration::from_secs(60);

/// The trust stores under a root directory.
pub(crate) struct TrustStore {
    root: PathBuf,
    whose: Whose,
}

impl TrustStore {
    pub(crate) fn new(root: impl Into<PathBuf>, whose: Whose) -> Self {
        let root = root.into();
        Self { root, whose }
    }

    /// Writes the authority for every installed engine and the system. Returns whether the system store changed.
    pub(crate) fn install(&self, registries: &[String], authority: &str) -> Result<bool, String> {
        check(registries)?;
        if !authority.contains("-----BEGIN CERTIFICATE-----") || authority.contains("PRIVATE KEY") {
            return Err("the authority must be a PEM certificate, and nothing secret".into());
        }
        let mut system_changed = false;
        for row in self.rows() {
            if row.engine.is_none() {
                system_changed = write(&self.file(row, ""), authority)?;
                continue;
            }
            for registry in registries {
                let file = self.file(row, registry);
                write(&file, authority)?;
                if row.hosts_toml {
                    write(
                        &file.with_file_name("hosts.toml"),
                        &hosts_toml(registry, row.place),
                    )?;
                }
            }
        }
        Ok(system_changed)
    }

    /// Takes away what `install` wrote, wherever it is. Returns whether the system store changed.
    pub(crate) fn remove(&self, registries: &[String]) -> Result<bool, String> {
        check(registries)?;
        let mut system_changed = false;
        for row in &STORES {
            if row.engine.is_none() {
                system_changed = remove(&self.file(row, ""))?;
                continue;
            }
            for registry in registries {
                let file = self.file(row, registry);
                remove(&file)?;
                if row.hosts_toml {
                    remove(&file.with_file_name("hosts.toml"))?;
                }
                // Stays if somebody else keeps something there.
                drop(file.parent().map(std::fs::remove_dir));
            }
        }
        Ok(system_changed)
    }

    /// What is trusted, per installed engine and registry.
    pub(crate) fn status(&self, registries: &[String]) -> Result<Vec<TrustFact>, String> {
        check(registries)?;
        let fact = |row: &Row, registry: &String| {
            let path = self.file(row, registry);
            let whole = match row.engine {
                Some(_) => !row.hosts_toml || path.with_file_name("hosts.toml").is_file(),
                None => self.is_collected(),
            };
            let sha256 = whole.then(|| digest::of_file(&path)).flatten();
            let path = Path::new("/").join(path.strip_prefix(&self.root).unwrap_or(&path));
            TrustFact {
                store: row.store.into(),
                registry: registry.clone(),
                path: path.display().to_string(),
                sha256,
            }
        };
        Ok(self
            .rows()
            .flat_map(|row| registries.iter().map(move |registry| fact(row, registry)))
            .collect())
    }

    /// Makes the system's collection of authorities anew, if it has to be.
    pub(crate) async fn refresh(&self, changed: bool) -> Result<(), String> {
        if !self.root.join(COLLECTOR).exists() || (!changed && self.is_collected()) {
            return Ok(());
        }
        output(&[&format!("/{COLLECTOR}")], REFRESH).await.map(drop)
    }

    /// Whether the collection has the authority that is in the system's place, if there is one: who wrote that file may have been
    /// killed before the collection was made.
    fn is_collected(&self) -> bool {
        let system = STORES.iter().filter(|row| row.engine.is_none());
        let mut written = system.filter_map(|row| std::fs::read_to_string(self.file(row, "")).ok());
        let collection = std::fs::read_to_string(self.root.join(COLLECTION)).unwrap_or_default();
        !self.root.join(COLLECTOR).exists() || written.all(|one| collection.contains(one.trim()))
    }

    fn rows(&self) -> impl Iterator<Item = &'static Row> {
        let installed = |engine| {
            ENGINES
                .iter()
                .any(|row| row.engine == engine && row.is_installed(&self.root))
        };
        STORES.iter().filter(move |row| row.engine.is_none_or(installed))
    }

    fn file(&self, row: &Row, registry: &str) -> PathBuf {
        let place = self.root.join(row.place);
        match (row.engine, self.whose) {
            (Some(_), _) => place.join(registry).join("ca.crt"),
            (None, Whose::Lab) => place.join("lab-authority.crt"),
            (None, Whose::External) => place.join("lab-external.crt"),
        }
    }
}

fn hosts_toml(registry: &str, place: &str) -> String {
    format!(
        "server = \"https://{registry}\"\n\n[host.\"https://{registry}\"]\n  capabilities = [\"pull\", \"resolve\", \
         \"push\"]\n  ca = \"/{place}/{registry}/ca.crt\"\n"
    )
}

/// A registry's name becomes a directory's name: nothing that leads elsewhere.
fn check(registries: &[String]) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let bad = |name: &&String| name.is_empty() || name.starts_with('.') || !name.bytes().all(plain);
    registries
        .iter()
        .find(bad)
        .map_or(Ok(()), |name| Err(format!("`{name}` is not `host:port`")))
}

/// Writes unless it is there already; returns whether it wrote.
fn write(path: &Path, text: &str) -> Result<bool, String> {
    if std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(false);
    }
    let place = || {
        let (beside, mut file) = Beside::create(path)?;
        file.write_all(text.as_bytes())?;
        beside.place(&file, 0o644)
    };
    place()
        .map(|()| true)
        .map_err(|error: std::io::Error| format!("cannot write `{}`: {error}", path.display()))
}

fn remove(path: &Path) -> Result<bool, String> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("cannot remove `{}`: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests;
