//! Puts on a node what it lacks of its image or of the bundle: a package, made again by the provider and installed by the
//! node's own dpkg; programs of an engine, unpacked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::command::command;
use crate::error::{Error, Result};
use crate::provider::Provider;
use crate::session::Session;
use crate::text;

/// Where the files wait on the node.
const DIRECTORY: &str = "/var/cache/lab/packages";

/// Unpacks an engine's programs of the bundle.
pub(super) async fn programs(
    session: &Session,
    provider: &Arc<dyn Provider>,
    state: &Path,
    engine: &str,
) -> Result<()> {
    let directory = tempfile::tempdir_in(state)
        .map_err(|error| Error::new("cannot make a temporary directory").because(error))?;
    let (provider, wanted, into) = (provider.clone(), engine.to_owned(), directory.path().to_owned());
    let archive = tokio::task::spawn_blocking(move || provider.programs(&wanted, &into))
        .await
        .map_err(|error| Error::new("unpacking the bundle ended early").because(error))?
        .map_err(|error| error.on(&session.node))?;
    let path = put(session, &archive).await?;
    let done = command(session, &["tar", "-C", "/", "--no-same-owner", "-xpf", &path]).await;
    command(session, &["rm", "-rf", DIRECTORY]).await?;
    done.map(drop)
}

/// Installs a package of the node image, and what it needs.
pub(super) async fn package(
    session: &Session,
    provider: &Arc<dyn Provider>,
    state: &Path,
    package: &str,
) -> Result<()> {
    let advice = |error: Error| {
        let node = &session.node;
        error.on(node).hint(text!(
            "`lab reset {node}`이 노드를 처음 상태로 되돌립니다",
            "`lab reset {node}` puts the node back as it was made"
        ))
    };
    let have = command(
        session,
        &["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n"],
    )
    .await?;
    let have: Vec<String> = have
        .lines()
        .filter_map(|line| line.strip_prefix("ii ").map(|name| name.trim().to_owned()))
        .collect();
    let directory = tempfile::tempdir_in(state)
        .map_err(|error| Error::new("cannot make a temporary directory").because(error))?;
    let (provider, wanted, into) = (provider.clone(), package.to_owned(), directory.path().to_owned());
    let files = tokio::task::spawn_blocking(move || provider.packages(&wanted, &have, &into))
        .await
        .map_err(|error| Error::new("making packages ended early").because(error))?
        .map_err(advice)?;
    let mut argv = vec!["env".to_owned(), "DEBIAN_FRONTEND=noninteractive".into()];
    argv.extend(["dpkg", "-i", "--force-confold,confmiss"].map(str::to_owned));
    for file in &files {
        argv.push(put(session, file).await?);
    }
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let done = command(session, &argv).await.map_err(advice);
    command(session, &["rm", "-rf", DIRECTORY]).await?;
    done.map(drop)
}

async fn put(session: &Session, file: &PathBuf) -> Result<String> {
    let failed = || Error::new(format!("cannot upload {}", file.display())).on(&session.node);
    let bytes = tokio::fs::read(file)
        .await
        .map_err(|error| failed().because(error))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let path = format!("{DIRECTORY}/{name}");
    let sha256 = hex::encode(Sha256::digest(&bytes));
    session
        .agent
        .put(&path, 0o644, bytes.len() as u64, &sha256, bytes.as_slice())
        .await
        .map_err(|error| failed().because(error))?;
    Ok(path)
}
