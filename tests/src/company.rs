//! A company's registry, on a node: Debian's docker-registry behind basic or token authentication, with a certificate of an authority
//! that nobody else knows.

pub mod tokens;

use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::seat::{Ran, Seat};

/// Who may log in.
pub const USER: &str = "student";
/// With this. `$2y$05$…` of it is made on the node.
pub const PASSWORD: &str = "open sesame 1234";

/// How the registry wants a login.
#[derive(Clone, Copy, Debug)]
pub enum Auth<'a> {
    /// User and password.
    Basic,
    /// Tokens from here, signed by a certificate of this file.
    Token {
        /// Where tokens are.
        realm: &'a str,
        /// PEM of who signs them.
        signer: &'a str,
    },
}

/// The company: its authority, and where the tests keep that.
#[derive(Debug)]
pub struct Company {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

fn other(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

impl Company {
    /// A new one.
    pub fn new() -> io::Result<Self> {
        let key = KeyPair::generate().map_err(other)?;
        let mut params = CertificateParams::new(vec![]).map_err(other)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "authority of the company");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).map_err(other)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            pem,
        })
    }

    /// Puts its certificate into the project of a seat, as `company.pem`.
    pub fn introduce(&self, seat: &Seat) -> io::Result<PathBuf> {
        let file = seat.project().join("company.pem");
        std::fs::write(&file, &self.pem)?;
        Ok(file)
    }

    /// Certificate and key, PEM, of a server with this name or address.
    pub fn vouch(&self, name: &str) -> io::Result<(String, String)> {
        let key = KeyPair::generate().map_err(other)?;
        let params = CertificateParams::new(vec![name.to_owned()]).map_err(other)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(other)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    /// Starts the registry on a node, at port 5443 of its name, as the unit `company`.
    pub fn serve(&self, seat: &Seat, node: &str, auth: Auth<'_>) -> io::Result<Ran> {
        let (certificate, key) = self.vouch(node)?;
        let (auth, signer) = match auth {
            Auth::Basic => (
                "htpasswd: {realm: company, path: /root/company/htpasswd}".to_owned(),
                "",
            ),
            Auth::Token { realm, signer } => (
                format!(
                    "token: {{realm: '{realm}', service: {}, issuer: {}, rootcertbundle: /root/company/signer.pem}}",
                    tokens::SERVICE,
                    tokens::ISSUER
                ),
                signer,
            ),
        };
        let config = format!(
            "version: 0.1
storage: {{filesystem: {{rootdirectory: /root/company/data}}, delete: {{enabled: true}}}}
http: {{addr: ':5443', tls: {{certificate: /root/company/leaf.pem, key: /root/company/leaf.key}}}}
auth: {{{auth}}}
"
        );
        let put = |name: &str, text: &str| {
            format!(
                "echo {} | base64 -d > /root/company/{name}\n",
                STANDARD.encode(text)
            )
        };
        let mut script = "mkdir -p /root/company\n".to_owned();
        for (name, text) in [
            ("leaf.pem", certificate.as_str()),
            ("leaf.key", &key),
            ("signer.pem", signer),
            ("config.yml", &config),
            ("password", PASSWORD),
        ] {
            script += &put(name, text);
        }
        script += &format!(
            "perl -e 'open F, q(/root/company/password); print q({USER}:), crypt(<F>, q($2y$05$abcdefghijklmnopqrstuu)), qq(\\n)' > /root/company/htpasswd
             systemd-run --quiet --collect --unit company docker-registry serve /root/company/config.yml
             timeout 30 bash -c 'until (exec 3<>/dev/tcp/127.0.0.1/5443) 2>/dev/null; do sleep 0.1; done'"
        );
        Ok(seat.on(node, &script))
    }
}
