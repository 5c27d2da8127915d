//! Whether a check is worth anything: it must fail before its exercise is solved, hold after, and fail again once all is cleaned up.
//! Pure: how it went is the runner's to see.

use serde::Serialize;

use crate::event::Outcome;
use crate::text;
use crate::text::Text;

/// How a check went, once round. `None`: nobody looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// `exercise/step/check`, with the matrix's values.
    pub check: String,
    /// `exercise/step`, as in `allowed-skips`.
    pub step: String,
    /// Before any step of the exercise, tried once.
    pub before: Option<Outcome>,
    /// After its step.
    pub solved: Option<Outcome>,
    /// After the cleanup, tried once.
    pub after: Option<Outcome>,
    /// Why it need not fail.
    pub already_true: Option<Text>,
}

/// What that proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Red, green, red.
    Proved,
    /// Green all along, for a reason the exercise gives.
    AlreadyTrue,
    /// Its step was skipped.
    Skipped,
    /// Green before anything was done.
    CannotFail,
    /// It could not look.
    CannotLook,
    /// Red although its step was done.
    DoesNotPass,
    /// Green after everything was cleaned up.
    StaysTrue,
}

impl Proof {
    /// What it proves.
    pub fn verdict(&self) -> Verdict {
        let looks = [self.before, self.solved, self.after];
        match self.solved {
            None | Some(Outcome::Skipped) => return Verdict::Skipped,
            Some(Outcome::Passed) => {}
            Some(Outcome::Errored) => return Verdict::CannotLook,
            Some(_) => return Verdict::DoesNotPass,
        }
        if self.already_true.is_some() {
            return Verdict::AlreadyTrue;
        }
        if looks.contains(&Some(Outcome::Errored)) {
            return Verdict::CannotLook;
        }
        match (self.before, self.after) {
            (Some(Outcome::Failed), Some(Outcome::Failed)) => Verdict::Proved,
            (Some(Outcome::Failed), _) => Verdict::StaysTrue,
            _ => Verdict::CannotFail,
        }
    }
}

impl Verdict {
    /// Whether the check may stay as it is; a skip is judged by the lab's `allowed-skips`.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Proved | Self::AlreadyTrue)
    }

    /// In words.
    pub fn words(self) -> Text {
        match self {
            Self::Proved => text!("증명됨", "proved"),
            Self::AlreadyTrue => text!("원래 참 (이유 있음)", "already true, for a reason"),
            Self::Skipped => text!("건너뜀", "skipped"),
            Self::CannotFail => text!("아무것도 하기 전에 이미 통과함", "passes before anything is done"),
            Self::CannotLook => text!("볼 수 없음", "cannot look"),
            Self::DoesNotPass => text!("풀어도 통과하지 못함", "does not pass when solved"),
            Self::StaysTrue => text!("뒷정리 뒤에도 통과함", "still passes after the cleanup"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Blocked, Errored, Failed, Passed};

    #[test]
    fn only_red_green_red_is_a_proof() {
        for (before, solved, after, opted_out, expected) in [
            (Some(Failed), Some(Passed), Some(Failed), false, Verdict::Proved),
            (
                Some(Passed),
                Some(Passed),
                Some(Failed),
                false,
                Verdict::CannotFail,
            ),
            (
                Some(Failed),
                Some(Passed),
                Some(Passed),
                false,
                Verdict::StaysTrue,
            ),
            (
                Some(Errored),
                Some(Passed),
                Some(Failed),
                false,
                Verdict::CannotLook,
            ),
            (
                Some(Failed),
                Some(Passed),
                Some(Errored),
                false,
                Verdict::CannotLook,
            ),
            (
                Some(Failed),
                Some(Failed),
                Some(Failed),
                false,
                Verdict::DoesNotPass,
            ),
            (
                Some(Failed),
                Some(Blocked),
                Some(Failed),
                false,
                Verdict::DoesNotPass,
            ),
            (Some(Failed), None, Some(Failed), false, Verdict::Skipped),
            (
                Some(Passed),
                Some(Passed),
                Some(Passed),
                true,
                Verdict::AlreadyTrue,
            ),
            (
                Some(Passed),
                Some(Failed),
                Some(Passed),
                true,
                Verdict::DoesNotPass,
            ),
        ] {
            let proof = Proof {
                check: "a/b/c".into(),
                step: "a/b".into(),
                before,
                solved,
                after,
                already_true: opted_out.then(|| "because".into()),
            };
            assert_eq!(proof.verdict(), expected, "{proof:?}");
        }
    }
}
