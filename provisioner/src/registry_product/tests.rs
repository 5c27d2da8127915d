//! The table against the answers that each product documents.

use super::*;

#[test]
fn every_product_has_a_row_and_only_the_last_no_sign() {
    for product in [
        Product::Distribution,
        Product::Harbor,
        Product::Quay,
        Product::Nexus,
    ] {
        assert_eq!(row(product).product, product);
    }
    let signs = PRODUCTS.iter().map(|row| row.sign.is_some());
    assert_eq!(signs.collect::<Vec<_>>(), [true, true, true, false]);
}

#[test]
fn names_are_what_each_product_documents() {
    let check = |product, answer: &str, expected: Option<&[&str]>| {
        let answer = serde_json::from_str(answer).unwrap_or_default();
        let names = (row(product).names)(&answer);
        let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(names, expected, "{product:?}");
    };
    check(
        Product::Harbor,
        r#"[{"name": "team/web", "artifact_count": 2}]"#,
        Some(&["team/web"]),
    );
    check(
        Product::Quay,
        r#"{"repositories": [{"namespace": "team", "name": "web", "is_public": false}]}"#,
        Some(&["team/web"]),
    );
    check(
        Product::Nexus,
        r#"{"items": [{"repository": "docker", "format": "docker", "name": "team/web", "version": "1"}], "continuationToken": null}"#,
        Some(&["team/web"]),
    );
    check(
        Product::Distribution,
        r#"{"repositories": ["team/web"]}"#,
        Some(&["team/web"]),
    );
    check(Product::Distribution, r#"{"errors": []}"#, None);
    check(Product::Harbor, "<html>", None);
}

#[test]
fn unproved_is_said_and_a_plain_user_cannot_use_what_takes_tokens() {
    assert_eq!(row(Product::Harbor).told(), "Harbor (unproved)");
    assert_eq!(row(Product::Distribution).told(), "distribution");
    assert!(!row(Product::Quay).lets_in("team+robot"));
    assert!(row(Product::Quay).lets_in("$oauthtoken"));
}
