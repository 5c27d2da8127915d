//! Reads events, changes nothing; and the one door for data a verb prints.

pub mod cast;
pub mod compare;
pub mod html;
pub mod jsonl;
pub mod junit;
pub mod out;
pub mod past;
pub mod redaction;
pub mod run;
pub mod terminal;
