//! What is done only on machines that were there before the lab: the record of what was there, the mirror's program and content,
//! and taking all of it back. What is recorded and what is put back stand side by side here.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use agent::wire::{How, Run, Trust};

use super::command::run;
use crate::bundle::{Bundle, MIRROR_STORAGE};
use crate::config::Cluster;
use crate::error::{Error, Result};
use crate::plan::machine::{MIRROR_PROGRAM, RECORD};
use crate::plan::{registry, trust};
use crate::provider::{Provider, node_image};
use crate::session::Session;
use crate::text;
use crate::transport::patient;

/// The mirror's program in the node image.
const PROGRAM: &str = "usr/bin/docker-registry";
/// How long unpacking or removing may take.
const LONG: Duration = Duration::from_secs(600);

/// Argument: the directory of the record. Files the lab may write are copied, directories it may make are listed.
const REMEMBER: &str = r#"
cd /
umask 077
rm -rf "$1"
mkdir -p "$1/files"
chmod 755 "$1"
for path in etc/docker/daemon.json etc/hosts etc/docker/certs/tls.crt etc/docker/certs/tls.key; do
    if [ -f "$path" ]; then cp -a --parents "$path" "$1/files/"; fi
done
for path in etc/docker etc/docker/certs etc/docker/certs.d etc/containerd etc/containers var/lib/docker var/lib/containerd var/lib/docker-engine \
    registry-image opt/containerd opt/cni var/lib/lab var/cache/lab etc/lab usr/local/share/ca-certificates; do
    if [ -e "$path" ]; then echo "$path"; fi
done > "$1/paths"
: > "$1/packages"
getent group docker > "$1/group" || : > "$1/group"
cat /proc/sys/net/ipv4/ip_forward > "$1/forwarding"
if command -v iptables-save > /dev/null; then iptables-save | grep '^:FORWARD' > "$1/forward" || : ; fi
if command -v docker > /dev/null; then docker image ls -q --no-trunc > "$1/images" || : > "$1/images"; fi
: > "$1/complete"
chmod 644 "$1/complete"
"#;

/// Arguments: the directory of the record, the registry's container, its label, its image. Can be repeated; without a record
/// nothing was done. What a person installed since stays.
const PUT_BACK: &str = r#"
cd /
if [ ! -d "$1" ]; then exit 0; fi
was() { grep -qxF "$1" "$record/paths"; }
record=$1
packages=$(sort -u "$record/packages" | while read -r name; do
    case $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2> /dev/null || echo un) in un*) ;; *) echo "$name" ;; esac; done)
ours() { echo "$packages" | grep -qxF "$1"; }
if command -v docker > /dev/null && docker version > /dev/null 2>&1; then
    if [ -n "$(docker ps -aq -f "name=^$2\$" -f "label=$3")" ]; then docker rm -f "$2" > /dev/null; fi
    image=$(docker image inspect -f '{{.Id}}' "$4" 2> /dev/null || :)
    if [ -n "$image" ] && ! grep -qxF "$image" "$record/images" 2> /dev/null; then docker rmi "$4" > /dev/null 2>&1 || :; fi
fi
if [ -e /etc/systemd/system/lab-mirror.service ]; then
    systemctl disable --now lab-mirror.service
    rm -f /etc/systemd/system/lab-mirror.service
    systemctl daemon-reload
fi
if ours docker.io; then
    systemctl stop docker.service docker.socket containerd.service
    for name in $(ls /sys/class/net); do case $name in docker0|br-????????????) ip link delete "$name" ;; esac; done
    for family in iptables ip6tables; do
        if command -v "$family-save" > /dev/null; then
            "$family-save" | grep -v -i docker | sed "s/^:FORWARD DROP/:FORWARD ACCEPT/" | "$family-restore"
        fi
    done
    cat "$record/forwarding" > /proc/sys/net/ipv4/ip_forward
fi
if [ -n "$packages" ]; then
    echo "$packages" | DEBIAN_FRONTEND=noninteractive xargs dpkg --purge
fi
for path in etc/docker/daemon.json etc/docker/certs/tls.crt etc/docker/certs/tls.key; do
    if [ -e "$record/files/$path" ]; then cp -a "$record/files/$path" "$path"; else rm -f "$path"; fi
done
if ! ours docker.io && systemctl is-active -q docker.service; then systemctl reload docker.service; fi
sed -i '/^# lab: from cluster.yaml/,/^# lab: end$/d' /etc/hosts
if cmp -s /etc/hosts "$record/files/etc/hosts"; then cp -a "$record/files/etc/hosts" /etc/hosts; fi
for path in etc/docker/certs etc/docker/certs.d etc/docker etc/containerd etc/containers usr/local/share/ca-certificates; do
    if ! was "$path" && [ -d "$path" ]; then find "$path" -depth -type d -empty -delete; fi
