//! The arguments of every verb, in Korean.

mod exercises;
mod host;
mod nodes;

/// Verb or verb and action, argument, help.
pub(super) type Row = (&'static str, &'static str, &'static str);

/// All of them, by what the verb is about.
pub(super) const ARGUMENTS: &[&[Row]] = &[nodes::ARGUMENTS, exercises::ARGUMENTS, host::ARGUMENTS];
