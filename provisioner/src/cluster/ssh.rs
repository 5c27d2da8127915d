//! How a machine that was there before the lab is reached: as written, nothing looked up.

use std::path::PathBuf;

use serde::Serialize;

/// SSH to one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ssh {
    /// Its address or name; the node's own address where absent.
    pub address: Option<String>,
    /// Its port; 22 where absent.
    pub port: Option<u16>,
    /// Who logs in; the user who runs `lab` where absent.
    pub user: Option<String>,
    /// A private key file, as written: `~/` is the home directory, a relative path starts at the project.
    pub key: Option<PathBuf>,
    /// Whether the agent at `SSH_AUTH_SOCK` is asked.
    pub agent: Option<bool>,
    /// A file that holds the password, as written.
    pub password_file: Option<PathBuf>,
}

impl Ssh {
    /// This, and what it leaves open as `common` says. A way to log in of its own replaces the common ones.
    #[must_use]
    pub fn or(self, common: &Self) -> Self {
        let own_way = self.key.is_some() || self.agent.is_some() || self.password_file.is_some();
        let ways = if own_way { &self } else { common };
        Self {
            key: ways.key.clone(),
            agent: ways.agent,
            password_file: ways.password_file.clone(),
            address: self.address.clone(),
            port: self.port.or(common.port),
            user: self.user.clone().or_else(|| common.user.clone()),
        }
    }
}
