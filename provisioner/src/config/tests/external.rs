//! `registry.external`.

use std::path::Path;

use super::{check, with};
use crate::config::{Cluster, Product};

/// The committed cluster with this in its registry.
fn external(section: &str) -> String {
    with(
        "  image: registry:2\n",
        &format!("  image: registry:2\n  external: {section}\n"),
    )
}

#[test]
fn an_address_is_enough_and_a_mapping_says_more() {
    let read = |section: &str| {
        let cluster = Cluster::parse("cluster.yaml", &external(section)).unwrap();
        cluster.registry.external.unwrap()
    };
    let short = read("https://registry.example.com");
    assert_eq!(
        (short.server(), short.prefix()),
        ("registry.example.com".into(), "registry.example.com".into())
    );
    assert_eq!((short.product, short.login), (None, None));
    let long = read(
        "{url: 'https://registry:8443/team/lab/', product: harbor, user: robot$lab, password_file: pw, ca_file: /etc/ca.pem}",
    );
    let long = long.anchored(Path::new("/project"));
    assert_eq!(
        (long.server(), long.prefix()),
        ("registry:8443".into(), "registry:8443/team/lab".into())
    );
    assert_eq!(long.product, Some(Product::Harbor));
    let login = long.login.unwrap();
    assert_eq!(
        (login.user.as_str(), login.password_file.as_path()),
        ("robot$lab", Path::new("/project/pw"))
    );
    assert_eq!(long.ca_file.as_deref(), Some(Path::new("/etc/ca.pem")));
}

#[test]
fn what_is_wrong_with_an_address() {
    let said = |section: &str, lines: &[&str]| check(&external(section), lines);
    let example = "for example https://registry.example.com/team (never without TLS)";
    said(
        "http://registry.example.com/team",
        &[&format!(
            "18:13: `http://registry.example.com/team` is no https address → {example}"
        )],
    );
    said(
        "registry.example.com",
        &[&format!(
            "18:13: `registry.example.com` is no https address → {example}"
        )],
    );
    // What may be a password is not repeated.
    said(
        "https://student:sesame@registry.example.com",
        &["18:13: the address has a user or a password in it → write `user` and `password_file`"],
    );
    said(
        "https://registry/team",
        &["18:13: Docker takes `registry/…` for a name at Docker Hub → use a name with a dot"],
    );
    said(
        "https://Registry.example.com",
        &["18:13: `Registry.example.com` is no lower-case name and no IPv4 address"],
    );
    said(
        "https://registry.example.com/Team",
        &["18:13: `Team` cannot begin an image's name"],
    );
    said(
        "https://registry.example.com/a?b",
        &["18:13: `a?b` cannot begin an image's name"],
    );
    said(
        "https://registry.example.com:0",
        &["18:13: `0` is not a number from 1 to 65535"],
    );
    for own in ["192.168.1.10:8443", "m-k8s:8443"] {
        said(
            &format!("https://{own}"),
            &["18:13: this is the lab's own registry → `external` is for another one"],
        );
    }
}

#[test]
fn logins_and_products_that_are_not_whole() {
    let said = |more: &str, lines: &[&str]| {
        check(
            &external(&format!("{{url: 'https://r.example/t', {more}}}")),
            lines,
        )
    };
    said(
        "user: 'a:b', password_file: pw",
        &[
            "18:48: the user has a colon in it → HTTP separates user and password at the first one: use another account",
        ],
    );
    said(
        "user: a",
        &["18:48: `password_file` is needed as well → without both, `docker login` of this machine is used"],
    );
    said(
        "password_file: pw",
        &["18:57: `user` is needed as well → without both, `docker login` of this machine is used"],
    );
    said(
        "product: habor",
        &["18:51: `habor` is not one of distribution | harbor | quay | nexus → did you mean `harbor`?"],
    );
    said(
        "pasword_file: pw",
        &["18:42: unknown key `pasword_file` → did you mean `password_file`?"],
    );
    check(
        &external("{url: 'https://r.example', product: harbor}"),
        &[
            "18:19: the address of Harbor names no project or organization → for example https://registry.example.com/team",
        ],
    );
    check(
        &external("{product: harbor}"),
        &[
            "18:13: the key `url` is missing → url: https://HOST[:PORT][/PROJECT], e.g. https://registry.example.com/team.",
        ],
    );
}
