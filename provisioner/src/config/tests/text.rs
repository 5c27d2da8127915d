//! Texts that are not YAML, not whole, or meant to harm; and the schema they are held against.

use super::{COMMITTED, check};
use crate::config::{Cluster, shape, tree};

#[test]
fn what_is_not_yaml_says_where() {
    check(
        "",
        &["1:1: nothing where a mapping should be → The cluster of the lab."],
    );
    check(
        "cluster: a\ncluster: b\n",
        &["2:1: the key `cluster` appears twice → remove one of them"],
    );
    check(
        "- a\n- b\n",
        &["1:1: a list where a mapping should be → The cluster of the lab."],
    );
    for yaml in [
        "cluster: [a\n",
        "cluster: \"a\n",
        "---\na: 1\n---\nb: 2\n",
        "a: *b\n",
        "\u{0}",
    ] {
        assert_eq!(
            Cluster::parse("cluster.yaml", yaml).unwrap_err().len(),
            1,
            "{yaml:?}"
        );
    }
}

#[test]
fn bombs_are_refused_and_not_read() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    let deep = format!("cluster: {}{}\n", "[".repeat(100), "]".repeat(100));
    let huge = format!("cluster: {}\n", "x".repeat(tree::MAX_BYTES));
    for (yaml, message) in [
        (bomb, "aliases (*) expand beyond the limit"),
        (deep, "the file exceeds a limit: "),
        (huge, "the file is too large: 1048586 bytes, at most 1048576"),
    ] {
        let problems = Cluster::parse("cluster.yaml", &yaml).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].message.en.starts_with(message),
            "{}",
            problems[0].message.en
        );
    }
}

#[test]
fn the_schema_is_draft_07_and_knows_every_key_of_the_committed_file() {
    let schema = Cluster::schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(schema["additionalProperties"], false);
    let tree = tree::parse("cluster.yaml", COMMITTED).unwrap();
    assert_eq!(shape::problems("cluster.yaml", &tree, &schema), []);
    let words = schema["definitions"]["Engine"]["oneOf"].as_array().unwrap();
    for word in words.iter().map(|word| &word["const"]) {
        serde_json::from_value::<agent::wire::Engine>(word.clone()).unwrap();
    }
    assert_eq!(words.len(), 4);
    // And it can fail: a key nobody has, and one that is missing.
    let strange = tree::parse("cluster.yaml", "cluster: a\nstrange: b\n").unwrap();
    assert_eq!(shape::problems("cluster.yaml", &strange, &schema).len(), 4);
}

proptest::proptest! {
    #[test]
    fn whatever_the_text_there_is_an_answer(text in "[a-z:\\-{}\\[\\],.&* \n0-9\"']{0,200}") {
        let _ = Cluster::parse("cluster.yaml", &text);
    }

    #[test]
    fn a_cut_file_is_never_accepted_silently(cut in 0..COMMITTED.len()) {
        if let Some(text) = COMMITTED.get(..cut)
            && let Ok(cluster) = Cluster::parse("cluster.yaml", text)
        {
            proptest::prop_assert_eq!(cluster.nodes.len(), 4);
        }
    }
}
