//! Certificates as others see them: OpenSSL verifies the chain; the clock is moved, never waited for.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;

use time::{Duration, OffsetDateTime};

use super::{Authority, Leaf, inspect, issue_leaf, needs_renewal};
use crate::config::Network;

const NETWORK: Network = Network {
    base: Ipv4Addr::new(192, 168, 1, 0),
    prefix: 24,
};
const MASTER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 10);

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap()
}

fn names() -> Vec<String> {
    ["m-k8s", "w1-k8s"].map(str::to_owned).to_vec()
}

fn authority() -> Authority {
    Authority::issue("chapter4", NETWORK, &names(), now()).unwrap()
}

fn leaf(authority: &Authority) -> Leaf {
    issue_leaf(authority, &[MASTER], &["m-k8s".to_owned()], now()).unwrap()
}

/// What `openssl verify` says of a leaf, trusting `authority` only, at `now`.
fn verify(authority: &Authority, leaf: &Leaf, now: OffsetDateTime, peer: &[&str]) -> (bool, String) {
    let directory = tempfile::tempdir().unwrap();
    let (trusted, shown) = (directory.path().join("ca.crt"), directory.path().join("tls.crt"));
    fs::write(&trusted, &authority.certificate_pem).unwrap();
    fs::write(&shown, &leaf.certificate_pem).unwrap();
    let output = Command::new("openssl")
        .args([
            "verify",
            "-x509_strict",
            "-no-CApath",
            "-no-CAstore",
            "-purpose",
            "sslserver",
            "-attime",
        ])
        .arg(now.unix_timestamp().to_string())
        .args(peer)
        .arg("-CAfile")
        .args([&trusted, &shown])
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

#[test]
fn openssl_accepts_the_chain_for_the_address_and_the_name_and_nothing_else() {
    let authority = authority();
    let leaf = leaf(&authority);
    let check = |peer: &[&str], days: i64, expected: bool| {
        let (accepted, said) = verify(&authority, &leaf, now() + Duration::days(days), peer);
        assert_eq!(accepted, expected, "{peer:?} after {days} days: {said}");
    };
    check(&["-verify_ip", "192.168.1.10"], 0, true);
    check(&["-verify_hostname", "m-k8s"], 89, true);
    check(&["-verify_hostname", "w1-k8s"], 0, false);
    check(&["-verify_ip", "192.168.1.11"], 0, false);
    check(&["-verify_ip", "192.168.1.10"], 91, false);
    check(&["-verify_ip", "192.168.1.10"], -1, false);
    let stranger = self::authority();
    assert!(
        !verify(&stranger, &leaf, now(), &[]).0,
        "another authority must not vouch for it"
    );
}

#[test]
fn a_node_whose_clock_runs_half_an_hour_behind_accepts_a_new_leaf() {
    let authority = authority();
    let (accepted, said) = verify(&authority, &leaf(&authority), now() - Duration::minutes(30), &[]);
    assert!(accepted, "{said}");
}

/// Issued past our own guard, so that OpenSSL's enforcement of the constraints is what is tested.
#[test]
fn openssl_refuses_a_leaf_outside_the_constraints() {
    let authority = authority();
    let wider = Network {
        base: Ipv4Addr::new(10, 0, 0, 0),
        prefix: 8,
    };
    for (network, address, name) in [
        (wider, Ipv4Addr::new(10, 1, 2, 3), "m-k8s"),
        (NETWORK, MASTER, "docker.io"),
    ] {
        let lenient = Authority::issue("chapter4", network, &[name.to_owned()], now()).unwrap();
        assert!(
            verify(
                &lenient,
                &issue_leaf(&lenient, &[address], &[name.to_owned()], now()).unwrap(),
                now(),
                &[]
            )
            .0
        );
        // The same key and subject, signing what its certificate forbids.
        let key = rcgen::KeyPair::from_pem(authority.key_pem.expose()).unwrap();
        let issuer = rcgen::Issuer::from_ca_cert_pem(&authority.certificate_pem, key).unwrap();
        let mut parameters =
            rcgen::CertificateParams::new(vec![address.to_string(), name.to_owned()]).unwrap();
        (parameters.not_before, parameters.not_after) = (now() - Duration::HOUR, now() + Duration::days(1));
        let own = rcgen::KeyPair::generate().unwrap();
        let certificate_pem = parameters.signed_by(&own, &issuer).unwrap().pem();
        let forged = Leaf {
            certificate_pem,
            key_pem: super::Secret::new(""),
        };
        let (accepted, said) = verify(&authority, &forged, now(), &[]);
        assert!(
            !accepted && said.contains("permitted subtree violation"),
            "{said}"
        );
    }
}

#[test]
fn a_leaf_outside_the_constraints_is_not_issued() {
    let authority = authority();
    let refused = |address: Ipv4Addr, name: &str| {
        issue_leaf(&authority, &[address], &[name.to_owned()], now())
            .unwrap_err()
            .to_string()
    };
    assert!(refused(Ipv4Addr::new(10, 0, 0, 1), "m-k8s").contains("may not vouch for 10.0.0.1"));
    assert!(refused(MASTER, "docker.io").contains("may not vouch for docker.io"));
    assert!(refused(MASTER, "evil-m-k8s").contains("may not vouch for evil-m-k8s"));
    issue_leaf(&authority, &[MASTER], &["registry.m-k8s".to_owned()], now()).unwrap();
}

#[test]
fn leaves_are_renewed_under_thirty_days() {
    let leaf = inspect(&leaf(&authority()).certificate_pem).unwrap();
    assert_eq!(leaf.not_after - now(), Duration::days(90));
    // (days that passed since issue, whether it is renewed): 89, 31 and 29 days left; 120 days asleep.
    for (passed, expected) in [(1, false), (59, false), (61, true), (120, true)] {
        assert_eq!(
            needs_renewal(leaf.not_after, now() + Duration::days(passed)),
            expected,
            "{passed}"
        );
    }
}

#[test]
fn the_authority_is_what_it_promises() {
    use x509_parser::extensions::ParsedExtension;
    let authority = authority();
    let (_, pem) = x509_parser::pem::parse_x509_pem(authority.certificate_pem.as_bytes()).unwrap();
    let certificate = pem.parse_x509().unwrap();
    let basic = certificate.basic_constraints().unwrap().unwrap();
    assert!(basic.critical && basic.value.ca && basic.value.path_len_constraint == Some(0));
    let constraints = certificate.name_constraints().unwrap().unwrap();
    assert!(constraints.critical && constraints.value.excluded_subtrees.is_none());
    let usage = certificate.key_usage().unwrap().unwrap().value;
    assert!(usage.key_cert_sign() && usage.crl_sign() && !usage.digital_signature());
    assert!(
        !certificate
            .extensions()
            .iter()
            .any(|one| matches!(one.parsed_extension(), ParsedExtension::ParseError { .. }))
    );
    let inspected = inspect(&authority.certificate_pem).unwrap();
    assert_eq!(inspected.permitted_networks, [(NETWORK.base, 24)]);
    assert_eq!(inspected.permitted_names, names());
    assert_eq!(inspected.not_after - now(), Duration::days(3650));
    assert!(authority.covers(NETWORK, &names()).unwrap());
    assert!(
        !authority
            .covers(
                Network {
                    prefix: 25,
                    ..NETWORK
                },
                &names()
            )
            .unwrap()
    );
}

#[test]
fn a_leaf_is_what_it_promises() {
    let authority = authority();
    let leaf = leaf(&authority);
    assert_eq!(leaf.certificate_pem.matches("BEGIN CERTIFICATE").count(), 2);
    let inspected = inspect(&leaf.certificate_pem).unwrap();
    assert_eq!(
        (inspected.addresses.as_slice(), inspected.names.as_slice()),
        (&[MASTER][..], &["m-k8s".to_owned()][..])
    );
    assert_eq!(
        inspected.authority_key,
        inspect(&authority.certificate_pem).unwrap().subject_key
    );
    let (_, pem) = x509_parser::pem::parse_x509_pem(leaf.certificate_pem.as_bytes()).unwrap();
    let certificate = pem.parse_x509().unwrap();
    assert!(
        certificate
            .extended_key_usage()
            .unwrap()
            .unwrap()
            .value
            .server_auth
    );
    assert!(!certificate.is_ca());
}

#[test]
fn an_authority_is_loaded_with_its_own_key_only() {
    let (one, other) = (authority(), authority());
    assert_eq!(
        Authority::load(&one.certificate_pem, one.key_pem.expose()).unwrap(),
        one
    );
    assert!(Authority::load(&one.certificate_pem, other.key_pem.expose()).is_err());
    assert!(Authority::load("garbage", one.key_pem.expose()).is_err());
    assert!(Authority::load(&one.certificate_pem, "garbage").is_err());
    let subject = |authority: &Authority| inspect(&authority.certificate_pem).unwrap().subject;
    assert_ne!(subject(&one), subject(&other));
}

#[test]
fn secrets_are_not_printed() {
    let printed = format!("{:?}", (authority(), leaf(&authority())));
    assert!(
        printed.contains("[redacted]") && !printed.contains("PRIVATE KEY"),
        "{printed}"
    );
}
