//! A ledger of one claim beside an exercise of one check: what must be said about them.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::files::Files;
use super::super::load::load;

const LEDGER: &str = "title: {ko: 장, en: chapter}\nexercises: [one.yaml]\nclaims: claims.yaml\n";

/// A ledger of one claim beside an exercise whose step `a` has a matrix and one check, naming `claim`.
fn ledger(entry: &str, claim: &str, expected: &[&str]) {
    let exercise = format!(
        "id: one\nsection: s\ntitle: {{ko: 하나, en: one}}\nsteps:\n- id: a\n  matrix: {{p: ['x', 'y']}}\n  solve: z\n  checks:\n  - {{id: c, title: {{ko: 씨, en: c}}, run: z, expect: {{exit-code: 1}}{claim}}}\n  title: t\n"
    );
    let claims = format!(
        "- id: s.x\n  section: s\n  claim: {{ko: 가, en: b}}\n  {}\n",
        entry.replace("; ", "\n  ")
    );
    let files: Files = [
        ("lab.yaml".into(), LEDGER.into()),
        ("one.yaml".into(), exercise),
        ("claims.yaml".into(), claims),
    ]
    .into();
    let problems = load("test", &files, None).err().unwrap_or_default();
    let said = problems.iter().map(|problem| {
        let file = problem.file.rsplit('/').next().unwrap();
        format!(
            "{file}:{}:{}: {}",
            problem.line, problem.column, problem.message.en
        )
    });
    assert_eq!(said.collect::<Vec<_>>(), expected, "{entry} {claim}");
}

#[test]
fn a_ledger_through_one_table() {
    const SURE: &str = "lines: 3; expect: confirmed";
    ledger(SURE, ", claim: s.x", &[]);
    ledger(
        "lines: [1-2, 5]; expect: confirmed; checks: [one/a/c]",
        ", claim: s.x",
        &[],
    );
    ledger(
        "lines: 3; expect: confirmed; checks: ['one/a[p=x]/c']",
        ", claim: 's.${p}'",
        &["one.yaml:9:75: unknown claim `s.y`"],
    );
    ledger(
        SURE,
        ", claim: [s.x, s.w]",
        &["one.yaml:9:81: unknown claim `s.w`"],
    );
    ledger(
        SURE,
        ", claim: 's.${q}'",
        &[
            "claims.yaml:1:7: no check looks at the claim `s.x`",
            "one.yaml:9:78: unknown variable `q`",
        ],
    );
    ledger(SURE, "", &["claims.yaml:1:7: no check looks at the claim `s.x`"]);
    let opinion = "lines: 3; expect: opinion; reason: {ko: 가, en: b}";
    ledger(opinion, "", &[]);
    ledger(
        "lines: 3; expect: opinion",
        "",
        &["claims.yaml:5:11: it needs a `reason`"],
    );
    ledger(
        opinion,
        ", claim: s.x",
        &["claims.yaml:5:11: `opinion`, yet the check `one/a[p=x]/c` settles it"],
    );
    ledger(
        "expect: confirmed",
        ", claim: s.x",
        &["claims.yaml:1:3: the key `lines` is missing"],
    );
    ledger(
        "lines: 9-3; expect: confirmed",
        ", claim: s.x",
        &["claims.yaml:4:10: `9-3` are no lines of the notes"],
    );
    ledger(
        "lines: [3-6, 5-8]; expect: confirmed",
        ", claim: s.x",
        &["claims.yaml:4:10: `5-8` does not come after `3-6`"],
    );
    ledger(
        "lines: []; expect: confirmed",
        ", claim: s.x",
        &["claims.yaml:4:10: there are no lines"],
    );
    ledger(
        "lines: 3; expect: perhaps",
        ", claim: s.x",
        &["claims.yaml:5:11: unknown value `perhaps`"],
    );
    ledger(
        "lines: 3; expect: confirmed; sure: yes",
        ", claim: s.x",
        &["claims.yaml:6:3: unknown key `sure`"],
    );
    ledger(
        "lines: 3; expect: confirmed; checks: [one/a/d]",
        ", claim: s.x",
        &[
            "claims.yaml:1:7: the check `one/a/c` names this claim and is not among its `checks`",
            "claims.yaml:6:12: unknown check `one/a/d`",
        ],
    );
    ledger(
        "lines: 3; expect: confirmed; checks: [one/a/c]",
        "",
        &[
            "claims.yaml:1:7: no check looks at the claim `s.x`",
            "claims.yaml:6:12: this check does not name the claim `s.x`",
        ],
    );
}
