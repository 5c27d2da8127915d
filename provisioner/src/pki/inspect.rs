//! What a certificate says: validity, keys, names, constraints. Reads the first certificate of a PEM text.

use std::net::Ipv4Addr;

use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::pem::parse_x509_pem;

use crate::error::{Error, Result};
use crate::text;

/// A certificate with less than this left is renewed.
pub const RENEWAL: Duration = Duration::days(30);

/// What is known from a certificate alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Valid from.
    pub not_before: OffsetDateTime,
    /// Valid until.
    pub not_after: OffsetDateTime,
    /// SHA-256 of the certificate (DER), hex.
    pub fingerprint: String,
    /// SHA-256 of its public key (SubjectPublicKeyInfo), hex.
    pub public_key: String,
    /// The subject key identifier, hex.
    pub subject_key: Option<String>,
    /// The authority key identifier, hex: equals the issuing authority's `subject_key`.
    pub authority_key: Option<String>,
    /// Its subject, as `O=…, CN=…`.
    pub subject: String,
    /// IPv4 SANs.
    pub addresses: Vec<Ipv4Addr>,
    /// DNS SANs.
    pub names: Vec<String>,
    /// Networks it may vouch for, address and prefix.
    pub permitted_networks: Vec<(Ipv4Addr, u8)>,
    /// Names it may vouch for.
    pub permitted_names: Vec<String>,
}

/// Reads the first certificate of `pem`.
pub fn inspect(pem: &str) -> Result<Inspected> {
    let unreadable = || Error::new(text!("인증서를 읽을 수 없음", "cannot read the certificate"));
    let (_, pem) = parse_x509_pem(pem.as_bytes()).map_err(|error| unreadable().because(error))?;
    let certificate = pem.parse_x509().map_err(|error| unreadable().because(error))?;
    let mut inspected = Inspected {
        not_before: certificate.validity().not_before.to_datetime(),
        not_after: certificate.validity().not_after.to_datetime(),
        fingerprint: hex::encode(Sha256::digest(&pem.contents)),
        public_key: hex::encode(Sha256::digest(certificate.public_key().raw)),
        subject_key: None,
        authority_key: None,
        subject: certificate.subject().to_string(),
        addresses: vec![],
        names: vec![],
        permitted_networks: vec![],
        permitted_names: vec![],
    };
    read_extensions(&certificate, &mut inspected);
    Ok(inspected)
}

fn read_extensions(certificate: &X509Certificate<'_>, inspected: &mut Inspected) {
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(key) => inspected.subject_key = Some(hex::encode(key.0)),
            ParsedExtension::AuthorityKeyIdentifier(authority) => {
                inspected.authority_key = authority.key_identifier.as_ref().map(|key| hex::encode(key.0));
            }
            ParsedExtension::SubjectAlternativeName(alternative) => {
                for name in &alternative.general_names {
                    match name {
                        GeneralName::DNSName(name) => inspected.names.push((*name).to_owned()),
                        GeneralName::IPAddress(bytes) => inspected.addresses.extend(address(bytes)),
                        _ => {}
                    }
                }
            }
            ParsedExtension::NameConstraints(constraints) => {
                for subtree in constraints.permitted_subtrees.iter().flatten() {
                    match subtree.base {
                        GeneralName::DNSName(name) => inspected.permitted_names.push(name.to_owned()),
                        GeneralName::IPAddress(bytes) => inspected.permitted_networks.extend(network(bytes)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn address(bytes: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from)
}

/// Address, then mask.
fn network(bytes: &[u8]) -> Option<(Ipv4Addr, u8)> {
    let (base, mask) = bytes.split_at_checked(4)?;
    let mask = u32::from(address(mask)?);
    Some((address(base)?, u8::try_from(mask.count_ones()).ok()?))
}

/// Whether a certificate valid until `not_after` should be replaced at `now`.
pub fn needs_renewal(not_after: OffsetDateTime, now: OffsetDateTime) -> bool {
    not_after - now < RENEWAL
}
