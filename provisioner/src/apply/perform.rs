//! What each kind of change does. Decides nothing: what and where is in the change, keys come from the store.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use agent::wire::{Trust, Whose};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::Needless;
use super::command::{retire, unit_step};
use super::hands::Hands;
use super::install;
use super::kubernetes;
use super::machine;
use super::readiness::{self, Wanted};
use crate::authority_store::AuthorityStore;
use crate::error::{Error, Result};
use crate::facts::Seen;
use crate::gather;
use crate::node::NodeName;
use crate::plan::{Action, Change, Content, Mark, plan};
use crate::session::Session;
use crate::transport::patient;
use crate::{render, text};

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
                install::packages(session, &self.provider, &self.state, packages, *from).await
            }
            Action::Record => machine::record(session).await,
            Action::SetClock => readiness::set_clock(session).await,
            Action::MirrorProgram => machine::mirror_program(session, &self.provider).await,
            Action::MirrorContent => machine::mirror_content(session, &self.provider).await,
            Action::External { step } => self.external(session, *step).await,
            Action::InstallPrograms { engine } => {
                install::programs(session, &self.provider, &self.state, engine).await
            }
            Action::Retire { units } => retire(session, units).await,
            Action::KubernetesRecord => machine::kubernetes::record(session).await,
            Action::KubernetesPrograms { mark } => {
                machine::kubernetes::programs(session, &self.provider).await?;
                self.mark(session, mark).await
            }
            Action::KubernetesImages { mark } => {
                let master = self.cluster.master().name == session.node;
                machine::kubernetes::images(session, &self.provider, master).await?;
                self.mark(session, mark).await
            }
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
}
