//! A statement of the notes, and what experiments say of it.

use crate::text::Text;

/// One statement that an experiment can settle.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its id, which checks name.
    pub id: String,
    /// The heading of the notes.
    pub section: String,
    /// One sentence, in our words.
    pub claim: Text,
    /// What a run is expected to find.
    pub verdict: Verdict,
    /// Why, where it is not confirmed.
    pub reason: Option<Text>,
}

/// What a run finds of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The notes are right.
    Confirmed,
    /// The notes are wrong here.
    Refuted,
    /// True with the book's versions, not with these.
    Differs,
    /// No experiment settles it here.
    Unsettled,
}

impl Verdict {
    /// Words a claims file may use.
    pub const WORDS: [&str; 4] = ["confirmed", "refuted", "differs", "unsettled"];

    /// The verdict of a word.
    pub fn read(word: &str) -> Option<Self> {
        [Self::Confirmed, Self::Refuted, Self::Differs, Self::Unsettled]
            .into_iter()
            .zip(Self::WORDS)
            .find_map(|(verdict, known)| (word == known).then_some(verdict))
    }
}
