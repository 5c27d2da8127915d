//! Kubernetes' own certificates, which last a year: which files hold them, when they end, and that they are renewed before.

use agent::wire::Facts;
use time::OffsetDateTime;

use super::{Action, Plan, View, id};
use crate::config::Node;
use crate::node::Role;
use crate::pki::{inspect, needs_renewal};
use crate::text;

/// Where a control plane's are: certificates, and configurations with one in them.
const CONTROL_PLANE: [&str; 11] = [
    "/etc/kubernetes/pki/apiserver.crt",
    "/etc/kubernetes/pki/apiserver-kubelet-client.crt",
    "/etc/kubernetes/pki/apiserver-etcd-client.crt",
    "/etc/kubernetes/pki/front-proxy-client.crt",
    "/etc/kubernetes/pki/etcd/server.crt",
    "/etc/kubernetes/pki/etcd/peer.crt",
    "/etc/kubernetes/pki/etcd/healthcheck-client.crt",
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/super-admin.conf",
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/scheduler.conf",
];
/// A kubelet's, which renews it itself as long as it runs and it has not ended.
pub const KUBELET: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/// The files of a node that hold one.
pub fn files(node: &Node) -> Vec<String> {
    let control_plane = match node.role {
        Role::Master => CONTROL_PLANE.as_slice(),
        Role::Worker => &[],
    };
    control_plane
        .iter()
        .chain([&KUBELET])
        .map(|path| (*path).to_owned())
        .collect()
}

/// The certificate of the node that ends first, and when.
pub fn first_to_end(facts: &Facts) -> Option<(&str, OffsetDateTime)> {
    ends(facts).min_by_key(|(_, end)| *end)
}

fn ends(facts: &Facts) -> impl Iterator<Item = (&str, OffsetDateTime)> {
    facts.certificates.iter().filter_map(|(path, pem)| {
        let inspected = inspect(pem.as_ref()?).ok()?;
        Some((path.as_str(), inspected.not_after))
    })
}

/// Whether a kubelet's own has ended: it is nobody to the API any more, and cannot renew it.
pub(super) fn kubelet_ended(view: &View<'_>, now: OffsetDateTime) -> bool {
    view.facts()
        .is_some_and(|facts| ends(facts).any(|(path, end)| path == KUBELET && end < now))
}

/// What a change of this kind is called.
pub(super) const RENEWAL: &str = "kubernetes-certificates";

/// Renews those of the control plane, all of them, once one has little time left.
pub(super) fn renew(master: &View<'_>, now: OffsetDateTime, plan: &mut Plan) {
    let Some(facts) = master.facts() else { return };
    let kubelet = kubelet_ended(master, now);
    let due = |(path, end): &(&str, OffsetDateTime)| {
        if *path == KUBELET {
            kubelet
        } else {
            needs_renewal(*end, now)
        }
    };
    let Some((_, end)) = ends(facts).filter(due).min_by_key(|(_, end)| *end) else {
        return;
    };
    let days = (end - now).whole_days();
    let why = if end < now {
        text!("{}에 끝났음", "they ended on {}", end.date())
    } else {
        text!("{days}일 뒤에 끝남", "they end in {days} days")
    };
    let words = (
        text!(
            "쿠버네티스 인증서 갱신 (kubeadm certs renew)",
            "renew Kubernetes' certificates (kubeadm certs renew)"
        ),
        why,
    );
    let node = master.node;
    let after = ["boot", "containerd"].map(|what| id(what, node));
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    plan.add(
        id(RENEWAL, node),
        Some(node),
        Action::KubernetesRenew { kubelet },
        &after,
        words,
    );
}
