//! What is issued on the orchestrator: the authority, and the leaf of the registry's host.

use time::OffsetDateTime;

use super::hands::Hands;
use crate::authority_store::AuthorityStore;
use crate::error::Result;
use crate::pki::Leaf;
use crate::plan::Action;

impl Hands {
    pub(super) fn issue(&self, action: &Action) -> Result<()> {
        let (store, now) = (AuthorityStore::new(&self.state), OffsetDateTime::now_utc());
        match action {
            Action::IssueAuthority => store.authority(&self.cluster, now).map(drop),
            _ => self.leaf().map(drop),
        }
    }

    pub(super) fn leaf(&self) -> Result<Leaf> {
        let host = self.cluster.registry_host();
        AuthorityStore::new(&self.state).leaf(&self.cluster, host, OffsetDateTime::now_utc())
    }
}
