//! The page of a report as a template sees it: words, counts and places, all of them escaped when it is filled in. What goes
//! into it is decided by `report::html`.

mod measured;

use std::fmt;

use askama::Template;
use askama::filters::{Escaper, Html, HtmlSafe};
use base64::Engine;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::text::Text;

pub use measured::{Bar, Chart, Row, Table};

/// The page's one script. Its digest is in the page's policy, so no other script can run there.
const SCRIPT: &str = include_str!("../../../templates/report/report.js");

/// A report.
#[derive(Template)]
#[template(path = "report/report.html")]
pub struct Page {
    /// `ko` or `en`: the language it opens in.
    pub lang: &'static str,
    /// The lab's name.
    pub lab: String,
    /// The lab's title.
    pub title: Both,
    /// When it began.
    pub started: String,
    /// How long it took; empty: it did not end.
    pub took: String,
    /// Claims by verdict; empty where there is no ledger.
    pub verdicts: Vec<Count>,
    /// Steps and checks by outcome.
    pub outcomes: Vec<Count>,
    /// What did not pass and what was skipped.
    pub troubles: Vec<Trouble>,
    /// The notes' outline.
    pub sections: Vec<Section>,
    /// The cluster.
    pub drawing: Option<Drawing>,
    /// What was measured of the same things, side by side.
    pub tables: Vec<Table>,
    /// What was measured.
    pub charts: Vec<Chart>,
    /// What ran where.
    pub versions: Vec<Version>,
    /// Exercises by time.
    pub exercise_times: Vec<Bar>,
    /// The steps that took longest.
    pub step_times: Vec<Bar>,
}

/// A text in both languages: the page shows one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Both(pub Text);

impl fmt::Display for Both {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Text { ko, en } = &self.0;
        if ko == en {
            return Html.write_escaped_str(formatter, ko);
        }
        for (lang, words) in [("ko", ko), ("en", en)] {
            write!(formatter, "<span class=l lang={lang}>")?;
            Html.write_escaped_str(&mut *formatter, words)?;
            formatter.write_str("</span>")?;
        }
        Ok(())
    }
}

/// It escapes its own words.
impl HtmlSafe for Both {}

/// How many of a kind.
pub struct Count {
    /// The kind's word, also its class: `confirmed`, `failed`, …
    pub key: &'static str,
    /// Its name.
    pub label: Both,
    /// How many.
    pub count: usize,
}

/// Something a reader should see first.
pub struct Trouble {
    /// Its outcome's word.
    pub key: &'static str,
    /// Its outcome.
    pub label: Both,
    /// `exercise/step`.
    pub name: String,
    /// Where it happened; may be empty.
    pub node: String,
    /// Why.
    pub reason: Option<Both>,
    /// The id of its place in the page.
    pub place: String,
}

/// A heading of the notes.
pub struct Section {
    /// Its id in the page.
    pub id: String,
    /// The heading.
    pub heading: String,
    /// Its claims by verdict.
    pub counts: Vec<Count>,
    /// Its claims.
    pub claims: Vec<Claim>,
    /// Its exercises.
    pub exercises: Vec<Exercise>,
}

/// A claim.
pub struct Claim {
    /// Its id in the ledger.
    pub id: String,
    /// Its verdict's word.
    pub key: &'static str,
    /// Its verdict.
    pub verdict: Both,
    /// The claim.
    pub words: Both,
    /// Its lines in the notes.
    pub lines: String,
    /// What stands there; empty: the user gave no notes.
    pub quote: String,
    /// Why it is not confirmed.
    pub reason: Option<Both>,
    /// What was seen.
    pub evidence: Vec<Done>,
}

/// An exercise.
pub struct Exercise {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Both,
    /// Its outcome's word.
    pub key: &'static str,
    /// Its outcome.
    pub label: Both,
    /// How long it took.
    pub took: String,
    /// How to do it again.
    pub command: String,
    /// Its steps and checks.
    pub done: Vec<Done>,
}

/// A step or check on a node.
pub struct Done {
    /// The id of its place in the page.
    pub place: String,
    /// Whether it is a check.
    pub check: bool,
    /// Its outcome's word.
    pub key: &'static str,
    /// Its title.
    pub title: Both,
    /// Its name, `step` or `step/check`.
    pub name: String,
    /// Where.
    pub node: String,
    /// How long it took.
    pub took: String,
    /// Hundredths of the longest in its exercise.
    pub share: u64,
    /// The command.
    pub command: String,
    /// What it printed, capped.
    pub output: String,
    /// Why it did not pass.
    pub reason: Option<Both>,
    /// What to try.
    pub hint: Option<Both>,
    /// Its recording, relative to the page; may be empty.
    pub cast: String,
    /// What ran there.
    pub versions: String,
}

/// A row of versions.
pub struct Version {
    /// Of what.
    pub label: Both,
    /// Which.
    pub value: String,
}

/// The cluster, drawn. All lengths are of the drawing's own 520 units of width.
pub struct Drawing {
    /// Its height.
    pub height: u32,
    /// Its nodes from top to bottom.
    pub nodes: Vec<NodeBox>,
    /// Where the registry's box begins.
    pub registry_y: u32,
    /// The node it runs on.
    pub registry_host: String,
    /// `address:port`.
    pub registry: String,
    /// Its image.
    pub image: String,
    /// Until when its certificate is valid.
    pub until: String,
    /// The lab network.
    pub network: String,
}

/// A node's box.
pub struct NodeBox {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its first engine and its version.
    pub engine: String,
    /// Where it begins.
    pub y: u32,
    /// Its middle.
    pub middle: u32,
    /// Where its line meets the registry.
    pub target: u32,
    /// Whether every store of it trusts the registry.
    pub trusted: bool,
    /// The stores that trust, or else those that do not.
    pub stores: String,
}

impl Page {
    /// Words of the template itself.
    fn t(&self, ko: &str, en: &str) -> Both {
        let (ko, en) = (ko.to_owned(), en.to_owned());
        Both(Text { ko, en })
    }

    fn script(&self) -> &'static str {
        SCRIPT
    }

    fn script_digest(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(Sha256::digest(SCRIPT))
    }

    /// The page. Control characters, which no page may hold, are shown by their pictures.
    pub fn fill(&self) -> Result<String> {
        let shown = |one: char| match one {
            '\n' | '\t' => Some(one),
            '\r' => None,
            '\0'..' ' => char::from_u32(0x2400 + u32::from(one)),
            one => Some(one),
        };
        Ok(super::fill(self)?.chars().filter_map(shown).collect())
    }
}

/// The mark of an outcome or verdict, beside its colour.
fn mark(key: &str) -> &'static str {
    match key {
        "passed" | "confirmed" => "✓",
        "failed" | "errored" | "refuted" => "✗",
        "differs" => "≠",
        "opinion" => "“",
        "unsettled" => "?",
        "unfinished" => "…",
        _ => "–",
    }
}
