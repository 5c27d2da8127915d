//! Secrets planted wherever one could be, and not one of them in the archive.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Read;

use super::*;
use crate::pki::Secret;
use crate::report::redaction::WORD;

fn clean(text: &str) -> String {
    Cleaner::default().clean(text).0
}

#[test]
fn what_looks_like_a_secret_goes_and_what_is_around_it_stays() {
    for (text, expected) in [
        ("password: hunter22\nuser: ann", "password: [redacted]\nuser: ann"),
        (
            r#"{"registryPassword":"a \" b","port":8443}"#,
            r#"{"registryPassword":[redacted],"port":8443}"#,
        ),
        (
            "DB_PASSWORD=hunter22 HOME=/root",
            "DB_PASSWORD=[redacted] HOME=/root",
        ),
        (
            "auth:\n  password: |\n    one\n    two\nnext: 1",
            "auth:\n  password: [redacted]\nnext: 1",
        ),
        (
            "docker login --password hunter22 host",
            "docker login --password [redacted] host",
        ),
        (
            "https://ann:hunter22@registry:8443/v2/",
            "https://[redacted]@registry:8443/v2/",
        ),
        (
            r#""auths": {"r:8443": {"auth": "YW5uOmh1bnRlcg=="}}"#,
            r#""auths": {"r:8443": {"auth": [redacted]}}"#,
        ),
        (
            "    client-key-data: LS0tLS1CRUdJTg==\n",
            "    client-key-data: [redacted]\n",
        ),
        (
            "Authorization: Bearer abcdef123",
            "Authorization: Bearer [redacted]",
        ),
        (
            "kubeadm join --token abcdef.0123456789abcdef x",
            "kubeadm join --token [redacted] x",
        ),
        ("it was abcdef.0123456789abcdef", "it was [redacted]"),
        ("jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.c2ln end", "jwt [redacted] end"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nafter",
            "[redacted]\nafter",
        ),
        ("token: null, secret: \"\"", "token: null, secret: \"\""),
        ("image: registry:2\nport: 8443", "image: registry:2\nport: 8443"),
        (
            "https://registry:8443/v2/_catalog",
            "https://registry:8443/v2/_catalog",
        ),
    ] {
        assert_eq!(clean(text), expected, "{text}");
        assert_eq!(clean(expected), expected, "cleaned twice");
    }
}

#[test]
fn a_password_of_cluster_yaml_is_found_in_a_sentence_too() {
    let mut cleaner = Cleaner::default();
    cleaner.learn("mirror: https://ann:s3cr3tword@mirror/\nregistry: {password: 'hunter22', host: m-k8s}");
    cleaner.know("of the environment");
    let (text, counts) = cleaner.clean("logged in with s3cr3tword, hunter22, of the environment; host m-k8s");
    assert_eq!(text, format!("logged in with {WORD}, {WORD}, {WORD}; host m-k8s"));
    assert_eq!(counts[&Kind::KnownSecret], 3);
    assert!(!format!("{cleaner:?}").contains("hunter22"));
    assert!(Cleaner::is_secret("GITHUB_TOKEN") && !Cleaner::is_secret("LAB_LANG"));
}

fn unpacked(file: &Path, packing: Packing) -> BTreeMap<String, String> {
    let bytes = std::fs::File::open(file).unwrap();
    let reader: Box<dyn Read> = match packing {
        Packing::Zstd => Box::new(zstd::Decoder::new(bytes).unwrap()),
        Packing::Gzip => Box::new(flate2::read::GzDecoder::new(bytes)),
    };
    let mut archive = tar::Archive::new(reader);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (entry.path().unwrap().display().to_string(), text)
    });
    entries.collect()
}

#[test]
fn the_archive_is_for_its_owner_and_lists_what_was_removed_and_why() {
    let directory = tempfile::tempdir().unwrap();
    let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
    let key = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    for (name, packing) in [("a.tar.zst", Packing::Zstd), ("a.tar.gz", Packing::Gzip)] {
        let mut collection = Collection::new(Cleaner::new(&[Secret::new(key.clone())]));
        collection.add("cluster.yaml", "password: hunter22\n");
        collection.add(
            "nodes/w1-k8s/journal/docker.service.txt",
            &format!("printed {body}\nand --token abcdef.0123456789abcdef\n"),
        );
        collection.add_json("plan.json", &serde_json::json!({"changes": []}));
        collection.add_file("absent.txt", &directory.path().join("absent"));
        let file = directory.path().join(name);
        assert_eq!(Packing::of(&file).unwrap(), packing);
        collection.write(&file, packing, Lang::En).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let texts = unpacked(&file, packing);
        let names: Vec<&str> = texts.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "a/cluster.yaml",
                "a/nodes/w1-k8s/journal/docker.service.txt",
                "a/plan.json",
                "a/removed.txt"
            ]
        );
        let all: String = texts.values().cloned().collect();
        for secret in ["hunter22", body, "abcdef.0123456789abcdef"] {
            assert!(!all.contains(secret), "{secret}");
        }
        let list = &texts["a/removed.txt"];
        assert!(list.contains("cluster.yaml: 1 × value of a setting"), "{list}");
        assert!(list.contains("docker.service.txt: 1 × private key"), "{list}");
        // What is there stays.
        let error = collection.write(&file, packing, Lang::En).unwrap_err();
        assert_eq!(error.exit_code(), crate::error::exit::USAGE);
    }
    assert!(Packing::of(Path::new("bundle.zip")).is_err());
}

#[test]
fn of_a_long_text_the_end_is_kept() {
    let text = format!("password: hunter22\n{}last\n", "line\n".repeat(LONGEST / 5));
    let mut collection = Collection::new(Cleaner::default());
    collection.add("long", &text);
    let kept = &collection.texts["long"];
    assert!(kept.len() <= LONGEST + 8 && kept.starts_with("…\nline\n") && kept.ends_with("last\n"));
    assert_eq!(collection.removed().len(), 1);
}
