//! Makes the node's engines trust a registry, or forget it.

use crate::trust_store::TrustStore;
use crate::wire::{Reply, Trust};

/// Does it and says what is trusted afterwards.
pub(super) async fn handle(trust: Trust) -> Result<Reply, String> {
    let (Trust::Status { whose, .. } | Trust::Install { whose, .. } | Trust::Remove { whose, .. }) = trust;
    let store = TrustStore::new("/", whose);
    let (registries, changed) = match trust {
        Trust::Status { registries, .. } => (registries, false),
        Trust::Install {
            registries,
            authority,
            ..
        } => {
            let changed = store.install(&registries, &authority)?;
            (registries, changed)
        }
        Trust::Remove { registries, .. } => {
            let changed = store.remove(&registries)?;
            (registries, changed)
        }
    };
    if changed {
        store.refresh().await?;
    }
    Ok(Reply::Trust(store.status(&registries)?))
}
