//! A step or a check that ended, whichever it was: what reports have to say of both.

use super::{Outcome, What};
use crate::text::Text;

/// What a [`What::StepFinished`] or a [`What::CheckFinished`] tells.
#[derive(Clone, Copy, Debug)]
pub struct Done<'event> {
    /// Of which exercise.
    pub exercise: &'event str,
    /// The step, with the values of its matrix.
    pub step: &'event str,
    /// The check; `None`: the step itself.
    pub check: Option<&'event str>,
    /// Its title, where it has one.
    pub title: Option<&'event Text>,
    /// How it went.
    pub outcome: Outcome,
    /// Milliseconds it took.
    pub millis: u64,
    /// The script that ran, with variables shown.
    pub command: &'event str,
    /// Its output, capped.
    pub output: &'event str,
    /// Why, where not passed.
    pub reason: Option<&'event Text>,
    /// What to try.
    pub hint: Option<&'event Text>,
}

impl Done<'_> {
    /// `step` or `step/check`.
    pub fn name(&self) -> String {
        match self.check {
            Some(check) => format!("{}/{check}", self.step),
            None => self.step.to_owned(),
        }
    }
}

impl What {
    /// The step or check that ended; `None`: something else happened.
    pub fn done(&self) -> Option<Done<'_>> {
        match self {
            Self::StepFinished {
                exercise,
                step,
                title,
                outcome,
                millis,
                command,
                output,
                reason,
            } => Some(Done {
                exercise,
                step,
                check: None,
                title: title.as_ref(),
                outcome: *outcome,
                millis: *millis,
                command,
                output,
                reason: reason.as_ref(),
                hint: None,
            }),
            Self::CheckFinished {
                exercise,
                step,
                check,
                title,
                outcome,
                millis,
                command,
                output,
                reason,
                hint,
            } => Some(Done {
                exercise,
                step,
                check: Some(check),
                title: title.as_ref(),
                outcome: *outcome,
                millis: *millis,
                command,
                output,
                reason: reason.as_ref(),
                hint: hint.as_ref(),
            }),
            _ => None,
        }
    }
}
