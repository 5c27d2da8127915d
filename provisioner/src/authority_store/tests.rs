//! The store over the life of a lab: first use, no change, sleep, rotation, kills.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use time::{Duration, OffsetDateTime};

use super::AuthorityStore;
use crate::config::Cluster;
use crate::pki::inspect;

fn cluster() -> Cluster {
    Cluster::parse("cluster.yaml", include_str!("../../../cluster.yaml")).unwrap()
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap()
}

#[test]
fn what_is_stored_is_used_again_until_it_must_be_renewed() {
    let state = tempfile::tempdir().unwrap();
    let (store, cluster) = (AuthorityStore::new(state.path()), cluster());
    let authority = store.authority(&cluster, now()).unwrap();
    let leaf = store.leaf(&cluster, cluster.master(), now()).unwrap();
    for days in [0, 1, 59] {
        let later = now() + Duration::days(days);
        assert_eq!(store.authority(&cluster, later).unwrap(), authority);
        assert_eq!(
            store.leaf(&cluster, cluster.master(), later).unwrap(),
            leaf,
            "{days}"
        );
    }
    // 29 days left; then asleep for 120 days, the leaf long dead.
    for days in [61, 181] {
        let later = now() + Duration::days(days);
        let renewed = store.leaf(&cluster, cluster.master(), later).unwrap();
        assert_ne!(renewed, leaf, "{days}");
        assert_eq!(
            inspect(&renewed.certificate_pem).unwrap().not_after - later,
            Duration::days(90)
        );
        assert_eq!(store.authority(&cluster, later).unwrap(), authority);
    }
    assert!(!store.rotating().unwrap());
}

#[test]
fn rotation_trusts_both_until_it_is_over_and_each_step_may_be_repeated() {
    let state = tempfile::tempdir().unwrap();
    let (store, cluster) = (AuthorityStore::new(state.path()), cluster());
    let old = store.authority(&cluster, now()).unwrap();
    let leaf = store.leaf(&cluster, cluster.master(), now()).unwrap();
    let next = store.begin_rotation(&cluster, now()).unwrap();
    assert_eq!(store.begin_rotation(&cluster, now()).unwrap(), next);
    assert_eq!(
        store.trusted().unwrap(),
        sorted([old.certificate_pem.clone(), next.certificate_pem.clone()])
    );
    assert_eq!(
        store.leaf(&cluster, cluster.master(), now()).unwrap(),
        leaf,
        "the old one signs until promoted"
    );
    store.promote().unwrap();
    store.promote().unwrap();
    assert_eq!(store.authority(&cluster, now()).unwrap(), next);
    assert_eq!(
        store.trusted().unwrap(),
        sorted([next.certificate_pem.clone(), old.certificate_pem])
    );
    let signed = store.leaf(&cluster, cluster.master(), now()).unwrap();
    assert_eq!(
        inspect(&signed.certificate_pem).unwrap().authority_key,
        inspect(&next.certificate_pem).unwrap().subject_key
    );
    assert!(store.rotating().unwrap());
    store.finish_rotation().unwrap();
    store.finish_rotation().unwrap();
    assert_eq!(store.trusted().unwrap(), [next.certificate_pem]);
    assert!(!store.rotating().unwrap());
}

#[test]
fn another_network_or_another_node_needs_another_authority_and_the_former_stays_trusted() {
    let state = tempfile::tempdir().unwrap();
    let (store, mut cluster) = (AuthorityStore::new(state.path()), cluster());
    let old = store.authority(&cluster, now()).unwrap();
    cluster.nodes.pop();
    let new = store.authority(&cluster, now()).unwrap();
    assert_ne!(old, new);
    assert_eq!(
        store.trusted().unwrap(),
        sorted([new.certificate_pem, old.certificate_pem])
    );
}

#[test]
fn killed_between_the_two_renames_of_a_promotion() {
    let state = tempfile::tempdir().unwrap();
    let (store, cluster) = (AuthorityStore::new(state.path()), cluster());
    let old = store.authority(&cluster, now()).unwrap();
    let next = store.begin_rotation(&cluster, now()).unwrap();
    store
        .write("previous", &old.certificate_pem, &old.key_pem)
        .unwrap();
    store
        .write("authority", &next.certificate_pem, &next.key_pem)
        .unwrap();
    store.promote().unwrap();
    assert_eq!(
        store.trusted().unwrap(),
        sorted([next.certificate_pem, old.certificate_pem])
    );
}

#[test]
fn a_broken_file_is_named_and_kept() {
    let state = tempfile::tempdir().unwrap();
    let (store, cluster) = (AuthorityStore::new(state.path()), cluster());
    store.authority(&cluster, now()).unwrap();
    let file = state.path().join("pki/authority.pem");
    let whole = fs::read_to_string(&file).unwrap();
    for broken in [
        "",
        "garbage",
        &whole[..whole.len() / 2],
        &whole.replacen("M", "N", 3),
    ] {
        fs::write(&file, broken).unwrap();
        assert!(store.authority(&cluster, now()).is_err(), "{broken}");
        assert_eq!(fs::read_to_string(&file).unwrap(), broken);
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_keys() {
    use std::os::unix::fs::PermissionsExt;
    let state = tempfile::tempdir().unwrap();
    let (store, cluster) = (AuthorityStore::new(state.path()), cluster());
    store.leaf(&cluster, cluster.master(), now()).unwrap();
    for file in ["authority.pem", "leaf/m-k8s.pem"] {
        let mode = fs::metadata(state.path().join("pki").join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

fn sorted(mut certificates: [String; 2]) -> [String; 2] {
    certificates.sort();
    certificates
}
