//! What each kind of change does. Decides nothing: what and where is in the change, keys come from the store.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use agent::wire::{Trust, Whose};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::Needless;
use super::command::{answers, command, unit_step};
use super::install::install;
use super::kubernetes;
use super::machine;
use super::readiness::{self, Wanted};
use crate::authority_store::AuthorityStore;
use crate::config::Cluster;
use crate::error::{Error, Result};
use crate::external::Credentials;
use crate::facts::{Observed, Seen};
use crate::gather::{self, Sessions};
use crate::node::NodeName;
use crate::plan::registry::{self, Definition, Proof};
use crate::plan::{Action, Change, Content, Mark, plan};
use crate::provider::Provider;
use crate::session::Session;
use crate::transport::patient;
use crate::{render, text};

/// Where the archive of the proof image is on the node: no file in it.
const EMPTY: &str = "/run/lab-proof.tar";

/// What changes are carried out with.
pub struct Hands {
    /// The cluster.
    pub cluster: Cluster,
    /// Where its nodes come from.
    pub provider: Arc<dyn Provider>,
    /// The seat's state directory.
    pub state: PathBuf,
    /// What the plan was made from; boots add what they read.
    pub observed: Mutex<Observed>,
    /// Reached nodes; boots add theirs.
    pub sessions: tokio::sync::Mutex<Sessions>,
    /// Who logs in at the external registry.
    pub login: Option<Credentials>,
    /// Digest of the pushed proof.
    pub pushed: Mutex<Option<String>>,
    /// How long the registry did not answer while it was replaced.
    pub gap: Mutex<Option<Duration>>,
}

impl Hands {
    /// Does one change. Returns ids that are needless now.
    pub async fn perform(self: Arc<Self>, change: Change) -> Result<Needless> {
        if let Action::Egress { open } = change.action {
            return self.let_out(open).await.map(|()| vec![]);
        }
        let Some(node) = change.node.clone() else {
            return self.issue(&change.action).map(|()| vec![]);
        };
        if change.action == Action::Boot {
            return self.boot(&node).await;
        }
        let session = self.session(&node).await?;
        self.act(&session, &change.action).await.map(|()| vec![])
    }

    pub(super) async fn session(&self, node: &NodeName) -> Result<Session> {
        let session = self.sessions.lock().await.get(node).cloned();
        session.ok_or_else(|| Error::new("the node is not reached").on(node))
    }

    /// Capabilities a process of the node can have.
    pub(super) fn capabilities(&self, node: &NodeName) -> u64 {
        let observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = observed.nodes.get(node).and_then(|seen| seen.known.as_ref());
        known.map_or(0, |known| known.facts.capabilities)
    }

    async fn let_out(&self, open: bool) -> Result<()> {
        let provider = self.provider.clone();
        let work = tokio::task::spawn_blocking(move || provider.let_out(open));
        work.await
            .map_err(|error| Error::new("opening the way out ended early").because(error))?
    }

    /// Boots, reaches, reads facts, and says which changes those show to be needless.
    async fn boot(&self, name: &NodeName) -> Result<Needless> {
        let (provider, node) = (self.provider.clone(), name.clone());
        let booting =
            tokio::task::spawn_blocking(move || provider.boot(&node).and_then(|()| provider.endpoint(&node)));
        let endpoint = booting
            .await
            .map_err(|error| Error::new("booting ended early").on(name).because(error))??;
        let session = Session::open(&endpoint, patient(Duration::from_secs(60))).await?;
        let Some(node) = self.cluster.node(name) else {
            return Ok(vec![]);
        };
        let known = gather::ask(&self.cluster, node, self.login.as_ref(), &session).await?;
        self.sessions.lock().await.insert(name.clone(), session);
        let mut observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = plan(&self.cluster, &observed)?;
        observed.nodes.insert(
            name.clone(),
            Seen {
                up: true,
                known: Some(known),
            },
        );
        observed.now = OffsetDateTime::now_utc();
        Ok(before.needless(&plan(&self.cluster, &observed)?))
    }

