//! Scalars: ids, texts, words from a list, numbers, durations, regular expressions.

use std::time::Duration;

use serde_yaml::Location;

use super::Reader;
use crate::config::suggest;
use crate::lab::place::At;
use crate::lab::raw::Word;
use crate::text;
use crate::text::Text;

/// Whether this can be an id: of a lab, an exercise, a step, a check.
pub fn is_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(fits)
}

impl Reader<'_> {
    pub(super) fn id(&mut self, raw: Option<&Word>) -> Option<String> {
        let raw = raw?;
        if !is_id(raw) {
            let hint = text!(
                "소문자, 숫자, `-`만",
                "only lower-case letters, digits and dashes"
            );
            self.report(
                raw.location,
                text!("`{}`은(는) id로 쓸 수 없음", "`{}` cannot be an id", **raw),
                Some(hint),
            );
        }
        Some((**raw).clone())
    }

    /// A text for people: a string counts for both languages only if no Hangul is in it.
    pub(super) fn text(&mut self, raw: Option<&At<Text>>) -> Option<Text> {
        let raw = raw?;
        let hangul = |text: &str| text.chars().any(|one| ('가'..='힣').contains(&one));
        for (lang, words) in [("ko", &raw.ko), ("en", &raw.en)] {
            if words.trim().is_empty() {
                self.report(
                    raw.location,
                    text!("`{lang}` 글이 비었음", "the `{lang}` text is empty"),
                    None,
                );
            }
        }
        if hangul(&raw.en) {
            let hint = text!("{{ko: …, en: …}}로 적으세요", "write {{ko: …, en: …}}");
            self.report(
                raw.location,
                text!("영어 글이 없음", "the English text is missing"),
                Some(hint),
            );
        }
        Some((**raw).clone())
    }

    pub(super) fn word(&mut self, raw: Option<&Word>, known: &[&str]) -> Option<String> {
        let raw = raw?;
        if known.contains(&raw.as_str()) {
            return Some((**raw).clone());
        }
        self.report(
            raw.location,
            text!("모르는 값 `{}`", "unknown value `{}`", **raw),
            Some(suggest::hint(raw, known.iter().copied())),
        );
        None
    }

    pub(super) fn number(&mut self, raw: Option<&Word>, most: usize) -> Option<usize> {
        let raw = raw?;
        let number = raw.parse().ok().filter(|number| *number <= most);
        if number.is_none() {
            self.report(
                raw.location,
                text!(
                    "0에서 {most} 사이의 수가 아님: `{}`",
                    "not a number from 0 to {most}: `{}`",
                    **raw
                ),
                None,
            );
        }
        number
    }

    pub(super) fn duration(&mut self, raw: Option<&Word>) -> Option<Duration> {
        let raw = raw?;
        let split = raw.find(|one: char| !one.is_ascii_digit()).unwrap_or(raw.len());
        let (number, unit) = raw.split_at(split);
        let scale = [("ms", 1_u64), ("s", 1000), ("m", 60_000)]
            .into_iter()
            .find(|(known, _)| *known == unit);
        let millis = scale
            .and_then(|(_, scale)| number.parse::<u64>().ok()?.checked_mul(scale))
            .filter(|millis| (1..=3_600_000).contains(millis));
        if millis.is_none() {
            let hint = text!("예: 500ms, 10s, 2m", "for example 500ms, 10s, 2m");
            self.report(
                raw.location,
                text!("`{}`은(는) 시간이 아님", "`{}` is not a duration", **raw),
                Some(hint),
            );
        }
        millis.map(Duration::from_millis)
    }

    pub(super) fn regex(&mut self, raw: &Word) -> Option<regex::Regex> {
        // A variable stands for some word; only the pattern around it can be wrong.
        let mut probe = (**raw).clone();
        for name in crate::lab::variables::names(raw) {
            probe = probe.replace(&format!("${{{name}}}"), "x");
        }
        regex::Regex::new(&probe)
            .map_err(|error| {
                let said = error.to_string();
                let said = said.lines().last().unwrap_or_default().trim().to_owned();
                self.report(
                    raw.location,
                    text!("잘못된 정규식: {said}", "not a regular expression: {said}"),
                    None,
                );
            })
            .ok()
    }

    pub(super) fn empty(&mut self, location: Location) {
        let hint = text!(
            "무엇을 기대하는지 적으세요: exactly, contains, matches …",
            "say what is expected: exactly, contains, matches …"
        );
        self.report(
            location,
            text!(
                "빈 matcher는 무엇이든 통과시킴",
                "an empty matcher accepts anything"
            ),
            Some(hint),
        );
    }
}
