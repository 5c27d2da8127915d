//! A registry that is there already, beside the lab's own: where it is, and how nodes log in. What each product's interface
//! looks like is `registry_product`'s, asking it `external`'s.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A registry of somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct External {
    /// Its name or IPv4 address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The project, namespace or path that images go below.
    pub namespace: Option<String>,
    /// What it is; `None`: to be found out.
    pub product: Option<Product>,
    /// Who logs in; `None`: whoever Docker of this machine's user is logged in as.
    pub login: Option<Login>,
    /// PEM file of the authority that vouches for it; `None`: what a node's system trusts.
    pub ca_file: Option<PathBuf>,
}

/// A user, and the file that holds the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The file, mode 0600.
    pub password_file: PathBuf,
}

/// What a registry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// The CNCF's distribution (`registry:2`), with basic or token authentication.
    Distribution,
    /// Harbor.
    Harbor,
    /// Quay.
    Quay,
    /// Sonatype Nexus Repository.
    Nexus,
}

impl External {
    /// As engines name it: without the port that https has anyway.
    pub fn server(&self) -> String {
        match self.port {
            443 => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }

    /// What an image's name begins with there.
    pub fn prefix(&self) -> String {
        let server = self.server();
        match &self.namespace {
            Some(namespace) => format!("{server}/{namespace}"),
            None => server,
        }
    }

    /// With its files found from the directory of cluster.yaml.
    #[must_use]
    pub fn anchored(mut self, directory: &Path) -> Self {
        if let Some(login) = &mut self.login {
            login.password_file = directory.join(&login.password_file);
        }
        self.ca_file = self.ca_file.map(|file| directory.join(file));
        self
    }
}
