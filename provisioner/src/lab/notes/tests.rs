//! A small notes file of our own, line by line.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::claim::{Lines, Verdict};
use crate::text;

const NOTES: &str = "# Chapter

- a first statement
<br>
## Tables and code

| word | meaning |
| :--: | :-----: |
| tag  | a name  |

**only a heading**

```sh
# a comment
docker ps

```

- <br>
- bold is **not** a heading here
";

fn claim(id: &str, section: &str, lines: &[&str]) -> Claim {
    Claim {
        id: id.into(),
        section: section.into(),
        lines: lines.iter().map(|lines| Lines::read(lines).unwrap()).collect(),
        claim: text!("가", "a"),
        expect: Verdict::Confirmed,
        reason: None,
        checks: vec![],
    }
}

#[test]
fn what_states_something() {
    let lines: Vec<usize> = statements(NOTES).iter().map(|line| line.line).collect();
    assert_eq!(lines, [3, 9, 14, 15, 20]);
}

#[test]
fn what_no_claim_accounts_for() {
    let lines = |claims: &[Claim]| {
        let left = unaccounted(claims, NOTES);
        left.iter().map(|line| line.line).collect::<Vec<_>>()
    };
    assert_eq!(lines(&[]), [3, 9, 14, 15, 20]);
    assert_eq!(lines(&[claim("a", "Chapter", &["3", "13-17"])]), [9, 20]);
    let all = [
        claim("a", "Chapter", &["3"]),
        claim("b", "Tables and code", &["9-20"]),
    ];
    assert_eq!(lines(&all), [0_usize; 0]);
    let line = unaccounted(&all[..1], NOTES)[0];
    assert_eq!(line.text, "| tag  | a name  |");
}

#[test]
fn a_claim_stands_under_its_heading() {
    let wrong = |section: &str, lines: &[&str]| !misplaced(&[claim("a", section, lines)], NOTES).is_empty();
    assert!(!wrong("Chapter", &["3", "20"]), "a part of a part");
    assert!(!wrong("Tables and code", &["9-20"]));
    assert!(wrong("Tables and code", &["3"]), "above its heading");
    assert!(wrong("Tables and code", &["9", "99"]), "beyond the end");
    assert!(wrong("Tables", &["9"]), "no such heading");
    assert!(wrong("a comment", &["15"]), "a comment in code is no heading");
}
