//! A real OpenSSH server of one's own: private keys, a loopback port, gone when dropped. Used by the transport's tests.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lab::transport::ssh::{self, Connection};
use lab::transport::{Endpoint, HostKeys, Login};

/// SHA-512 crypt of "a throwaway password": root's, for a server that is given `shadow`; nothing of the host's knows it.
const SHADOW: &str = "$6$lab$1H2mNfjjptHTLHKoBcttQ6a.uZdZ1C8kolZjN4GKyX5rx1K0rGPLLraBthO81D.chRbSY06tXARHIB.8Rg4cT0";

pub struct Sshd {
    pub directory: tempfile::TempDir,
    pub port: u16,
    child: Child,
}

impl Sshd {
    /// With these lines before its configuration (the first to name a setting counts).
    pub fn start(configuration: &str) -> Self {
        Self::prepared(configuration, None)
    }

    /// In a mount namespace of its own, where `script` ran before ($1: the server's directory). Needs root.
    pub fn prepared(configuration: &str, script: Option<&str>) -> Self {
        let program = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| Path::new(path).exists());
        let program = program.expect("these tests need OpenSSH's server: apt-get install openssh-server");
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for (name, kind) in [("host", "ed25519"), ("host_ecdsa", "ecdsa"), ("user", "ed25519"), ("stranger", "ed25519")] {
            keygen(&at(name), kind);
        }
        std::fs::copy(at("user.pub"), at("authorized_keys")).unwrap();
        std::fs::write(at("shadow"), format!("root:{SHADOW}:19000:0:99999:7:::\n")).unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let base = directory.path().display();
        let text = format!(
            "{configuration}\nListenAddress 127.0.0.1:{port}\nHostKey {base}/host_ecdsa\nHostKey {base}/host\nPidFile none\nStrictModes no\nUsePAM no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 100\n\
             AuthorizedKeysFile {base}/authorized_keys\nLogLevel VERBOSE\n"
        );
        std::fs::write(at("sshd_config"), text).unwrap();
        if user() == "root" {
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let log = std::fs::File::create(at("log")).unwrap();
        let mut command = match script {
            None => Command::new(program),
            Some(script) => {
                let mut command = Command::new("unshare");
                let script = format!("set -e\n{script}\nshift\nexec \"$@\"");
                command.args(["-m", "--", "sh", "-c", &script, "sh"]).arg(directory.path()).arg(program);
                command
            }
        };
        command.args(["-D", "-e", "-f"]).arg(at("sshd_config")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap();
        Self { directory, port, child }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A public key as it is pinned.
    pub fn public(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// With the right pin and the right key.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            node: "m-k8s".parse().unwrap(),
            address: Ipv4Addr::LOCALHOST.into(),
            port: self.port,
            network: None,
            user: user(),
            sudo: false,
            logins: vec![Login::Key(self.path("user"))],
            host_keys: HostKeys::Pinned(vec![self.public("host")]),
        }
    }

    pub async fn connect(&self) -> Connection {
        self.try_connect(&self.endpoint()).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub async fn try_connect(&self, endpoint: &Endpoint) -> lab::error::Result<Connection> {
        ssh::connect(endpoint, Duration::from_secs(10)).await
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("sshd's log:\n{}", std::fs::read_to_string(self.path("log")).unwrap_or_default());
        }
    }
}

pub fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn keygen(path: &Path, kind: &str) {
    let status = Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", "", "-f"]).arg(path).status();
    assert!(status.expect("these tests need ssh-keygen").success());
}
