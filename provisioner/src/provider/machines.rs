//! Machines that were there before the lab: who they are by their host keys, kept in the state directory from the first sight on,
//! and how they are logged in to. Changes nothing on them.

use std::net::{IpAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::text;
use crate::text::Text;
use crate::transport::ssh::fingerprint_of;
use crate::transport::{Endpoint, HostKeys, Login};

/// Where one machine is, and who logs in how.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its node.
    pub node: NodeName,
    /// Address or name.
    pub address: String,
    /// SSH port.
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// Ways to log in, tried in order.
    pub logins: Vec<Login>,
    /// Whose host keys these are, where the node can be another machine tomorrow: a machine made anew is met anew.
    pub identity: Option<String>,
}

/// The host keys seen so far.
#[derive(Clone, Debug)]
pub struct Pins(PathBuf);

impl Pins {
    /// Those of a state directory.
    pub fn of(state: &Path) -> Self {
        Self(state.join("host-keys"))
    }

    fn file(&self, place: &Place) -> PathBuf {
        let identity = place.identity.as_ref().map(|identity| format!(".{identity}"));
        self.0
            .join(format!("{}{}", place.node, identity.unwrap_or_default()))
    }

    /// How the machine is reached; it must show the key that was seen first, or the one the user knows already.
    pub fn endpoint(&self, place: &Place) -> Result<Endpoint> {
        let address = resolve(place)?;
        let file = self.file(place);
        if place.identity.is_none() {
            self.adopt(&file, &known_hosts(place))?;
        }
        Ok(Endpoint {
            node: place.node.clone(),
            address,
            port: place.port,
            network: None,
            sudo: place.user != "root",
            user: place.user.clone(),
            logins: place.logins.clone(),
            host_keys: HostKeys::FirstSight(file),
        })
    }

    /// What the user's own known_hosts says of the machine comes before a first sight, also before an earlier one: whoever makes
    /// a machine anew writes there which it is now.
    fn adopt(&self, file: &Path, keys: &[String]) -> Result<()> {
        let text = keys.join("\n") + "\n";
        if keys.is_empty() || std::fs::read_to_string(file).is_ok_and(|pinned| pinned == text) {
            return Ok(());
        }
        let failed = |error| Error::new(format!("cannot write {}", file.display())).because(error);
        std::fs::create_dir_all(&self.0).map_err(failed)?;
        // Whole or not at all: an empty file would be a machine never seen.
        let fresh = tempfile::NamedTempFile::new_in(&self.0).map_err(failed)?;
        std::fs::write(fresh.path(), text).map_err(failed)?;
        fresh.persist(file).map(drop).map_err(|error| failed(error.error))
    }

    /// Fingerprint of the first key that is accepted of this machine, if there is one.
    pub fn accepted(&self, place: &Place) -> Option<String> {
        let text = std::fs::read_to_string(self.file(place)).ok()?;
        fingerprint_of(text.lines().next()?)
    }

    /// Takes the machine for one never seen.
    pub fn forget(&self, place: &Place) -> Result<()> {
        let file = self.file(place);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::new(format!("cannot remove {}", file.display())).because(error))
            }
            _ => Ok(()),
        }
    }
}

fn resolve(place: &Place) -> Result<IpAddr> {
    let failed = || {
        Error::new(text!(
            "`{0}`의 주소를 찾을 수 없음",
            "cannot find the address of `{0}`",
            place.address
        ))
        .on(&place.node)
        .hint(text!(
            "cluster.yaml의 `ssh: {{address: …}}`에 IP 주소를 쓰세요",
            "write an IP address into `ssh: {{address: …}}` in cluster.yaml"
        ))
    };
    if let Ok(address) = place.address.parse() {
        return Ok(address);
    }
    let found = (place.address.as_str(), place.port).to_socket_addrs();
    let mut found = found.map_err(|error| failed().because(error))?;
    found.next().map(|socket| socket.ip()).ok_or_else(failed)
}

/// Keys of this machine in the user's known_hosts. OpenSSH's own program looks: names may be hashed there.
fn known_hosts(place: &Place) -> Vec<String> {
    let Some(home) = std::env::var_os("HOME") else {
        return vec![];
    };
    let name = match place.port {
        22 => place.address.clone(),
        port => format!("[{}]:{port}", place.address),
    };
    let file = Path::new(&home).join(".ssh/known_hosts");
    let mut command = Command::new("ssh-keygen");
    command.args(["-F", &name, "-f"]).arg(file).stdin(Stdio::null());
    let Ok(output) = command.output() else {
        return vec![];
    };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(key_of)
        .collect()
}

