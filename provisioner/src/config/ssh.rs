//! The `ssh:` sections of cluster.yaml: how machines that were there before are reached. Looks nothing up.

use std::path::PathBuf;

use serde_yaml::Spanned;

use super::Ssh;
use super::check::{Checker, Draft};
use super::raw;
use super::scalar::{self, Wrong};
use super::tree::position;
use crate::text;

impl Checker<'_> {
    /// What holds for every machine.
    pub(super) fn common_ssh(&mut self, raw: Option<&Spanned<raw::Ssh>>) -> Ssh {
        if let Some(raw) = raw
            && raw.value.address.is_some()
        {
            let message = text!(
                "모든 노드에 같은 SSH 주소를 줄 수 없음",
                "not every machine can be at one address"
            );
            let hint = text!(
                "노드에 적으세요: {{name: m-k8s, …, ssh: {{address: 10.0.0.5}}}}",
                "write it at its node: {{name: m-k8s, …, ssh: {{address: 10.0.0.5}}}}"
            );
            self.report_at(&raw.value.address, (message, Some(hint)));
        }
        self.ssh(raw, &Ssh::default())
    }

    /// How one machine is reached.
    pub(super) fn ssh(&mut self, raw: Option<&Spanned<raw::Ssh>>, common: &Ssh) -> Ssh {
        let Some(raw) = raw.map(|raw| &raw.value) else {
            return Ssh::default().or(common);
        };
        let port = self.read(&raw.port, |word| scalar::number(word, 1, 65535));
        let own = Ssh {
            address: self.read(&raw.address, host),
            port: port.and_then(|port| u16::try_from(port).ok()),
            user: self.read(&raw.user, user),
            key: self.read(&raw.key, path),
            agent: self.read(&raw.agent, yes),
            password_file: self.read(&raw.password_file, path),
        };
        own.or(common)
    }

    /// Two nodes are not one machine.
    pub(super) fn same_machine(&mut self, drafts: &[Draft<'_>]) {
        let place = |draft: &Draft<'_>| {
            let own = draft.address.map(|address| address.to_string());
            let address = draft.ssh.address.clone().or(own)?;
            Some((address, draft.ssh.port.unwrap_or(22)))
        };
        for (index, draft) in drafts.iter().enumerate() {
            let Some((address, port)) = place(draft) else {
                continue;
            };
            let same =
                |other: &&Draft<'_>| place(other).is_some_and(|other| other == (address.clone(), port));
            let Some(first) = drafts[..index].iter().find(same) else {
                continue;
            };
            let line = first.raw.name.as_ref().map(|name| position(name.referenced).0);
            let message = text!(
                "두 노드의 SSH 주소가 같음: {address}:{port}",
                "two nodes are reached at the same place: {address} port {port}"
            );
            let line = line.unwrap_or_default();
            let hint = text!(
                "처음은 {line}번째 줄의 노드",
                "the first is the node on line {line}"
            );
            let own = draft.raw.ssh.as_ref().and_then(|ssh| ssh.value.address.as_ref());
            let word = own.or(draft.raw.name.as_ref()).cloned();
            self.report_at(&word, (message, Some(hint)));
        }
    }
}

fn host(word: &str) -> Result<String, Wrong> {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let named = !word.is_empty() && word.len() <= 253 && !word.starts_with('-') && word.bytes().all(name);
    if named || word.parse::<std::net::IpAddr>().is_ok() {
        return Ok(word.to_owned());
    }
    let message = text!(
        "`{word}`은(는) 주소도 호스트 이름도 아님",
        "`{word}` is neither an address nor a host name"
    );
    let hint = text!(
        "포트는 `port:`에 적으세요: {{address: 10.0.0.5, port: 2222}}",
        "a port goes into `port:`: {{address: 10.0.0.5, port: 2222}}"
    );
    Err((message, Some(hint)))
}

fn user(word: &str) -> Result<String, Wrong> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !word.is_empty() && word.len() <= 64 && !word.starts_with('-') && word.bytes().all(allowed) {
        return Ok(word.to_owned());
    }
    let message = text!(
        "`{word}`은(는) 사용자 이름이 아님",
        "`{word}` is not a user's name"
    );
    Err((message, Some(text!("예: debian", "for example debian"))))
}

fn yes(word: &str) -> Result<bool, Wrong> {
    word.parse().map_err(|_| {
        let message = text!(
            "`{word}`은(는) true도 false도 아님",
            "`{word}` is neither true nor false"
        );
        (message, Some(text!("예: agent: true", "for example agent: true")))
    })
}

fn path(word: &str) -> Result<PathBuf, Wrong> {
    if word.is_empty() || word.contains('\0') {
        let message = text!("파일 경로가 비어 있음", "the path of the file is empty");
        return Err((
            message,
            Some(text!("예: ~/.ssh/id_ed25519", "for example ~/.ssh/id_ed25519")),
        ));
    }
    Ok(PathBuf::from(word))
}
