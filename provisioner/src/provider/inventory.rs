//! Any machines with SSH, as cluster.yaml names them. They run; the lab neither makes, stops nor removes them.

use std::path::{Path, PathBuf};

use super::local::host;
use super::machines::{Pins, Place, cannot, no_snapshots};
use super::{NodeState, Provider, Snapshot, node_image};
use crate::artifact::Bundle;
use crate::cluster::{Cluster, Node, WayOut};
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::paths::Paths;
use crate::text;
use crate::transport::{Endpoint, Login};

/// Keys of a user that OpenSSH's client would try as well.
const USUAL_KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// The machines of one cluster.yaml.
#[derive(Debug)]
pub struct Inventory {
    cluster: Cluster,
    project: PathBuf,
    pins: Pins,
    bundle: Option<Bundle>,
}

impl Inventory {
    /// The machines of this seat. The bundle is needed only to bring them what they lack.
    pub fn new(paths: &Paths, cluster: &Cluster, bundle: Option<Bundle>) -> Self {
        Self {
            cluster: cluster.clone(),
            project: paths.project.clone(),
            pins: Pins::of(&paths.state),
            bundle,
        }
    }

    fn at(&self, name: &NodeName) -> Result<Place> {
        let node = self.cluster.node(name).ok_or_else(|| {
            Error::usage(text!(
                "{}: 클러스터에 없는 노드",
                "no node `{}` in the cluster",
                name
            ))
        })?;
        let own = || std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
        let user = node.ssh.user.clone().or_else(|| own().ok());
        Ok(Place {
            node: name.clone(),
            address: node
                .ssh
                .address
                .clone()
                .unwrap_or_else(|| node.address.to_string()),
            port: node.ssh.port.unwrap_or(22),
            user: user.unwrap_or_else(|| "root".into()),
            logins: self.logins(node)?,
            identity: None,
        })
    }

    /// The ways cluster.yaml names; where it names none, those of OpenSSH's client.
    fn logins(&self, node: &Node) -> Result<Vec<Login>> {
        let ssh = &node.ssh;
        let mut logins = vec![];
        if let Some(key) = &ssh.key {
            logins.push(Login::Key(self.found(key)));
        }
        let named = ssh.key.is_some() || ssh.password_file.is_some();
        if ssh
            .agent
            .unwrap_or(!named && std::env::var_os("SSH_AUTH_SOCK").is_some())
        {
            logins.push(Login::Agent);
        }
        if let Some(file) = &ssh.password_file {
            let password = password(&self.found(file)).map_err(|error| error.on(&node.name))?;
            logins.push(Login::Password(password));
        }
        if !named && ssh.agent.is_none() {
            let usual = USUAL_KEYS.map(|name| self.found(&Path::new("~/.ssh").join(name)));
            logins.extend(usual.into_iter().filter(|key| key.exists()).map(Login::Key));
        }
        Ok(logins)
    }

    /// A path of cluster.yaml: `~/` is the home directory, a relative one starts at the project.
    fn found(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), std::env::var_os("HOME")) {
            (Ok(inside), Some(home)) => Path::new(&home).join(inside),
            _ => self.project.join(path),
        }
    }
}