/// `type base64` of a line of known_hosts; none of a comment, a revoked key or an authority.
fn key_of(line: &str) -> Option<String> {
    if line.starts_with(['#', '@']) {
        return None;
    }
    let mut words = line.split_whitespace().skip(1);
    Some(format!("{} {}", words.next()?, words.next()?))
}

/// What a provider of machines cannot do, and what can.
pub fn cannot(what: Text, hint: Text) -> Error {
    Error::new(what).hint(hint)
}

/// Nothing is saved of somebody's machine.
pub fn no_snapshots(provider: &str) -> Error {
    cannot(
        text!(
            "{provider} 프로바이더는 이 기계들의 스냅샷을 저장하거나 되돌릴 수 없음",
            "the {provider} provider cannot save or restore snapshots of these machines"
        ),
        text!(
            "스냅샷에는 provider: local이나 vagrant가 필요합니다 (Vagrant의 기계라면 그 호스트에서 `vagrant snapshot save 이름`); 실습 하나는 `lab reset LAB/EXERCISE`로 되돌립니다",
            "snapshots need provider: local or vagrant (of Vagrant's machines: `vagrant snapshot save NAME` on their host); one exercise is taken back with `lab reset LAB/EXERCISE`"
        ),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn place(identity: Option<&str>) -> Place {
        Place {
            node: "m-k8s".parse().unwrap(),
            address: "192.0.2.1".into(),
            port: 22,
            user: "debian".into(),
            logins: vec![],
            identity: identity.map(Into::into),
        }
    }

    #[test]
    fn lines_of_known_hosts_that_name_no_key_of_a_host_are_passed_over() {
        assert_eq!(
            key_of("host ssh-ed25519 AAAA me"),
            Some("ssh-ed25519 AAAA".into())
        );
        for line in [
            "# Host h found: line 1",
            "@revoked h ssh-rsa AAAA",
            "@cert-authority * ssh-rsa AAAA",
            "h",
            "",
        ] {
            assert_eq!(key_of(line), None, "{line}");
        }
    }

    #[test]
    fn a_machine_made_anew_is_another_one() {
        let state = tempfile::tempdir().unwrap();
        let pins = Pins::of(state.path());
        let (first, second) = (place(Some("a")), place(Some("b")));
        std::fs::create_dir_all(&pins.0).unwrap();
        std::fs::write(pins.file(&first), "ssh-ed25519 AAAA\n").unwrap();
        assert!(pins.accepted(&first).unwrap().starts_with("SHA256:"));
        assert_eq!(pins.accepted(&second), None);
        pins.forget(&first).unwrap();
        pins.forget(&first).unwrap();
        assert_eq!(pins.accepted(&first), None);
    }

    #[test]
    fn what_known_hosts_says_takes_the_place_of_what_was_pinned() {
        let state = tempfile::tempdir().unwrap();
        let pins = Pins::of(state.path());
        let place = place(None);
        let adopt = |key: &str| {
            let keys: Vec<String> = key
                .split(';')
                .filter(|key| !key.is_empty())
                .map(Into::into)
                .collect();
            pins.adopt(&pins.file(&place), &keys).unwrap();
            std::fs::read_to_string(pins.file(&place)).unwrap_or_default()
        };
        assert_eq!(adopt(""), "");
        assert_eq!(adopt("ssh-ed25519 AAAA"), "ssh-ed25519 AAAA\n");
        assert_eq!(adopt(""), "ssh-ed25519 AAAA\n", "known_hosts says nothing");
        assert_eq!(
            adopt("ssh-ed25519 BBBB;ssh-rsa CCCC"),
            "ssh-ed25519 BBBB\nssh-rsa CCCC\n"
        );
    }

    #[test]
    fn root_needs_no_sudo() {
        let state = tempfile::tempdir().unwrap();
        let pins = Pins::of(state.path());
        let mut place = place(Some("a"));
        assert!(pins.endpoint(&place).unwrap().sudo);
        place.user = "root".into();
        assert!(!pins.endpoint(&place).unwrap().sudo);
    }
}
