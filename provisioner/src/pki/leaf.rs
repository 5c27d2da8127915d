//! Leaves: a server's ECDSA P-256 key and certificate, 90 days, IP and DNS SANs.

use std::net::{IpAddr, Ipv4Addr};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use time::{Duration, OffsetDateTime};

use crate::error::{Error, Result};
use crate::pki::{Authority, CLOCK_SKEW, Secret, inspect};
use crate::text;

/// How long a leaf is valid.
pub const VALIDITY: Duration = Duration::days(90);

/// A server's certificate and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The leaf, then the authority's certificate, PEM.
    pub certificate_pem: String,
    /// The key, PKCS#8 PEM.
    pub key_pem: Secret,
}

/// A leaf for a server with these addresses and names, valid for [`VALIDITY`] from `now` (never longer than its
/// authority). Errors if the authority's constraints forbid one of them: every client would refuse such a leaf.
pub fn issue_leaf(
    authority: &Authority,
    ips: &[Ipv4Addr],
    dns: &[String],
    now: OffsetDateTime,
) -> Result<Leaf> {
    if let Some(outside) = authority.permits(ips, dns)? {
        return Err(Error::new(text!(
            "인증 기관이 {outside}에 대해 보증할 수 없음",
            "the certificate authority may not vouch for {outside}"
        ))
        .hint(text!(
            "`lab trust rotate`로 지금의 cluster.yaml에 맞는 인증 기관을 만드세요",
            "make one that fits today's cluster.yaml: `lab trust rotate`"
        )));
    }
    let cannot = |error: rcgen::Error| {
        Error::new(text!("인증서를 발급할 수 없음", "cannot issue a certificate")).because(error)
    };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(cannot)?;
    let mut parameters = parameters(ips, dns).map_err(cannot)?;
    parameters.not_before = now - CLOCK_SKEW;
    parameters.not_after = inspect(&authority.certificate_pem)?.not_after.min(now + VALIDITY);
    let certificate = parameters.signed_by(&key, &authority.issuer()?).map_err(cannot)?;
    Ok(Leaf {
        certificate_pem: format!("{}{}", certificate.pem(), authority.certificate_pem),
        key_pem: Secret::new(key.serialize_pem()),
    })
}

fn parameters(ips: &[Ipv4Addr], dns: &[String]) -> std::result::Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(
        DnType::CommonName,
        dns.first()
            .cloned()
            .or_else(|| ips.first().map(ToString::to_string))
            .unwrap_or_default(),
    );
    parameters.distinguished_name = subject;
    let addresses = ips.iter().map(|ip| Ok(SanType::IpAddress(IpAddr::V4(*ip))));
    let names = dns
        .iter()
        .map(|name| Ok(SanType::DnsName(name.as_str().try_into()?)));
    parameters.subject_alt_names = addresses
        .chain(names)
        .collect::<std::result::Result<_, rcgen::Error>>()?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}
