//! A claim, as written -> as data.

use super::Reader;
use crate::claim::{Claim, Lines, Verdict};
use crate::lab::place::{At, OneOrMany};
use crate::lab::raw;
use crate::text;

impl Reader<'_> {
    pub(super) fn claim(&mut self, raw: &raw::Claim) -> Option<Claim> {
        let claim = self.text(raw.claim.as_ref());
        let reason = self.text(raw.reason.as_ref());
        let lines = raw.lines.as_ref().map(|lines| self.lines(lines));
        let expect = self
            .word(raw.expect.as_ref(), &Verdict::WORDS)
            .and_then(|word| Verdict::read(&word));
        if let Some(word) = &raw.expect
            && expect.is_some_and(|expect| expect != Verdict::Confirmed)
            && reason.is_none()
        {
            self.report(
                word.location,
                text!("이유(`reason`)가 없음", "it needs a `reason`"),
                None,
            );
        }
        Some(Claim {
            id: (**raw.id.as_ref()?).clone(),
            section: (**raw.section.as_ref()?).clone(),
            lines: lines?,
            claim: claim?,
            expect: expect?,
            reason,
            checks: vec![],
        })
    }

    /// In order, each after the one before.
    fn lines(&mut self, raw: &At<OneOrMany>) -> Vec<Lines> {
        let mut all: Vec<Lines> = vec![];
        for words in raw.all() {
            let Some(lines) = Lines::read(words) else {
                let hint = text!(
                    "예: 145, 143-146, [135, 143-146]",
                    "for example 145, 143-146, [135, 143-146]"
                );
                let message = text!(
                    "`{words}`은(는) 노트의 줄이 아님",
                    "`{words}` are no lines of the notes"
                );
                self.report(raw.location, message, Some(hint));
                continue;
            };
            if let Some(before) = all.last().filter(|before| before.last >= lines.first) {
                let message = text!(
                    "`{lines}`이(가) `{before}`보다 뒤에 있지 않음",
                    "`{lines}` does not come after `{before}`"
                );
                self.report(raw.location, message, None);
            }
            all.push(lines);
        }
        if raw.all().is_empty() {
            self.report(
                raw.location,
                text!("줄이 하나도 없음", "there are no lines"),
                None,
            );
        }
        all
    }
}