done
if ours docker.io; then
    for path in var/lib/docker var/lib/docker-engine etc/docker; do if ! was "$path"; then rm -rf "$path"; fi; done
    if [ ! -s "$record/group" ] && getent group docker > /dev/null; then groupdel docker; fi
fi
if ours containerd; then
    for path in var/lib/containerd opt/containerd opt/cni etc/containerd; do if ! was "$path"; then rm -rf "$path"; fi; done
fi
for path in registry-image etc/lab var/lib/lab var/cache/lab; do if ! was "$path"; then rm -rf "$path"; fi; done
rm -rf usr/local/lib/lab usr/local/bin/lab-agent
rm -rf "$record"
"#;

/// Writes down what is on the machine now.
pub(super) async fn record(session: &Session) -> Result<()> {
    run(session, &["sh", "-euc", REMEMBER, "lab-record", RECORD], LONG)
        .await
        .map(drop)
}

/// Adds packages the lab is about to install to the record, where there is one.
pub(super) async fn remember_packages(session: &Session, names: &[String]) -> Result<()> {
    let script =
        r#"record=$1; shift; if [ -d "$record" ]; then printf '%s\n' "$@" >> "$record/packages"; fi"#;
    let mut argv = vec!["sh", "-euc", script, "lab-record", RECORD];
    argv.extend(names.iter().map(String::as_str));
    run(session, &argv, LONG).await.map(drop)
}

/// Takes back all that was done on the machine; the agent goes last.
pub async fn put_back(cluster: &Cluster, session: &Session) -> Result<()> {
    let removed = session.agent.trust(Trust::Remove {
        registries: trust::registries(cluster),
    });
    removed.await.map_err(|error| {
        Error::new(text!("신뢰를 되돌릴 수 없음", "cannot take the trust away"))
            .on(&session.node)
            .because(error)
    })?;
    let image = &cluster.registry.image;
    let argv = [
        "sh",
        "-euc",
        PUT_BACK,
        "lab-put-back",
        RECORD,
        registry::CONTAINER,
        registry::LABEL,
        image,
    ];
    run(session, &argv, LONG).await.map(drop)
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
    let cannot = || {
        Error::new(text!(
            "번들의 이미지를 풀 수 없음",
            "cannot unpack the bundle's images"
        ))
        .on(&session.node)
    };
    let argv = ["sh", "-euc", script, "lab-mirror", MIRROR_STORAGE];
    let unpacking = Run {
        argv: argv.map(str::to_owned).to_vec(),
        stdin: true,
        deadline_ms: u64::try_from(patient(LONG).as_millis()).ok(),
        cap: Some(64 * 1024),
        ..Run::default()
    };
    let mut running = session
        .agent
        .start(unpacking)
        .await
        .map_err(|error| cannot().because(error))?;
    let feeder = running.feeder();
    let (send, mut receive) = tokio::sync::mpsc::channel::<Vec<u8>>(4);
    let reading = tokio::task::spawn_blocking(move || pieces(&storage, &send));
    let feeding = async {
        while let Some(piece) = receive.recv().await {
            // A command that ended takes no more; how it ended says why.
            if feeder.input(&piece).await.is_err() {
                break;
            }
        }
        drop(receive);
        let _ = feeder.end_input().await;
    };
    let listening = async {
        let mut said = vec![];
        while let Some(output) = running.next().await {
            let (agent::client::Output::Stdout(bytes) | agent::client::Output::Stderr(bytes)) = output;
            said.extend(bytes);
        }
        (running.wait().await, said)
    };
    let ((), (exited, said)) = tokio::join!(feeding, listening);
    let exited = exited.map_err(|error| cannot().because(error))?;
    let read = reading.await.map_err(|error| cannot().because(error))?;
    if exited.how == How::Code(0) {
        return read.map_err(|error| cannot().because(error));
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    Err(cannot().cause(format!("{:?}", exited.how)).output(said))
}

/// Sends an archive piece by piece, unpacked here: the node may have no zstd.
fn pieces(archive: &std::path::Path, send: &tokio::sync::mpsc::Sender<Vec<u8>>) -> std::io::Result<()> {
    let mut reader = zstd::Decoder::new(std::fs::File::open(archive)?)?;
    loop {
        let mut piece = vec![0; 128 * 1024];
        let read = reader.read(&mut piece)?;
        piece.truncate(read);
        // Nobody receives any more: the command ended, and says why.
        if read == 0 || send.blocking_send(piece).is_err() {
            return Ok(());
        }
    }
}

fn bundle(session: &Session, provider: &Arc<dyn Provider>) -> Result<Bundle> {
    provider.bundle().cloned().ok_or_else(|| {
        Error::new(text!("번들이 없음", "there is no bundle"))
            .on(&session.node)
            .hint(text!("`lab up`으로 하세요", "use `lab up`"))
    })
}
