//! Nodes compared with each other and with the network: how many, one master, no name or address twice, every address
//! one that a node can have.

use serde_yaml::Spanned;

use super::Network;
use super::check::{Checker, Draft};
use super::raw::{self, Word};
use super::tree::position;
use crate::node::Role;
use crate::text;
use crate::text::Text;

/// As many nodes as a lab may have.
pub const MAX_NODES: usize = 32;

impl Checker<'_> {
    /// Not none, not too many, and one master.
    pub(super) fn count(&mut self, nodes: &Spanned<Vec<Spanned<raw::Node>>>, drafts: &[Draft<'_>]) {
        let count = nodes.value.len();
        if count == 0 {
            let hint = "{name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB}";
            let message = text!("노드가 하나도 없음", "there are no nodes");
            return self.report(
                nodes.referenced,
                (message, Some(text!("예: - {hint}", "for example - {hint}"))),
            );
        }
        if let Some(first_too_many) = nodes.value.get(MAX_NODES) {
            let message = text!(
                "노드가 너무 많음: {count}, 최대 {MAX_NODES}",
                "too many nodes: {count}, at most {MAX_NODES}"
            );
            self.report(first_too_many.referenced, (message, None));
        }
        let masters: Vec<_> = drafts
            .iter()
            .filter(|draft| draft.role == Some(Role::Master))
            .collect();
        let all_known = drafts.iter().all(|draft| draft.role.is_some());
        if masters.is_empty() && all_known {
            let message = text!("role이 master인 노드가 없음", "no node has the role master");
            let hint = text!(
                "노드 하나에 `role: master`를 적으세요",
                "give one node `role: master`"
            );
            self.report(nodes.referenced, (message, Some(hint)));
        }
        for second in masters.iter().skip(1) {
            let message = text!("master가 둘 이상", "a second master");
            let hint = text!("`role: worker`로 바꾸세요", "make it `role: worker`");
            self.report_at(&second.raw.role, (message, Some(hint)));
        }
    }

    pub(super) fn duplicates(&mut self, drafts: &[Draft<'_>]) {
        for (index, draft) in drafts.iter().enumerate() {
            let before = &drafts[..index];
            if let Some(name) = &draft.name
                && let Some(other) = before.iter().find(|other| other.name.as_ref() == Some(name))
            {
                let message = text!(
                    "노드 이름 `{name}`이(가) 두 번 나옴",
                    "the node name `{name}` appears twice"
                );
                self.report_at(&draft.raw.name, (message, first_at(&other.raw.name)));
            }
            if let Some(address) = draft.address
                && let Some(other) = before.iter().find(|other| other.address == Some(address))
            {
                let message = text!(
                    "주소 {address}이(가) 두 번 나옴",
                    "the address {address} appears twice"
                );
                self.report_at(&draft.raw.address, (message, first_at(&other.raw.address)));
            }
        }
    }

    pub(super) fn addresses(&mut self, drafts: &[Draft<'_>], network: Network) {
        for draft in drafts {
            let Some(address) = draft.address else { continue };
            let message = if !network.contains(address) {
                text!(
                    "주소 {address}이(가) 네트워크 {network} 밖에 있음",
                    "the address {address} is outside the network {network}"
                )
            } else if address == network.base {
                text!(
                    "{address}은(는) 네트워크 자신의 주소",
                    "{address} is the address of the network itself"
                )
            } else if address == network.broadcast() {
                text!(
                    "{address}은(는) 브로드캐스트 주소",
                    "{address} is the network's broadcast address"
                )
            } else {
                continue;
            };
            let (first, last) = network.hosts();
            let hint = text!(
                "{first}에서 {last} 사이에서 고르세요",
                "choose one from {first} to {last}"
            );
            self.report_at(&draft.raw.address, (message, Some(hint)));
        }
    }
}

fn first_at(word: &Option<Word>) -> Option<Text> {
    let line = position(word.as_ref()?.referenced).0;
    Some(text!("처음은 {line}번째 줄", "first on line {line}"))
}
