//! The registry's container, and the proof that a node's own engine can push to the registry and pull from it.

use std::sync::PoisonError;
use std::time::Instant;

use agent::wire::Engine;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::command::{answers, command, words};
use super::hands::Hands;
use crate::error::{Error, Result};
use crate::plan::registry::{self, Definition, Proof};
use crate::session::Session;
use crate::{engine, gather};

/// Where the archive of the proof image is on the node.
const ARCHIVE: &str = "/run/lab-proof.tar";
/// Kinds of manifest that engines push.
const ACCEPT: &str = "Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";

impl Hands {
    fn engine(&self, session: &Session) -> Engine {
        let node = self.cluster.node(&session.node);
        node.map_or(Engine::Docker, |node| node.engine)
    }

    /// Runs the registry's container in place of the one that is there.
    pub(super) async fn registry(&self, session: &Session, definition: &Definition) -> Result<()> {
        let leaf = hex::encode(Sha256::digest(self.leaf()?.certificate_pem));
        command(session, &["docker", "pull", "-q", &definition.image]).await?;
        let since = Instant::now();
        // `-f`: that there is none is fine.
        command(session, &["docker", "rm", "-f", registry::CONTAINER]).await?;
        words(session, &definition.arguments(&leaf)).await?;
        let host = self
            .cluster
            .node(&session.node)
            .map(|node| node.address.to_string())
            .unwrap_or_default();
        answers(session, &format!("{host}:{}", definition.port)).await?;
        *self.gap.lock().unwrap_or_else(PoisonError::into_inner) = Some(since.elapsed());
        Ok(())
    }

    /// Pushes an image of nothing, new each time: quick to move, and no other image can stand in for it.
    pub(super) async fn push(&self, session: &Session, proof: &Proof) -> Result<()> {
        let tag = format!("{}:1", proof.repository);
        let host = proof.repository.split('/').next().unwrap_or_default();
        let engine = self.engine(session);
        // It may have been started a moment ago, by a `lab up` that was killed.
        answers(session, host).await?;
        let failed = |error| {
            Error::new(format!("cannot write {ARCHIVE}"))
                .on(&session.node)
                .because(error)
        };
        let archive = archive(&tag, OffsetDateTime::now_utc())
            .map_err(|error| Error::new("cannot make the proof image").because(error))?;
        let written = session.agent.put_bytes(ARCHIVE, 0o600, &archive).await;
        written.map_err(failed)?;
        let loaded = words(session, &engine::load(engine, ARCHIVE)).await;
        command(session, &["rm", "-f", ARCHIVE]).await?;
        loaded?;
        let pushed = words(session, &engine::push(engine, &tag)).await;
        words(session, &engine::remove(engine::pusher(engine), &tag)).await?;
        pushed?;
        // What the registry has is asked of the registry: engines word it differently, or say nothing.
        let url = proof.repository.replacen('/', "/v2/", 1);
        let url = format!("https://{url}/manifests/1");
        let head = command(session, &["curl", "-sS", "--fail", "-I", "-H", ACCEPT, &url]).await?;
        let digest = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("docker-content-digest"))
            .map(|(_, digest)| digest.trim().to_owned());
        let digest = digest.ok_or_else(|| {
            Error::new("the registry names no digest")
                .on(&session.node)
                .output(head)
        })?;
        *self.pushed.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest);
        Ok(())
    }

    /// Pulls what was pushed by its digest: an engine refuses content that has another.
    pub(super) async fn pull(&self, session: &Session, proof: &Proof) -> Result<()> {
        let digest = self.pushed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let digest = digest.ok_or_else(|| Error::new("nothing was pushed"))?;
        let (name, engine) = (format!("{}@{digest}", proof.repository), self.engine(session));
        words(session, &engine::pull(engine, &name)).await?;
        words(session, &engine::remove(engine, &name)).await?;
        let Some(node) = self.cluster.node(&session.node) else {
            return Ok(());
        };
        let trusted = gather::issued(&self.cluster, &self.state)?.trusted;
        let mark = registry::mark(&self.cluster, node, &trusted);
        let failed = |error| {
            Error::new("cannot remember the proof")
                .on(&session.node)
                .because(error)
        };
        session
            .agent
            .put_bytes(registry::PROOF, 0o644, mark.as_bytes())
            .await
            .map_err(failed)
    }
}

/// An image of one empty layer, as `docker save` writes it: what every engine that loads images reads.
fn archive(tag: &str, now: OffsetDateTime) -> std::io::Result<Vec<u8>> {
    let layer = [0; 1024];
    // Engines refuse images of another architecture.
    let architecture = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    };
    let config = serde_json::json!({
        "architecture": architecture,
        "os": "linux",
        "config": {"Labels": {"lab.proof": now.unix_timestamp_nanos().to_string()}},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex::encode(Sha256::digest(layer)))]},
    })
    .to_string();
    let name = format!("{}.json", hex::encode(Sha256::digest(&config)));
    let manifest =
        serde_json::json!([{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}]).to_string();
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in [
        (name.as_str(), config.as_bytes()),
        ("layer.tar", &layer),
        ("manifest.json", manifest.as_bytes()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, bytes)?;
    }
    tar.into_inner()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Read;

    use super::*;

    #[test]
    fn each_proof_is_another_image_and_names_its_parts() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let first = archive("a:8443/lab/proof:1", now).unwrap();
        assert_ne!(
            first,
            archive("a:8443/lab/proof:1", now + time::Duration::seconds(1)).unwrap()
        );
        let mut files = std::collections::BTreeMap::new();
        for entry in tar::Archive::new(first.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let (path, mut text) = (entry.path().unwrap().display().to_string(), Vec::new());
            entry.read_to_end(&mut text).unwrap();
            files.insert(path, text);
        }
        let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
        assert_eq!(manifest[0]["RepoTags"][0], "a:8443/lab/proof:1");
        let config = &files[manifest[0]["Config"].as_str().unwrap()];
        assert_eq!(
            manifest[0]["Config"],
            format!("{}.json", hex::encode(Sha256::digest(config)))
        );
    }
}
