//! What was measured, and times, as the page shows them.

use super::Both;

/// Things and their properties.
pub struct Table {
    /// What it compares.
    pub title: Both,
    /// The properties.
    pub columns: Vec<Both>,
    /// The things.
    pub rows: Vec<Row>,
}

/// A thing and its properties.
pub struct Row {
    /// Its name.
    pub name: String,
    /// One for each property; empty where it was not measured.
    pub cells: Vec<String>,
}

/// Numbers of one kind, as bars.
pub struct Chart {
    /// What they are of.
    pub title: Both,
    /// Where they were measured; may be empty.
    pub node: String,
    /// The bars.
    pub bars: Vec<Bar>,
}

/// A number as a bar.
pub struct Bar {
    /// What.
    pub name: String,
    /// Where; may be empty.
    pub node: String,
    /// How much: a time, a size.
    pub amount: String,
    /// Hundredths of the longest.
    pub share: u64,
    /// The id of its place in the page.
    pub place: String,
}