/// The password in a file: its first line. One that others can read is refused.
fn password(file: &Path) -> Result<String> {
    let failed = |error| {
        Error::usage(text!(
            "비밀번호 파일 {}을(를) 읽을 수 없음",
            "cannot read the password file {}",
            file.display()
        ))
        .because(error)
    };
    if host::others_may_read(file).map_err(failed)? {
        let what = text!(
            "비밀번호 파일 {}을(를) 다른 사용자도 읽을 수 있음",
            "others can read the password file {}",
            file.display()
        );
        return Err(Error::usage(what).hint(text!("chmod 600 {0}", "chmod 600 {0}", file.display())));
    }
    let text = std::fs::read_to_string(file).map_err(failed)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

impl Provider for Inventory {
    fn name(&self) -> &'static str {
        "inventory"
    }

    fn states(&self) -> Result<Vec<(NodeName, NodeState)>> {
        // Whether one answers is found out by asking it.
        let all = self.cluster.nodes.iter();
        Ok(all.map(|node| (node.name.clone(), NodeState::Up)).collect())
    }

    fn prepare(&self) -> Result<()> {
        Ok(())
    }

    fn boot(&self, _node: &NodeName) -> Result<()> {
        Ok(())
    }

    fn endpoint(&self, node: &NodeName) -> Result<Endpoint> {
        self.pins.endpoint(&self.at(node)?)
    }

    fn place(&self, node: &NodeName) -> Result<Option<(Pins, Place)>> {
        Ok(Some((self.pins.clone(), self.at(node)?)))
    }

    fn stops(&self) -> bool {
        false
    }

    fn stop(&self, node: &NodeName) -> Result<()> {
        Err(cannot(
            text!(
                "inventory 프로바이더는 기계를 끄지 않음",
                "the inventory provider does not stop machines"
            ),
            text!(
                "직접 끄세요: `lab exec {node} -- poweroff`",
                "stop it yourself: `lab exec {node} -- poweroff`"
            ),
        )
        .on(node))
    }

    fn destroy(&self, node: &NodeName) -> Result<()> {
        self.pins.forget(&self.at(node)?)
    }

    fn dismantle(&self) -> Result<()> {
        Ok(())
    }

    fn save(&self, _snapshot: &str, _replace: bool) -> Result<()> {
        Err(no_snapshots("inventory"))
    }

    fn restore(&self, _snapshot: &str, _nodes: &[NodeName]) -> Result<()> {
        Err(no_snapshots("inventory"))
    }

    fn snapshots(&self) -> Result<Vec<Snapshot>> {
        Ok(vec![])
    }

    fn saves(&self) -> bool {
        false
    }

    fn bundle(&self) -> Option<&Bundle> {
        self.bundle.as_ref()
    }

    fn packages(&self, packages: &[String], have: &[String], into: &Path) -> Result<Vec<PathBuf>> {
        let bundle = self.bundle.as_ref().ok_or_else(|| {
            Error::new("no bundle to take packages from").hint(text!("`lab up`으로 하세요", "use `lab up`"))
        })?;
        node_image::packages(&bundle.node_image.path, packages, have, into)
    }

    fn forget(&self, _snapshot: &str) -> Result<()> {
        Err(no_snapshots("inventory"))
    }

    fn way_out(&self) -> Result<Option<WayOut>> {
        Ok(None)
    }

    fn let_out(&self, _open: bool) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Ways to log in to a machine with this `ssh:`, as they are printed, in a project whose file `secret` has these permissions.
    fn ways(ssh: &str, mode: u32) -> Result<String> {
        let project = tempfile::tempdir().unwrap();
        let secret = project.path().join("secret");
        std::fs::write(&secret, "of the machine\nnot this\n").unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        let text = format!(
            "cluster: c\nnetwork: 192.168.1.0/24\nprovider: inventory\nnodes:\n- {{name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, \
             memory: 2GiB, ssh: {ssh}}}\nregistry: {{host: m-k8s, port: 8443, image: registry:2}}\n"
        );
        let inventory = Inventory {
            cluster: Cluster::parse("cluster.yaml", &text).unwrap(),
            project: project.path().into(),
            pins: Pins::of(project.path()),
            bundle: None,
        };
        let logins = inventory.logins(inventory.cluster.master())?;
        if let Some(Login::Password(password)) = logins.last() {
            assert_eq!(password, "of the machine");
        }
        let shown = format!("{logins:?}");
        Ok(shown.replace(&format!("{}/", project.path().display()), ""))
    }

    #[test]
    fn ways_to_log_in_are_those_that_are_named_in_this_order() {
        let all = "{key: own, agent: true, password-file: secret}";
        assert_eq!(
            ways(all, 0o600).unwrap(),
            "[Key(own), Agent, Password([redacted])]"
        );
        assert_eq!(ways("{key: own}", 0o600).unwrap(), "[Key(own)]");
        assert_eq!(ways("{agent: true}", 0o600).unwrap(), "[Agent]");
    }

    #[test]
    fn a_password_others_can_read_or_nobody_is_refused() {
        let others = ways("{password-file: secret}", 0o644).unwrap_err();
        assert!(others.what().en.contains("others can read"), "{others}");
        assert!(others.advice().unwrap().en.contains("chmod 600"), "{others}");
        let none = ways("{password-file: missing}", 0o600).unwrap_err();
        assert!(none.what().en.contains("cannot read the password file"), "{none}");
    }
}
