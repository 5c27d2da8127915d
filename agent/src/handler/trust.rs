//! Makes the node's engines trust a registry, or forget it.

use crate::trust_store::TrustStore;
use crate::wire::{Reply, Trust};

/// Does it and says what is trusted afterwards.
pub(super) async fn handle(trust: Trust) -> Result<Reply, String> {
    let (Trust::Status { whose, .. } | Trust::Install { whose, .. } | Trust::Remove { whose, .. }) = trust;
    let store = TrustStore::new("/", whose);
    let registries = match trust {
        Trust::Status { registries, .. } => registries,
        Trust::Install {
            registries,
            authority,
            ..
        } => {
            store.refresh(store.install(&registries, &authority)?).await?;
            registries
        }
        Trust::Remove { registries, .. } => {
            store.refresh(store.remove(&registries)?).await?;
            registries
        }
    };
    Ok(Reply::Trust(store.status(&registries)?))
}
