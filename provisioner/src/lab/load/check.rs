//! Checks, matchers and captures, as written -> as data.

use std::time::Duration;

use super::Reader;
use super::exercise::DEADLINE;
use crate::event::Unit;
use crate::lab::matcher::{Across, Expect, Matcher};
use crate::lab::place::{At, OneOrMany};
use crate::lab::{Capture, Check, Measure, Stream, raw};
use crate::text;

impl Reader<'_> {
    pub(super) fn check(&mut self, raw: &At<raw::Check>) -> Option<Check> {
        let id = self.id(raw.id.as_ref());
        let title = self.text(raw.title.as_ref());
        let expect = raw.expect.as_ref().map(|expect| self.expect(expect));
        self.vacuous(raw);
        let retries = self.number(raw.retries.as_ref(), 1000).unwrap_or(0);
        if let (Some(script), Some(_)) = (&raw.sabotage, &raw.already_true) {
            let message = text!(
                "`already-true`인 점검의 `sabotage`는 아무 단계도 되돌리지 않음",
                "no step puts back what the `sabotage` of an `already-true` check breaks"
            );
            self.report(script.location, message, None);
        }
        Some(Check {
            hosts: raw.hosts.as_ref().and_then(|hosts| self.hosts(Some(hosts))),
            retries: u32::try_from(retries).unwrap_or(u32::MAX),
            delay: self
                .duration(raw.delay.as_ref())
                .unwrap_or(Duration::from_millis(500)),
            deadline: self.duration(raw.deadline.as_ref()).unwrap_or(DEADLINE),
            hint: self.text(raw.hint.as_ref()),
            already_true: self.text(raw.already_true.as_ref()),
            sabotage: self.sabotage(raw.sabotage.as_ref()),
            measure: raw.measure.as_ref().and_then(|measure| self.measure(measure)),
            claims: raw
                .claim
                .iter()
                .flat_map(|claims| claims.all().to_vec())
                .collect(),
            run: (**raw.run.as_ref()?).clone(),
            expect: expect?,
            id: id?,
            title: title?,
        })
    }

    /// A script that breaks something, which an empty one does not.
    pub(super) fn sabotage(&mut self, raw: Option<&raw::Word>) -> Option<String> {
        let raw = raw?;
        if raw.trim().is_empty() {
            let message = text!(
                "빈 `sabotage`는 아무것도 망가뜨리지 않음",
                "an empty `sabotage` breaks nothing"
            );
            self.report(raw.location, message, None);
        }
        Some((**raw).clone())
    }

    fn measure(&mut self, raw: &raw::Measure) -> Option<Measure> {
        let title = self.text(raw.title.as_ref());
        let word = self.word(raw.unit.as_ref(), &Unit::WORDS.map(|(word, _)| word))?;
        let (_, unit) = Unit::WORDS.into_iter().find(|(known, _)| *known == word)?;
        Some(Measure { unit, title: title? })
    }

    pub(super) fn expect(&mut self, raw: &At<raw::Expect>) -> Expect {
        let nothing = raw.exit_code.is_none()
            && raw.stdout.is_none()
            && raw.stderr.is_none()
            && raw.across_hosts.is_none();
        if nothing {
            self.empty(raw.location);
        }
        let across = self.word(raw.across_hosts.as_ref(), &["equal", "distinct"]);
        Expect {
            exit_code: self
                .number(raw.exit_code.as_ref(), 255)
                .and_then(|code| i32::try_from(code).ok()),
            stdout: raw
                .stdout
                .as_ref()
                .map(|stream| self.stream(stream))
                .unwrap_or_default(),
            stderr: raw
                .stderr
                .as_ref()
                .map(|stream| self.stream(stream))
                .unwrap_or_default(),
            across_hosts: across.map(|word| {
                if word == "equal" {
                    Across::Equal
                } else {
                    Across::Distinct
                }
            }),
        }
    }

    pub(super) fn stream(&mut self, raw: &At<raw::Stream>) -> Vec<Matcher> {
        let mut matchers: Vec<Matcher> = vec![];
        matchers.extend(
            raw.exactly
                .as_ref()
                .map(|text| Matcher::Exactly((**text).clone())),
        );
        let all = |texts: &Option<At<OneOrMany>>| {
            texts
                .iter()
                .flat_map(|texts| texts.all().to_vec())
                .collect::<Vec<_>>()
        };
        for text in all(&raw.contains)
            .iter()
            .chain(&all(&raw.not_contains))
            .filter(|text| text.is_empty())
        {
            let _ = text;
            self.empty(raw.location);
        }
        matchers.extend(all(&raw.contains).into_iter().map(Matcher::Contains));
        matchers.extend(all(&raw.not_contains).into_iter().map(Matcher::NotContains));
        if let Some(pattern) = &raw.matches {
            self.regex(pattern);
            matchers.push(Matcher::Matches((**pattern).clone()));
        }
        matchers.extend(
            self.number(raw.line_count.as_ref(), 100_000)
                .map(Matcher::LineCount),
        );
        if matchers.is_empty() && raw.line_count.is_none() {
            self.empty(raw.location);
        }
        matchers
    }

    pub(super) fn capture(&mut self, name: &str, raw: &At<raw::Capture>) -> Option<Capture> {
        let from = match self.word(raw.from.as_ref(), &["stdout", "stderr"]).as_deref() {
            Some("stderr") => Stream::Stderr,
            _ => Stream::Stdout,
        };
        let regex = match &raw.regex {
            Some(pattern) => Some(self.regex(pattern)?),
            None => None,
        };
        Some(Capture {
            name: name.to_owned(),
            from,
            regex,
        })
    }
}
