//! Kubernetes brought to a machine that was there before the lab, and taken away from it again. What is recorded and what is put
//! back stand side by side here.

use std::sync::Arc;

use super::feed::{feed, packed, unpacked};
use super::{again, bundle, script};
use crate::artifact::{Image, Kubernetes};
use crate::error::{Error, Result};
use crate::plan::machine::{RECORD, kubernetes};
use crate::provider::Provider;
use crate::session::Session;
use crate::text;

use super::super::command::command;

/// Says `shared` where the control groups are the host's.
const SHARED: &str = include_str!("shared-control-groups.sh");
/// Argument: the directory of this record.
const RECORDING: &str = include_str!("record-kubernetes.sh");
/// Argument: the directory of the whole record.
const PUTTING_BACK: &str = include_str!("put-back-kubernetes.sh");
/// Images of the control plane: no worker runs them.
const OF_MASTER: [&str; 4] = [
    "/kube-apiserver:",
    "/kube-controller-manager:",
    "/kube-scheduler:",
    "/etcd:",
];
/// Imports one image; argument: its name. What was imported under another one does not count.
const IMPORT: &str = r#"
ctr --namespace k8s.io images import --base-name "${1%:*}" - > /dev/null
ctr --namespace k8s.io images ls -q | grep -qxF "$1" || { echo "not imported: $1" >&2; exit 1; }
"#;

/// Writes down what Kubernetes is going to change. Not where kubelet would change control groups of the host, or of another machine.
pub(in crate::apply) async fn record(session: &Session) -> Result<()> {
    if !command(session, &["sh", "-euc", SHARED]).await?.is_empty() {
        let words = text!(
            "이 기계는 호스트의 컨트롤 그룹을 보는 컨테이너",
            "it is a container that sees the control groups of its host"
        );
        return Err(Error::new(words).on(&session.node).hint(text!(
            "kubelet이 호스트의 것을 바꾸게 됩니다: 자기 cgroup 네임스페이스를 주거나(`docker run --cgroupns private`), 쿠버네티스 없이 쓰세요",
            "kubelet would change those: give it a cgroup namespace of its own (`docker run --cgroupns private`), or go without Kubernetes"
        )));
    }
    let what = text!(
        "쿠버네티스 전에 있던 것을 적어 둘 수 없음",
        "cannot write down what is there before Kubernetes"
    );
    script(session, what, RECORDING, &[kubernetes::RECORD]).await
}

/// Unpacks the programs; one that runs goes on with what it was started from.
pub(in crate::apply) async fn programs(session: &Session, provider: &Arc<dyn Provider>) -> Result<()> {
    let archive = of_bundle(session, provider)?.programs.path;
    let cannot = text!(
        "쿠버네티스 프로그램을 풀 수 없음",
        "cannot unpack Kubernetes' programs"
    );
    let argv = ["tar", "-C", "/", "--no-same-owner", "-xpf", "-"];
    feed(session, cannot, &argv, move |to| unpacked(&archive, to)).await
}

/// Imports the images that are not there yet.
pub(in crate::apply) async fn images(
    session: &Session,
    provider: &Arc<dyn Provider>,
    master: bool,
) -> Result<()> {
    let there = command(session, &["ctr", "--namespace", "k8s.io", "images", "ls", "-q"]).await?;
    let wanted = |image: &Image| {
        let worker = !OF_MASTER.iter().any(|part| image.reference.contains(part));
        (master || worker) && there.lines().all(|line| line != image.reference)
    };
    let images = of_bundle(session, provider)?.images;
    for Image {
        reference, layout, ..
    } in images.into_iter().filter(wanted)
    {
        let cannot = text!(
            "이미지 {reference}을(를) 넣을 수 없음",
            "cannot import {reference}"
        );
        let argv = ["sh", "-euc", IMPORT, "lab-import", &reference];
        feed(session, cannot, &argv, move |to| packed(&layout, to)).await?;
    }
    Ok(())
}

/// Takes Kubernetes away, where the lab brought it.
pub(super) async fn put_back(session: &Session) -> Result<()> {
    let what = text!(
        "쿠버네티스를 기계에서 걷어낼 수 없음",
        "cannot take Kubernetes away from the machine"
    );
    script(session, what, PUTTING_BACK, &[RECORD])
        .await
        .map_err(again)
}

fn of_bundle(session: &Session, provider: &Arc<dyn Provider>) -> Result<Kubernetes> {
    let kubernetes = bundle(session, provider)?.kubernetes;
    kubernetes.ok_or_else(|| {
        Error::new(text!("번들에 쿠버네티스가 없음", "the bundle has no Kubernetes")).on(&session.node)
    })
}
