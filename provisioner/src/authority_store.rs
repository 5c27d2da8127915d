//! Authorities and leaves as files of the state directory. Each is one file, certificate and key together, mode 0600,
//! replaced by rename: a kill leaves the old pair or the new one. What is issued is decided in [`crate::pki`].
//!
//! ```text
//! pki/authority.pem   signs              pki/leaf/NODE.pem   what NODE's servers show
//! pki/next.pem        trusted, will sign (a rotation began)
//! pki/previous.pem    trusted, no longer signs (a rotation is not over)
//! ```

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::config::{Cluster, Node};
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::pki::{Authority, Leaf, Secret, inspect, issue_leaf, needs_renewal};
use crate::text;

/// The directory of authorities and leaves.
#[derive(Clone, Debug)]
pub struct AuthorityStore {
    directory: PathBuf,
}

impl AuthorityStore {
    /// In the state directory of a seat. Touches nothing yet.
    pub fn new(state: &Path) -> Self {
        Self {
            directory: state.join("pki"),
        }
    }

    /// The authority that signs; made on first use, made anew when the cluster's network or names changed or it is
    /// about to end (the former stays trusted as the previous one until [`Self::finish_rotation`]).
    pub fn authority(&self, cluster: &Cluster, now: OffsetDateTime) -> Result<Authority> {
        let names = names(cluster);
        if let Some(authority) = self.read("authority")? {
            let fresh = !needs_renewal(inspect(&authority.certificate_pem)?.not_after, now);
            if fresh && authority.covers(cluster.network, &names)? {
                return Ok(authority);
            }
            self.write("previous", &authority.certificate_pem, &authority.key_pem)?;
        }
        let authority = Authority::issue(&cluster.name, cluster.network, &names, now)?;
        self.write("authority", &authority.certificate_pem, &authority.key_pem)?;
        Ok(authority)
    }

    /// Rotation, first step: the authority that will sign, made unless a rotation had begun. Distribute
    /// [`Self::trusted`] before [`Self::promote`].
    pub fn begin_rotation(&self, cluster: &Cluster, now: OffsetDateTime) -> Result<Authority> {
        if let Some(next) = self.read("next")? {
            return Ok(next);
        }
        let next = Authority::issue(&cluster.name, cluster.network, &names(cluster), now)?;
        self.write("next", &next.certificate_pem, &next.key_pem)?;
        Ok(next)
    }

    /// Rotation, second step: the next authority signs from now on, the former is only trusted.
    /// Does nothing without a next one.
    pub fn promote(&self) -> Result<()> {
        let Some(next) = self.read("next")? else {
            return Ok(());
        };
        if let Some(authority) = self.read("authority")?
            && authority != next
        {
            self.write("previous", &authority.certificate_pem, &authority.key_pem)?;
        }
        self.write("authority", &next.certificate_pem, &next.key_pem)?;
        self.remove("next")
    }

    /// Rotation, last step, once every server shows a leaf of the new authority: the former is forgotten.
    pub fn finish_rotation(&self) -> Result<()> {
        self.remove("previous")
    }

    /// Whether a rotation has begun and is not over.
    pub fn rotating(&self) -> Result<bool> {
        Ok(self.read("next")?.is_some() || self.read("previous")?.is_some())
    }

    /// Certificates nodes must trust now, PEM. Their order says nothing, so a promotion alone changes no node.
    pub fn trusted(&self) -> Result<Vec<String>> {
        let mut certificates = vec![];
        for name in ["authority", "next", "previous"] {
            certificates.extend(self.read(name)?.map(|authority| authority.certificate_pem));
        }
        certificates.sort();
        certificates.dedup();
        Ok(certificates)
    }

    /// The certificate of the authority that signs, PEM; makes none.
    pub fn signing(&self) -> Result<Option<String>> {
        let authority = self.read("authority")?;
        Ok(authority.map(|authority| authority.certificate_pem))
    }

    /// The leaf of a node's servers (its address and name), signed by the authority: the stored one while it is good,
    /// else a new one. Good: of this authority, for this address and name, with 30 days left.
    pub fn leaf(&self, cluster: &Cluster, node: &Node, now: OffsetDateTime) -> Result<Leaf> {
        let authority = self.authority(cluster, now)?;
        let file = format!("leaf/{}", node.name);
        let (address, name) = ([node.address], [node.name.to_string()]);
        if let Some((certificate_pem, key_pem)) = self.pair(&file)? {
            let issuer = inspect(&authority.certificate_pem)?;
            let leaf = inspect(&certificate_pem)?;
            let good = leaf.authority_key == issuer.subject_key
                && leaf.addresses == address
                && leaf.names == name
                && !needs_renewal(leaf.not_after, now);
            if good {
                return Ok(Leaf {
                    certificate_pem,
                    key_pem,
                });
            }
        }
        let leaf = issue_leaf(&authority, &address, &name, now)?;
        self.write(&file, &leaf.certificate_pem, &leaf.key_pem)?;
        Ok(leaf)
    }

