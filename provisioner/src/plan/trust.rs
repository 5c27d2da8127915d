//! Who vouches for the registry, and which nodes believe it.

use super::{Action, Plan, View, id, mirror};
use crate::config::{Cluster, Network};
use crate::facts::{Observed, Pki};
use crate::pki::needs_renewal;
use crate::text;

/// `host:port` names that nodes trust: the registry's two, and the mirror's.
pub fn registries(cluster: &Cluster) -> Vec<String> {
    cluster
        .registry_names()
        .into_iter()
        .chain([mirror::name(cluster)])
        .collect()
}

/// Issues what is missing, ends soon, or is not for this cluster.
pub(super) fn issue(cluster: &Cluster, observed: &Observed, plan: &mut Plan) {
    if !authority_is_good(cluster, observed) {
        let words = (
            text!("인증 기관을 만듦", "make the certificate authority"),
            text!(
                "없거나 이 클러스터의 것이 아님",
                "there is none that fits this cluster"
            ),
        );
        plan.add("authority".into(), None, Action::IssueAuthority, &[], words);
    }
    if plan.has("authority") || !leaf_is_good(cluster, observed) {
        let why = match &observed.pki.leaf {
            None => text!("아직 없음", "there is none yet"),
            Some(leaf) if needs_renewal(leaf.certificate.not_after, observed.now) => {
                text!("30일 안에 만료됨", "it ends in less than 30 days")
            }
            Some(_) => text!(
                "인증 기관이나 주소가 바뀜",
                "the authority or the address is another now"
            ),
        };
        // While an older leaf is in use, nodes must trust the new authority before the registry shows its leaf.
        let mut after = vec!["authority".to_owned()];
        if observed.pki.leaf.is_some() {
            after.extend(cluster.nodes.iter().map(|node| id("trust", node)));
        }
        let after: Vec<&str> = after.iter().map(String::as_str).collect();
        let words = (
            text!("레지스트리의 인증서 발급", "issue the registry's certificate"),
            why,
        );
        plan.add("leaf".into(), None, Action::IssueLeaf, &after, words);
    }
}

fn authority_is_good(cluster: &Cluster, observed: &Observed) -> bool {
    let Some(authority) = &observed.pki.authority else {
        return false;
    };
    let Network { base, prefix } = cluster.network;
    let mut wanted: Vec<String> = cluster.nodes.iter().map(|node| node.name.to_string()).collect();
    let mut have = authority.permitted_names.clone();
    wanted.sort();
    have.sort();
    have == wanted
        && authority.permitted_networks == [(base, prefix)]
        && !needs_renewal(authority.not_after, observed.now)
}

fn leaf_is_good(cluster: &Cluster, observed: &Observed) -> bool {
    let Pki {
        authority: Some(authority),
        leaf: Some(leaf),
        ..
    } = &observed.pki
    else {
        return false;
    };
    let host = cluster.registry_host();
    leaf.certificate.authority_key == authority.subject_key
        && leaf.certificate.addresses == [host.address]
        && leaf.certificate.names == [host.name.to_string()]
        && !needs_renewal(leaf.certificate.not_after, observed.now)
}

/// The authority on a node, wherever its engines look.
pub(super) fn install(cluster: &Cluster, view: &View<'_>, plan: &mut Plan) {
    let trust = view
        .seen
        .and_then(|seen| seen.known.as_ref())
        .map(|known| &known.trust);
    let wanted = Some(&view.pki.trusted);
    let is_so = trust
        .is_some_and(|trust| !trust.is_empty() && trust.iter().all(|fact| fact.sha256.as_ref() == wanted));
    // An engine that is installed has places of its own to be written.
    let install = id("install", view.node);
    if is_so && !plan.has("authority") && !plan.has(&install) {
        return;
    }
    let missing =
        trust.is_none_or(|trust| trust.is_empty() || trust.iter().any(|fact| fact.sha256.is_none()));
    let why = if missing || plan.has(&install) {
        text!("인증서가 없는 곳이 있음", "the certificate is missing somewhere")
    } else {
        text!("다른 인증서가 있음", "the certificate is another")
    };
    let boot = id("boot", view.node);
    let words = (text!("레지스트리를 신뢰하게 함", "trust the registry"), why);
    let action = Action::Trust {
        registries: registries(cluster),
    };
    plan.add(
        id("trust", view.node),
        Some(view.node),
        action,
        &[&boot, &install, "authority"],
        words,
    );
}
