//! Finds what nobody else may see in a text, puts a word in its place and counts by kind. Rather too much than too little: what
//! only looks like a secret goes as well.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::Serialize;

use crate::pki::Secret;
use crate::report::redaction::{Redaction, WORD};
use crate::text;
use crate::text::Text;

/// What is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Private keys.
    PrivateKey,
    /// Values that are known to be secret, wherever they appear.
    KnownSecret,
    /// What a kubeconfig or an engine's configuration lets its holder in with.
    Credential,
    /// Tokens, by their form.
    Token,
    /// Name and password in a URL.
    Url,
    /// Values of settings that are called passwords and the like.
    Setting,
}

impl Kind {
    /// What it is, and why it was removed.
    pub fn why(self) -> Text {
        match self {
            Self::PrivateKey => text!(
                "개인 키: 가진 사람이 그 주인 행세를 할 수 있음",
                "private key: whoever has it can pass for its owner"
            ),
            Self::KnownSecret => text!(
                "lab의 열쇠, cluster.yaml이나 환경에 적힌 비밀번호: 다른 글에 나와도 지움",
                "a key of the lab, or a password of cluster.yaml or the environment: removed wherever it appears"
            ),
            Self::Credential => text!(
                "kubeconfig나 엔진 설정의 자격 증명: 가진 사람이 들어갈 수 있음",
                "credential of a kubeconfig or an engine: whoever has it gets in"
            ),
            Self::Token => text!(
                "토큰으로 보이는 것: 끝나기 전에는 쓸 수 있음",
                "what looks like a token: good until it ends"
            ),
            Self::Url => text!("URL 안의 사용자와 비밀번호", "user and password in a URL"),
            Self::Setting => text!(
                "비밀번호, 토큰, 비밀이라고 불리는 설정의 값",
                "value of a setting that is called a password, a token or a secret"
            ),
        }
    }
}

/// What a setting is called that holds a secret.
const CALLED: &str =
    "password|passwd|passphrase|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key";

/// Kinds of secrets that are known by their form: what goes before the secret, and the secret.
static FORMS: LazyLock<Vec<(Kind, Regex)>> = LazyLock::new(|| {
    let settings = format!(
        r#"(?i)(["']?[a-z0-9_.-]*(?:{CALLED})[a-z0-9_.-]*["']?[ \t]*[:=][ \t]*)([|>][-+0-9]*[ \t]*(?:\n[ \t]+[^\n]*)+|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;}}\])"']+)"#
    );
    let options = format!(r"(?i)(--?[a-z0-9-]*(?:{CALLED})[a-z0-9-]*[ \t]+)([^\s-][^\s]*)");
    [
        (
            Kind::Credential,
            r#"(?i)((?:client-key-data|client-certificate-data|["']?(?:identity)?auth["']?)[ \t]*:[ \t]*)("[^"]*"|[a-z0-9+/_=-]{8,})"#,
        ),
        (Kind::Credential, r"(?i)(\b(?:proxy-)?authorization[ \t]*:[ \t]*(?:basic|bearer)?[ \t]*|\bbearer[ \t]+)([a-z0-9+/._~=-]{6,})"),
        (Kind::Url, r#"(\b[a-zA-Z][a-zA-Z0-9+.-]*://)([^\s/@"'<>]+)@"#),
        (Kind::Token, r"()(\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?)"),
        (Kind::Token, r"()(\b[a-z0-9]{6}\.[a-z0-9]{16}\b)"),
        (Kind::Setting, &settings),
        (Kind::Setting, &options),
    ]
    .into_iter()
    .filter_map(|(kind, form)| Some((kind, Regex::new(form).ok()?)))
    .collect()
});

/// A shorter value is a word like any other.
const LEAST: usize = 6;

/// Knows the secrets of this seat and what others look like.
#[derive(Debug, Default)]
pub struct Cleaner {
    keys: Redaction,
    values: Values,
}

/// Values that are secret wherever they appear.
#[derive(Default)]
struct Values(Vec<String>);

impl std::fmt::Debug for Values {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(WORD)
    }
}

impl Cleaner {
    /// Knows these keys.
    pub fn new(keys: &[Secret]) -> Self {
        Self {
            keys: Redaction::new(keys),
            values: Values::default(),
        }
    }

    /// Learns the passwords a file says, to find them wherever else they appear.
    pub fn learn(&mut self, text: &str) {
        let found: Vec<String> = FORMS
            .iter()
            .filter(|(kind, _)| matches!(kind, Kind::Setting | Kind::Url))
            .flat_map(|(_, form)| form.captures_iter(text).map(|found| found[2].to_owned()))
            .collect();
        for one in found {
            // Of `user:password` the password alone, too.
            let password = one.split_once(':').map(|(_, password)| password.to_owned());
            for value in password.into_iter().chain([one]) {
                if !plain(&value) {
                    self.know(value.trim_matches(['"', '\'']));
                }
            }
        }
    }

    /// A value that is secret.
    pub fn know(&mut self, value: &str) {
        if value.len() >= LEAST && !self.values.0.iter().any(|known| known == value) {
            self.values.0.push(value.to_owned());
            // One that holds another is found first.
            self.values.0.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
    }

    /// Whether a variable of this name holds what nobody else may see.
    pub fn is_secret(name: &str) -> bool {
        let called = Regex::new(&format!("(?i){CALLED}"));
        called.is_ok_and(|called| called.is_match(name))
    }

    /// The text without its secrets, and how many of each kind it had.
    pub fn clean(&self, text: &str) -> (String, BTreeMap<Kind, usize>) {
        let mut counts = BTreeMap::new();
        let mut count = |kind, found: usize| {
            if found > 0 {
                *counts.entry(kind).or_default() += found;
            }
        };
        count(Kind::PrivateKey, self.keys.find(text).len());
        let mut clean = self.keys.of(text);
        for value in &self.values.0 {
            count(Kind::KnownSecret, clean.matches(value.as_str()).count());
            clean = clean.replace(value.as_str(), WORD);
        }
        for (kind, form) in FORMS.iter() {
            let mut found = 0;
            clean = form
                .replace_all(&clean, |captures: &Captures<'_>| {
                    let (whole, secret) = (&captures[0], &captures[2]);
                    if plain(secret) {
                        return whole.to_owned();
                    }
                    found += 1;
                    let after = &whole[captures[1].len() + secret.len()..];
                    format!("{}{WORD}{after}", &captures[1])
                })
                .into_owned();
            count(*kind, found);
        }
        (clean, counts)
    }
}

/// What stands where a secret could, and is none.
fn plain(value: &str) -> bool {
    let inner = value.trim_matches(['"', '\'']);
    inner.is_empty()
        || inner.contains(WORD)
        || WORD.contains(inner)
        || matches!(
            inner.to_lowercase().as_str(),
            "null" | "true" | "false" | "none" | "bearer" | "basic" | "{" | "[" | "{}" | "[]"
        )
}