    async fn act(&self, session: &Session, action: &Action) -> Result<()> {
        match action {
            Action::PutFile { path, mode, content } => {
                let (leaf, whole);
                let bytes = match content {
                    Content::Text(text) => text,
                    Content::Block(block) => {
                        whole = render::with_block(&gather::read(session, path).await, block);
                        &whole
                    }
                    Content::LeafCertificate => {
                        leaf = self.leaf()?;
                        &leaf.certificate_pem
                    }
                    Content::LeafKey => {
                        leaf = self.leaf()?;
                        leaf.key_pem.expose()
                    }
                };
                let failed = |error| {
                    Error::new(text!("{path}을(를) 쓸 수 없음", "cannot write {path}"))
                        .on(&session.node)
                        .because(error)
                };
                session
                    .agent
                    .put_bytes(path, *mode, bytes.as_bytes())
                    .await
                    .map_err(failed)
            }
            Action::Trust { registries } => {
                let authority = AuthorityStore::new(&self.state).trusted()?.concat();
                let install = Trust::Install {
                    whose: Whose::Lab,
                    registries: registries.clone(),
                    authority,
                };
                let failed = |error| {
                    Error::new("cannot install the authority")
                        .on(&session.node)
                        .because(error)
                };
                session.agent.trust(install).await.map(drop).map_err(failed)
            }
            Action::Unit {
                unit,
                enable,
                step,
                mark,
            } => {
                unit_step(session, unit, *enable, *step).await?;
                self.mark(session, mark).await
            }
            Action::RegistryContainer(definition) => self.registry(session, definition).await,
            Action::ProvePush(proof) => self.push(session, proof).await,
            Action::ProvePull(proof) => self.pull(session, proof).await,
            Action::InstallPackages { packages, from } => {
                install(session, &self.provider, &self.state, packages, *from).await
            }
            Action::Record => machine::record(session).await,
            Action::MirrorProgram => machine::mirror_program(session, &self.provider).await,
            Action::MirrorContent => machine::mirror_content(session, &self.provider).await,
            Action::External { step } => self.external(session, *step).await,
            Action::KubernetesInit { mark } => {
                kubernetes::init(self, session).await?;
                self.mark(session, mark).await
            }
            Action::KubernetesJoin { mark } => {
                kubernetes::join(self, session).await?;
                self.mark(session, mark).await
            }
            Action::KubernetesRenew { kubelet } => kubernetes::renew(self, session, *kubelet).await,
            Action::KubernetesReady { nodes } => {
                let wanted = Wanted {
                    nodes: nodes.clone(),
                    restarted: None,
                };
                readiness::ready(session, &wanted).await
            }
            Action::Boot | Action::Egress { .. } | Action::IssueAuthority | Action::IssueLeaf => Ok(()),
        }
    }

    async fn mark(&self, session: &Session, mark: &Mark) -> Result<()> {
        let leaf = if mark.leaf {
            hex::encode(Sha256::digest(self.leaf()?.certificate_pem))
        } else {
            String::new()
        };
        let failed = |error| {
            Error::new("cannot remember what was applied")
                .on(&session.node)
                .because(error)
        };
        let content = mark.content(&leaf);
        session
            .agent
            .put_bytes(&mark.path, 0o644, content.as_bytes())
            .await
            .map_err(failed)
    }

    async fn registry(&self, session: &Session, definition: &Definition) -> Result<()> {
        let leaf = hex::encode(Sha256::digest(self.leaf()?.certificate_pem));
        command(session, &["docker", "pull", "-q", &definition.image]).await?;
        let since = Instant::now();
        // `-f`: that there is none is fine.
        command(session, &["docker", "rm", "-f", registry::CONTAINER]).await?;
        let argv = definition.arguments(&leaf);
        command(session, &argv.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let host = self
            .cluster
            .node(&session.node)
            .map(|node| node.address.to_string())
            .unwrap_or_default();
        answers(session, &format!("{host}:{}", definition.port)).await?;
        *self.gap.lock().unwrap_or_else(PoisonError::into_inner) = Some(since.elapsed());
        Ok(())
    }

    async fn push(&self, session: &Session, proof: &Proof) -> Result<()> {
        let tag = format!("{}:1", proof.repository);
        // Its container may have been started a moment ago, by a `lab up` that was killed.
        answers(session, proof.repository.split('/').next().unwrap_or_default()).await?;
        // An image of nothing, new each time: quick to move, and no other image can stand in for it.
        let written = session.agent.put_bytes(EMPTY, 0o600, &[0; 1024]).await;
        written.map_err(|error| {
            Error::new(format!("cannot write {EMPTY}"))
                .on(&session.node)
                .because(error)
        })?;
        command(session, &["docker", "import", EMPTY, &tag]).await?;
        let pushed = command(session, &["docker", "push", &tag]).await;
        command(session, &["docker", "rmi", &tag]).await?;
        let digest = pushed?
            .split_whitespace()
            .find(|word| word.starts_with("sha256:"))
            .map(str::to_owned);
        let digest = digest.ok_or_else(|| Error::new("docker push named no digest").on(&session.node))?;
        *self.pushed.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest);
        Ok(())
    }

    async fn pull(&self, session: &Session, proof: &Proof) -> Result<()> {
        let digest = self.pushed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let digest = digest.ok_or_else(|| Error::new("nothing was pushed"))?;
        let name = format!("{}@{digest}", proof.repository);
        // By digest: Docker itself refuses content that has another.
        command(session, &["docker", "pull", "-q", &name]).await?;
        command(session, &["docker", "rmi", &name]).await?;
        let trusted = gather::issued(&self.cluster, &self.state)?.trusted;
        let mark = registry::mark(&self.cluster, &trusted);
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