    /// The stored leaf of a node, good or not; `None` before one was issued.
    pub fn stored_leaf(&self, node: &NodeName) -> Result<Option<Leaf>> {
        let pair = self.pair(&format!("leaf/{node}"))?;
        Ok(pair.map(|(certificate_pem, key_pem)| Leaf {
            certificate_pem,
            key_pem,
        }))
    }

    /// Every private key in the store: what no report may show.
    pub fn secrets(&self) -> Result<Vec<Secret>> {
        let directory = self.directory.join("leaf");
        let leaves = match fs::read_dir(&directory) {
            Ok(entries) => entries.collect::<std::io::Result<Vec<_>>>(),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(vec![]),
            Err(error) => Err(error),
        };
        let leaves = leaves.map_err(|error| cannot("읽을", "read", &directory).because(error))?;
        let mut names = ["authority", "next", "previous"].map(str::to_owned).to_vec();
        for leaf in leaves {
            let name = leaf.file_name().to_string_lossy().into_owned();
            names.extend(name.strip_suffix(".pem").map(|name| format!("leaf/{name}")));
        }
        let pairs = names.iter().map(|name| self.pair(name));
        let pairs: Result<Vec<_>> = pairs.collect();
        Ok(pairs?.into_iter().flatten().map(|(_, key)| key).collect())
    }

    /// Forgets the stored leaf of a node, so that the next is a new one.
    pub fn forget_leaf(&self, node: &NodeName) -> Result<()> {
        self.remove(&format!("leaf/{node}"))
    }

    /// When the stored leaf of a node ends; `None` before one was issued.
    pub fn leaf_ends(&self, node: &NodeName) -> Result<Option<OffsetDateTime>> {
        match self.pair(&format!("leaf/{node}"))? {
            Some((certificate_pem, _)) => Ok(Some(inspect(&certificate_pem)?.not_after)),
            None => Ok(None),
        }
    }

    fn read(&self, name: &str) -> Result<Option<Authority>> {
        let Some((certificate, key)) = self.pair(name)? else {
            return Ok(None);
        };
        let file = self.file(name);
        Authority::load(&certificate, key.expose())
            .map(Some)
            .map_err(|error| {
                let hint = text!(
                    "{}을(를) 옮겨 두면 새로 만듭니다",
                    "move {} away and a new one is made",
                    file.display()
                );
                error.hint(hint)
            })
    }

    fn pair(&self, name: &str) -> Result<Option<(String, Secret)>> {
        let file = self.file(name);
        let content = match fs::read_to_string(&file) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot("읽을", "read", &file).because(error)),
        };
        let Some(at) = content.find("-----BEGIN PRIVATE KEY-----") else {
            return Err(cannot("읽을", "read", &file).cause("it holds no private key"));
        };
        let (certificate, key) = content.split_at(at);
        Ok(Some((certificate.to_owned(), Secret::new(key))))
    }

    fn write(&self, name: &str, certificate_pem: &str, key_pem: &Secret) -> Result<()> {
        let file = self.file(name);
        let directory = file.parent().unwrap_or(&self.directory);
        let write = || {
            fs::create_dir_all(directory)?;
            // A temporary file is created with mode 0600 and keeps it.
            let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
            temporary.write_all(certificate_pem.as_bytes())?;
            temporary.write_all(key_pem.expose().as_bytes())?;
            temporary.as_file().sync_all()?;
            temporary.persist(&file).map_err(|error| error.error).map(drop)
        };
        write().map_err(|error: std::io::Error| cannot("쓸", "write", &file).because(error))
    }

    fn remove(&self, name: &str) -> Result<()> {
        let file = self.file(name);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(cannot("지울", "remove", &file).because(error))
            }
            _ => Ok(()),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.pem"))
    }
}

/// What the authority may vouch for by name: every node of the cluster.
fn names(cluster: &Cluster) -> Vec<String> {
    cluster.nodes.iter().map(|node| node.name.to_string()).collect()
}

fn cannot(korean: &str, english: &str, file: &Path) -> Error {
    let file = file.display();
    Error::new(text!("{file}을(를) {korean} 수 없음", "cannot {english} {file}"))
}

#[cfg(test)]
mod tests;
