//! What is done only on machines that were there before the lab: the record of what was there, the mirror's program and content,
//! and taking all of it back. What is recorded and what is put back stand side by side here.

mod feed;
pub(super) mod kubernetes;

use std::sync::Arc;
use std::time::Duration;

use agent::wire::{How, Run, Trust, Whose};

use feed::{feed, unpacked};

use super::external;
use crate::bundle::{Bundle, MIRROR_STORAGE};
use crate::config::Cluster;
use crate::error::{Error, Result};
use crate::plan::machine::{MIRROR_PROGRAM, RECORD};
use crate::plan::{registry, trust};
use crate::provider::{Provider, node_image};
use crate::session::Session;
use crate::text;
use crate::text::Text;
use crate::transport::patient;

/// The mirror's program in the node image.
const PROGRAM: &str = "usr/bin/docker-registry";
/// How long unpacking or removing may take.
const LONG: Duration = Duration::from_secs(600);

/// Argument: the directory of the record.
const RECORDING: &str = include_str!("machine/record.sh");
/// Arguments: the directory of the record, the registry's container, its label, its image.
const PUTTING_BACK: &str = include_str!("machine/put-back.sh");

/// Writes down what is on the machine now.
pub(super) async fn record(session: &Session) -> Result<()> {
    let what = text!(
        "지금 있는 것을 적어 둘 수 없음",
        "cannot write down what is there"
    );
    script(session, what, RECORDING, &[RECORD]).await
}

/// Adds packages the lab is about to install to the record, where there is one.
pub(super) async fn remember_packages(session: &Session, names: &[String]) -> Result<()> {
    let add = r#"record=$1; shift; if [ -d "$record" ]; then printf '%s\n' "$@" >> "$record/packages"; fi"#;
    let arguments: Vec<&str> = [RECORD]
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    let what = text!(
        "설치할 것을 적어 둘 수 없음",
        "cannot write down what is to be installed"
    );
    script(session, what, add, &arguments).await
}

/// Takes back all that was done on the machine; the agent goes last.
pub async fn put_back(cluster: &Cluster, session: &Session) -> Result<()> {
    kubernetes::put_back(session).await?;
    external::forget(session).await?;
    let removed = session.agent.trust(Trust::Remove {
        whose: Whose::Lab,
        registries: trust::registries(cluster),
    });
    removed.await.map_err(|error| {
        Error::new(text!("신뢰를 되돌릴 수 없음", "cannot take the trust away"))
            .on(&session.node)
            .because(error)
    })?;
    let image = &cluster.registry.image;
    let arguments = [RECORD, registry::CONTAINER, registry::LABEL, image];
    let what = text!(
        "기계를 이전 상태로 되돌릴 수 없음",
        "cannot put the machine back as it was"
    );
    script(session, what, PUTTING_BACK, &arguments)
        .await
        .map_err(again)
}

fn again(error: Error) -> Error {
    error.hint(text!(
        "고친 뒤 `lab down`을 다시 하세요: 한 일은 {RECORD}에 적혀 있습니다",
        "put that right and run `lab down` again: what was done is written down in {RECORD}"
    ))
}

async fn script(session: &Session, what: Text, script: &str, arguments: &[&str]) -> Result<()> {
    let argv = [&["sh", "-euc", script, "lab"], arguments].concat();
    let run = Run {
        argv: argv.into_iter().map(str::to_owned).collect(),
        deadline_ms: u64::try_from(patient(LONG).as_millis()).ok(),
        cap: Some(64 * 1024),
        ..Run::default()
    };
    let done = session.agent.run(run).await;
    let done = done.map_err(|error| Error::new(what.clone()).on(&session.node).because(error))?;
    if done.exited.how == How::Code(0) {
        return Ok(());
    }
    let output = [done.stdout, done.stderr].concat();
    Err(Error::new(what)
        .on(&session.node)
        .cause(format!("{:?}", done.exited.how))
        .output(String::from_utf8_lossy(&output)))
}

/// Writes the mirror's program.
pub(super) async fn mirror_program(session: &Session, provider: &Arc<dyn Provider>) -> Result<()> {
    let image = bundle(session, provider)?.node_image.path;
    let reading = tokio::task::spawn_blocking(move || node_image::file(&image, PROGRAM));
    let bytes = reading
        .await
        .map_err(|error| Error::new("reading the node image ended early").because(error))??;
    let written = session.agent.put_bytes(MIRROR_PROGRAM, 0o755, &bytes);
    written.await.map_err(|error| {
        Error::new(format!("cannot write {MIRROR_PROGRAM}"))
            .on(&session.node)
            .because(error)
    })
}

/// Unpacks the bundle's images where the mirror serves them: beside it first, so that half of them never counts as all.
pub(super) async fn mirror_content(session: &Session, provider: &Arc<dyn Provider>) -> Result<()> {
    let storage = bundle(session, provider)?.mirror.path;
    let script = r#"rm -rf "$1.part"; mkdir -p "$1.part"; tar -C "$1.part" -xf -; chmod 755 "$1.part"; mv "$1.part" "$1""#;
    let cannot = text!("번들의 이미지를 풀 수 없음", "cannot unpack the bundle's images");
    let argv = ["sh", "-euc", script, "lab-mirror", MIRROR_STORAGE];
    feed(session, cannot, &argv, move |to| unpacked(&storage, to)).await
}

fn bundle(session: &Session, provider: &Arc<dyn Provider>) -> Result<Bundle> {
    provider.bundle().cloned().ok_or_else(|| {
        Error::new(text!("번들이 없음", "there is no bundle"))
            .on(&session.node)
            .hint(text!("`lab up`으로 하세요", "use `lab up`"))
    })
}
