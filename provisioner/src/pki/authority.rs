//! The authority: path length 0, critical name constraints that permit the lab's names and subnet, ten years.
//! Its key never leaves the orchestrator; nodes get the certificate only.

use std::net::Ipv4Addr;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData,
};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::config::Network;
use crate::error::{Error, Result};
use crate::pki::{CLOCK_SKEW, Secret, inspect};
use crate::text;

/// How long an authority is valid.
pub const VALIDITY: Duration = Duration::days(3650);

/// A certificate authority with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The certificate, PEM: what nodes trust.
    pub certificate_pem: String,
    /// The key, PKCS#8 PEM: stays on the orchestrator.
    pub key_pem: Secret,
}

impl Authority {
    /// A new authority named for the cluster `name`, which may vouch for addresses in `network` and for `names` (and
    /// what lies below them) only. Valid for [`VALIDITY`] from `now`. Two authorities never share a subject.
    pub fn issue(name: &str, network: Network, names: &[String], now: OffsetDateTime) -> Result<Self> {
        let cannot = |error: rcgen::Error| {
            Error::new(text!(
                "인증 기관을 만들 수 없음",
                "cannot make the certificate authority"
            ))
            .because(error)
        };
        let key = KeyPair::generate().map_err(cannot)?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = subject(name, &key);
        parameters.not_before = now - CLOCK_SKEW;
        parameters.not_after = now + VALIDITY;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        parameters.name_constraints = Some(constraints(network, names));
        let certificate = parameters.self_signed(&key).map_err(cannot)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            key_pem: Secret::new(key.serialize_pem()),
        })
    }

    /// An authority issued before. Errors if certificate and key are unreadable or do not belong together.
    pub fn load(certificate_pem: &str, key_pem: &str) -> Result<Self> {
        let broken = || {
            Error::new(text!(
                "저장된 인증 기관을 읽을 수 없음",
                "the stored certificate authority is unreadable"
            ))
        };
        let key = KeyPair::from_pem(key_pem).map_err(|error| broken().because(error))?;
        let certificate = inspect(certificate_pem)?;
        if certificate.public_key != hex::encode(Sha256::digest(key.subject_public_key_info())) {
            return Err(broken().cause("its key belongs to another certificate"));
        }
        Ok(Self {
            certificate_pem: certificate_pem.to_owned(),
            key_pem: Secret::new(key_pem),
        })
    }

    /// Whether it may vouch for exactly this network and these names.
    pub fn covers(&self, network: Network, names: &[String]) -> Result<bool> {
        let permitted = inspect(&self.certificate_pem)?;
        let mut wanted = names.to_vec();
        let mut have = permitted.permitted_names;
        wanted.sort();
        have.sort();
        Ok(permitted.permitted_networks == [(network.base, network.prefix)] && have == wanted)
    }

    /// Whether a leaf for this address and these names would be accepted by those who trust it.
    pub(super) fn permits(&self, addresses: &[Ipv4Addr], names: &[String]) -> Result<Option<String>> {
        let permitted = inspect(&self.certificate_pem)?;
        let within = |address: &&Ipv4Addr| {
            permitted
                .permitted_networks
                .iter()
                .any(|&(base, prefix)| Network { base, prefix }.contains(**address))
        };
        let below = |name: &&String| {
            let allowed = &permitted.permitted_names;
            allowed
                .iter()
                .any(|root| *name == root || name.ends_with(&format!(".{root}")))
        };
        let address = addresses
            .iter()
            .find(|address| !within(address))
            .map(ToString::to_string);
        Ok(address.or_else(|| names.iter().find(|name| !below(name)).cloned()))
    }

    /// To sign with.
    pub(super) fn issuer(&self) -> Result<Issuer<'static, KeyPair>> {
        let unusable = |error| {
            Error::new(text!(
                "인증 기관을 쓸 수 없음",
                "cannot use the certificate authority"
            ))
            .because(error)
        };
        let key = KeyPair::from_pem(self.key_pem.expose()).map_err(unusable)?;
        Issuer::from_ca_cert_pem(&self.certificate_pem, key).map_err(unusable)
    }
}

/// `CN=lab authority chapter4 1f2e3d4c`: unique by its key, so that two authorities can be told apart during rotation.
fn subject(name: &str, key: &KeyPair) -> DistinguishedName {
    let digest = hex::encode(&Sha256::digest(key.subject_public_key_info())[..4]);
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "lab");
    // An X.520 common name has at most 64 characters.
    let name: String = name.chars().take(40).collect();
    subject.push(DnType::CommonName, format!("lab authority {name} {digest}"));
    subject
}

fn constraints(network: Network, names: &[String]) -> NameConstraints {
    let subnet = CidrSubnet::from_v4_prefix(network.base.octets(), network.prefix);
    let names = names.iter().cloned().map(GeneralSubtree::DnsName);
    NameConstraints {
        permitted_subtrees: [GeneralSubtree::IpAddress(subnet)]
            .into_iter()
            .chain(names)
            .collect(),
        excluded_subtrees: vec![],
    }
}
