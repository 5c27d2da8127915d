//! What Vagrant prints, read: `--machine-readable` lines and `ssh-config`. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A machine as `vagrant status` tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// `running`, `poweroff`, `not_created`, …
    pub state: String,
    /// `virtualbox`, `libvirt`, `docker`, …
    pub provider: String,
}

/// How Vagrant itself logs in to a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Address or name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User.
    pub user: String,
    /// Private keys.
    pub keys: Vec<PathBuf>,
}

/// Why a command of Vagrant's ended: the name of its error's class, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// E.g. `BoxNotFound`: without its module.
    pub class: String,
    /// In Vagrant's words.
    pub message: String,
}

/// The lines of `--machine-readable` output: target, kind and data.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str, Vec<String>)> {
    text.lines().filter_map(|line| {
        let mut parts = line.split(',');
        parts.next()?.parse::<u64>().ok()?;
        let (target, kind) = (parts.next()?, parts.next()?);
        let unescaped = |part: &str| {
            part.replace("%!(VAGRANT_COMMA)", ",")
                .replace("\\n", "\n")
                .replace("\\r", "\r")
        };
        Some((target, kind, parts.map(unescaped).collect()))
    })
}

/// Machines by name, from `vagrant status --machine-readable`.
pub fn status(text: &str) -> BTreeMap<String, Status> {
    let mut machines: BTreeMap<String, Status> = BTreeMap::new();
    for (target, kind, data) in lines(text).filter(|(target, ..)| !target.is_empty()) {
        let value = data.into_iter().next().unwrap_or_default();
        match kind {
            "state" => machines.entry(target.to_owned()).or_default().state = value,
            "provider-name" => machines.entry(target.to_owned()).or_default().provider = value,
            _ => {}
        }
    }
    machines.retain(|_, machine| !machine.state.is_empty());
    machines
}

/// The error a command ended with.
pub fn failure(text: &str) -> Option<Failure> {
    let (_, _, mut data) = lines(text).find(|(_, kind, _)| *kind == "error-exit")?;
    let message = data.drain(1..).collect::<Vec<_>>().join(", ");
    let class = data.first()?.rsplit("::").next()?.to_owned();
    Some(Failure { class, message })
}

/// Logins by machine, from `vagrant ssh-config`.
pub fn logins(text: &str) -> BTreeMap<String, Login> {
    let mut machines: BTreeMap<String, Login> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once(' ') else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        if key == "Host" {
            value.clone_into(&mut name);
            machines.insert(
                name.clone(),
                Login {
                    port: 22,
                    ..Login::default()
                },
            );
            continue;
        }
        let Some(login) = machines.get_mut(&name) else {
            continue;
        };
        match key {
            "HostName" => value.clone_into(&mut login.host),
            "User" => value.clone_into(&mut login.user),
            "Port" => login.port = value.parse().unwrap_or(22),
            "IdentityFile" => login.keys.push(PathBuf::from(value)),
            _ => {}
        }
    }
    machines.retain(|_, login| !login.host.is_empty());
    machines
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// As Vagrant 2.3.4 prints it.
    const STATUS: &str = "1795534397,m-k8s,metadata,provider,docker\n1795534397,m-k8s,provider-name,docker\n\
        1795534397,m-k8s,state,running\n1795534397,m-k8s,state-human-short,running\n\
        1795534397,m-k8s,state-human-long,The container is created and running.\n\
        1795534397,w1-k8s,metadata,provider,virtualbox\n1795534397,w1-k8s,provider-name,virtualbox\n\
        1795534397,w1-k8s,state,not_created\n1795534397,w1-k8s,state-human-short,not created\n\
        1795534397,,ui,info,Current machine states:\\n\\nm-k8s  running (docker)\\nw1-k8s not created (virtualbox)\n";

    #[test]
    fn machines_and_their_states_are_found_among_what_is_for_people() {
        let found = status(STATUS);
        let of = |name: &str| (found[name].state.as_str(), found[name].provider.as_str());
        assert_eq!(found.len(), 2);
        assert_eq!(of("m-k8s"), ("running", "docker"));
        assert_eq!(of("w1-k8s"), ("not_created", "virtualbox"));
        assert!(status("==> vagrant: A new version\n\n").is_empty());
    }

    #[test]
    fn an_error_has_the_name_of_its_class() {
        let said = "1795534399,,ui,error,The provider\n1795534399,,error-exit,Vagrant::Errors::ProviderNotFound,The provider \
            'libvirt' could not be found%!(VAGRANT_COMMA) but was requested to\\nback the machine\n";
        let failure = failure(said).unwrap();
        assert_eq!(failure.class, "ProviderNotFound");
        assert!(failure.message.contains("found, but was requested to\nback"));
        assert_eq!(super::failure(STATUS), None);
    }

    #[test]
    fn a_path_with_spaces_and_hangul_is_read_whole() {
        let said = "Host m-k8s\n  HostName 127.0.0.1\n  User vagrant\n  Port 2222\n  UserKnownHostsFile /dev/null\n  \
            StrictHostKeyChecking no\n  IdentityFile \"/home/홍 길동/내 실습/.vagrant/machines/m-k8s/virtualbox/private_key\"\n  \
            IdentitiesOnly yes\n\nHost w1-k8s\n  HostName 172.17.0.3\n  User vagrant\n  Port 22\n  IdentityFile /a/key\n\n";
        let found = logins(said);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found["m-k8s"].port, found["m-k8s"].user.as_str()),
            (2222, "vagrant")
        );
        let key = "/home/홍 길동/내 실습/.vagrant/machines/m-k8s/virtualbox/private_key";
        assert_eq!(found["m-k8s"].keys, [PathBuf::from(key)]);
        assert_eq!(found["w1-k8s"].keys, [PathBuf::from("/a/key")]);
        assert!(logins("1795534397,m-k8s,ssh-config,Host m-k8s\\n  HostName 127.0.0.1\n").is_empty());
    }
}
