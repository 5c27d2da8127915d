//! Versions are compared, and a module of our own requires another as that is.

use super::*;

#[test]
fn versions_are_compared_as_numbers() {
    for (has, wants, enough) in [
        ("1.26.8", "1.24.0", true),
        ("1.9", "1.24", false),
        ("1.24rc1", "1.24", true),
        ("1.24.0", "1.24", true),
        ("1.23.4", "1.23.5", false),
    ] {
        assert_eq!(numbers(has) >= numbers(wants), enough, "{has} {wants}");
    }
}

#[test]
fn staged_modules_are_replaced_and_no_others() {
    let theirs = "module k8s.io/kubernetes\n\ngo 1.24.0\n\ngodebug default=go1.24\n\nrequire (\n\tk8s.io/api v0.0.0\n\tk8s.io/gengo/v2 v2.0.0\n\tk8s.io/api v0.0.0 // indirect\n)\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n";
    let staging = Staging {
        prefix: "k8s.io/".into(),
        version: "v0.34.4".into(),
    };
    assert_eq!(
        dependent(theirs, "k8s.io/kubernetes", "v1.34.4", Some(&staging)),
        "module lab.local/program\ngo 1.24.0\ngodebug default=go1.24\nrequire k8s.io/kubernetes v1.34.4\nreplace k8s.io/api => k8s.io/api v0.34.4\n"
    );
}
