//! Puts on a node what it lacks: packages, made again by the provider from the node image and installed by the node's own dpkg,
//! or by its own apt; programs of an engine, unpacked from the bundle.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::command::{command, run};
use super::machine;
use crate::error::{Error, Result};
use crate::plan::Source;
use crate::provider::Provider;
use crate::session::Session;
use crate::text;

/// Where the files wait on the node.
const DIRECTORY: &str = "/var/cache/lab/packages";
/// How long installing may take.
const LONG: Duration = Duration::from_secs(600);

/// Unpacks an engine's programs of the bundle.
pub(super) async fn programs(
    session: &Session,
    provider: &Arc<dyn Provider>,
    state: &Path,
    engine: &str,
) -> Result<()> {
    let archive = provider
        .bundle()
        .and_then(|bundle| bundle.engines.get(engine))
        .map(|archive| archive.path.clone());
    let archive = archive.ok_or_else(|| {
        let words = text!(
            "번들에 {engine}의 프로그램이 없음",
            "the bundle has no programs of {engine}"
        );
        Error::new(words).on(&session.node)
    })?;
    let directory = tempfile::tempdir_in(state)
        .map_err(|error| Error::new("cannot make a temporary directory").because(error))?;
    let tar = directory.path().join("programs.tar");
    let into = tar.clone();
    let unpack = move || -> std::io::Result<u64> {
        let from = std::fs::File::open(archive)?;
        let mut to = std::fs::File::create(into)?;
        let mut from = zstd::Decoder::new(from)?;
        std::io::copy(&mut from, &mut to)
    };
    tokio::task::spawn_blocking(unpack)
        .await
        .map_err(|error| Error::new("unpacking the bundle ended early").because(error))?
        .map_err(|error| Error::new("cannot unpack the bundle").because(error))?;
    let path = put(session, &tar).await?;
    let done = command(session, &["tar", "-C", "/", "--no-same-owner", "-xpf", &path]).await;
    command(session, &["rm", "-rf", DIRECTORY]).await?;
    done.map(drop)
}

/// Installs a package of the node image, and what it needs.
pub(super) async fn packages(
    session: &Session,
    provider: &Arc<dyn Provider>,
    state: &Path,
    packages: &[String],
    from: Source,
) -> Result<()> {
    if from == Source::Machine {
        return by_apt(session, packages).await;
    }
    let advice = |error: Error| {
        let node = &session.node;
        if !provider.saves() {
            return error.on(node);
        }
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
    let (making, wanted, into) = (provider.clone(), packages.to_owned(), directory.path().to_owned());
    let files = tokio::task::spawn_blocking(move || making.packages(&wanted, &have, &into))
        .await
        .map_err(|error| Error::new("making packages ended early").because(error))?
        .map_err(advice)?;
    let names = files
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned()));
    machine::remember_packages(session, &names.collect::<Vec<_>>()).await?;
    let mut argv = vec!["env".to_owned(), "DEBIAN_FRONTEND=noninteractive".into()];
    argv.extend(["dpkg", "-i", "--force-confold,confmiss"].map(str::to_owned));
    for file in &files {
        argv.push(put(session, file).await?);
    }
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let done = run(session, &argv, LONG).await.map_err(advice);
    command(session, &["rm", "-rf", DIRECTORY]).await?;
    done.map(drop)
}

/// Other distributions than the bundle's have their own packages.
async fn by_apt(session: &Session, packages: &[String]) -> Result<()> {
    let advice = |error: Error| {
        error.hint(text!(
            "이 배포판의 패키지는 번들에 없어 기계 자신의 apt로 설치합니다: 기계가 인터넷에 나갈 수 있는지, `sudo apt-get update`가 되는지 보세요",
            "the bundle has no packages of this distribution, so the machine's own apt installs them: see whether it reaches the internet and `sudo apt-get update` works"
        ))
    };
    let apt = |verb: &'static [&'static str]| -> Vec<String> {
        let fixed = [
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-q",
            "-y",
            "--no-install-recommends",
        ];
        fixed.iter().chain(verb).map(|word| (*word).to_owned()).collect()
    };
    let words = |argv: &[String]| argv.to_vec();
    let call = async |argv: Vec<String>| {
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        run(session, &argv, LONG).await.map_err(advice)
    };
    call(apt(&["update"])).await?;
    let planned = call([apt(&["install", "--simulate"]), words(packages)].concat()).await?;
    let new = planned
        .lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
    machine::remember_packages(session, &new.map(str::to_owned).collect::<Vec<_>>()).await?;
    call([apt(&["install"]), words(packages)].concat())
        .await
        .map(drop)
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
