//! Trust stores in a temporary root: installed, read, removed.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::{TrustStore, Whose};

const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

fn root_with(programs: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("usr/bin")).unwrap();
    for program in programs {
        std::fs::write(root.path().join("usr/bin").join(program), "").unwrap();
    }
    root
}

#[test]
fn what_is_not_in_the_systems_collection_is_not_trusted_there() {
    let root = root_with(&[]);
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(super::COLLECTOR, "");
    write(
        super::COLLECTION,
        "-----BEGIN CERTIFICATE-----\nBB==\n-----END CERTIFICATE-----\n",
    );
    let store = TrustStore::new(root.path(), Whose::Lab);
    let names = ["m-k8s:8443".to_owned()];
    assert!(store.install(&names, AUTHORITY).unwrap());
    // As if the collector had been killed.
    assert_eq!(store.status(&names).unwrap()[0].sha256, None);
    write(
        super::COLLECTION,
        &format!("-----BEGIN CERTIFICATE-----\nBB==\n-----END CERTIFICATE-----\n{AUTHORITY}"),
    );
    assert!(store.status(&names).unwrap()[0].sha256.is_some());
}

#[test]
fn installs_for_the_engines_that_are_there_and_removes_without_a_trace() {
    let root = root_with(&["dockerd", "containerd"]);
    let store = TrustStore::new(root.path(), Whose::Lab);
    let names = ["192.168.1.10:8443".to_owned(), "m-k8s:8443".to_owned()];
    assert!(
        store
            .status(&names)
            .unwrap()
            .iter()
            .all(|fact| fact.sha256.is_none())
    );
    assert!(store.install(&names, AUTHORITY).unwrap());
    assert!(
        !store.install(&names, AUTHORITY).unwrap(),
        "nothing to do the second time"
    );
    let facts = store.status(&names).unwrap();
    assert_eq!(facts.len(), 6);
    assert!(facts.iter().all(|fact| fact.sha256.is_some()));
    assert_eq!(facts[0].path, "/etc/docker/certs.d/192.168.1.10:8443/ca.crt");
    assert!(
        !root.path().join("etc/containers").exists(),
        "no CRI-O, no Podman"
    );
    let hosts = root.path().join("etc/containerd/certs.d/m-k8s:8443/hosts.toml");
    assert!(
        std::fs::read_to_string(&hosts)
            .unwrap()
            .contains("/etc/containerd/certs.d/m-k8s:8443/ca.crt")
    );
    std::fs::remove_file(&hosts).unwrap();
    assert_eq!(
        store
            .status(&names)
            .unwrap()
            .iter()
            .filter(|fact| fact.sha256.is_none())
            .count(),
        1
    );
    assert!(store.remove(&names).unwrap());
    assert!(
        store
            .status(&names)
            .unwrap()
            .iter()
            .all(|fact| fact.sha256.is_none())
    );
    assert!(!root.path().join("etc/docker/certs.d/m-k8s:8443").exists());
}

#[test]
fn refuses_names_that_lead_elsewhere_and_secrets() {
    let root = root_with(&["dockerd"]);
    let store = TrustStore::new(root.path(), Whose::Lab);
    for name in ["../../x", "a/b", "", ".", "a b", "a\"b"] {
        assert!(store.install(&[name.to_owned()], AUTHORITY).is_err(), "{name}");
    }
    assert!(
        store
            .install(&["a:1".to_owned()], "-----BEGIN PRIVATE KEY-----")
            .is_err()
    );
    assert!(!root.path().join("etc").exists());
}

#[test]
fn two_authorities_have_a_system_file_each() {
    let root = root_with(&["dockerd"]);
    let own = TrustStore::new(root.path(), Whose::Lab);
    let external = TrustStore::new(root.path(), Whose::External);
    let other = AUTHORITY.replace("AA==", "BB==");
    let (inside, outside) = (["m-k8s:8443".to_owned()], ["registry.example.com".to_owned()]);
    assert!(own.install(&inside, AUTHORITY).unwrap());
    assert!(external.install(&outside, &other).unwrap());
    let digests = |store: &TrustStore, names: &[String]| {
        let facts = store.status(names).unwrap();
        facts.into_iter().map(|fact| fact.sha256).collect::<Vec<_>>()
    };
    let before = digests(&own, &inside);
    assert_ne!(before, digests(&external, &outside));
    assert!(external.remove(&outside).unwrap());
    assert_eq!(digests(&own, &inside), before, "the lab's own is still trusted");
    assert_eq!(digests(&external, &outside), [None, None]);
    assert!(
        !root
            .path()
            .join("etc/docker/certs.d/registry.example.com")
            .exists()
    );
}
