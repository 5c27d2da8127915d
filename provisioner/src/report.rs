//! Reads events, changes nothing; and the one door for data a verb prints.

pub mod jsonl;
pub mod junit;
pub mod out;
pub mod terminal;
