//! The files of a lab -> [`Lab`]. Every problem at once, each with file:line:column and a hint. Reads only the texts given.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use serde_yaml::Location;

use super::claim::{Claim, Verdict};
use super::embedded::Files;
use super::matcher::{Across, Expect, Matcher};
use super::place::{At, OneOrMany};
use super::raw::{self, Word};
use super::{Action, Capture, Check, Exercise, Hosts, Lab, Step, Stream, When, references};
use crate::config::tree::position;
use crate::config::{Cluster, Problem, ProviderKind, shape, suggest, tree};
use crate::text;
use crate::text::Text;

const DEADLINE: Duration = Duration::from_secs(60);

/// The JSON Schemas (draft-07) of a lab's files: `lab.yaml`, an exercise, the claims.
pub fn schemas() -> [(&'static str, Json); 3] {
    [
        ("lab", shape::schema::<raw::Lab>()),
        ("exercise", shape::schema::<raw::Exercise>()),
        ("claims", shape::schema::<Vec<raw::Claim>>()),
    ]
}

/// Reads the lab `name` from its files, for a cluster where one is known (nodes named by hosts must be in it).
pub fn load(name: &str, files: &Files, cluster: Option<&Cluster>) -> Result<Lab, Vec<Problem>> {
    let mut reader = Reader {
        file: format!("labs/{name}/lab.yaml"),
        cluster,
        problems: vec![],
    };
    let lab = reader.lab(name, files);
    let mut problems = reader.problems;
    problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    problems.dedup();
    match lab {
        Some(lab) if problems.is_empty() => Ok(lab),
        _ => Err(problems),
    }
}

/// Reads one file at a time and collects its problems.
pub(super) struct Reader<'lab> {
    pub(super) file: String,
    pub(super) cluster: Option<&'lab Cluster>,
    pub(super) problems: Vec<Problem>,
}

impl Reader<'_> {
    fn lab(&mut self, name: &str, files: &Files) -> Option<Lab> {
        let raw: raw::Lab = self.read("lab.yaml", name, files)?;
        let mut exercises = vec![];
        let mut places = references::Places::default();
        for file in raw.exercises.iter().flatten() {
            self.file = format!("labs/{name}/lab.yaml");
            if !self.inside(file) {
                continue;
            }
            if !files.contains_key(&**file) {
                let known = files
                    .keys()
                    .map(String::as_str)
                    .filter(|known| *known != "lab.yaml");
                self.report(
                    file.location,
                    text!("파일 `{}`이(가) 없음", "there is no file `{}`", **file),
                    Some(suggest::hint(file, known)),
                );
                continue;
            }
            if let Some(read) = self.read::<raw::Exercise>(file, name, files) {
                let exercise = self.exercise(&read);
                places.add(&self.file, &read);
                exercises.extend(exercise);
            }
        }
        self.file = format!("labs/{name}/lab.yaml");
        let title = self.text(raw.title.as_ref());
        let claims_file = raw.claims.as_ref().filter(|file| self.inside(file));
        let claims = claims_file
            .map(|file| self.claims(file, name, files))
            .unwrap_or_default();
        self.file = format!("labs/{name}/lab.yaml");
        let lab = Lab {
            name: name.to_owned(),
            title: title?,
            allowed_skips: raw.allowed_skips.iter().map(|skip| (**skip).clone()).collect(),
            variables: raw
                .variables
                .iter()
                .map(|(name, value)| (name.clone(), (**value).clone()))
                .collect(),
            claims,
            exercises,
        };
        references::check(self, &lab, &raw, &places);
        Some(lab)
    }

    fn read<T: serde::de::DeserializeOwned + schemars::JsonSchema>(
        &mut self,
        file: &str,
        lab: &str,
        files: &Files,
    ) -> Option<T> {
        self.file = format!("labs/{lab}/{file}");
        let Some(text) = files.get(file) else {
            self.report(
                Location::UNKNOWN,
                text!("파일이 없음", "the file is missing"),
                None,
            );
            return None;
        };
        let shaped = tree::parse(&self.file, text)
            .map(|tree| shape::problems(&self.file, &tree, &shape::schema::<T>()));
        let clean = match shaped {
            Ok(found) => {
                let clean = found.is_empty();
                self.problems.extend(found);
                clean
            }
            Err(problem) => {
                self.problems.push(problem);
                return None;
            }
        };
        match tree::read::<T>(&self.file, text) {
            Ok(read) => Some(read),
            Err(problem) => {
                // A value of the wrong kind: the comparison with the schema has said so, and more.
                if clean {
                    self.problems.push(problem);
                }
                None
            }
        }
    }

    fn inside(&mut self, file: &Word) -> bool {
        let plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\']);
        if !plain {
            let hint = text!("이 lab의 디렉터리에 두세요", "keep it in the lab's own directory");
            self.report(
                file.location,
                text!(
                    "`{}`: 파일이 lab의 디렉터리를 벗어남",
                    "`{}` leaves the lab's directory",
                    **file
                ),
                Some(hint),
            );
        }
        plain
    }

    fn claims(&mut self, file: &Word, name: &str, files: &Files) -> Vec<Claim> {
        if !files.contains_key(&**file) {
            self.report(
                file.location,
                text!("파일 `{}`이(가) 없음", "there is no file `{}`", **file),
                None,
            );
            return vec![];
        }
        let raw: Vec<raw::Claim> = self.read(file, name, files).unwrap_or_default();
        let claims: Vec<Claim> = raw.iter().filter_map(|claim| self.claim(claim)).collect();
        for (at, claim) in raw.iter().enumerate() {
            let Some(id) = &claim.id else { continue };
            if raw[..at].iter().any(|other| other.id.as_deref() == Some(&**id)) {
                self.report(
                    id.location,
                    text!("주장 `{}`이(가) 두 번 나옴", "the claim `{}` appears twice", **id),
                    None,
                );
            }
        }
        claims
    }

    fn claim(&mut self, raw: &raw::Claim) -> Option<Claim> {
        let claim = self.text(raw.claim.as_ref());
        let reason = self.text(raw.reason.as_ref());
        let verdict = self
            .word(raw.expect.as_ref(), &Verdict::WORDS)
            .and_then(|word| Verdict::read(&word));
        if let Some(expect) = &raw.expect
            && verdict.is_some_and(|verdict| verdict != Verdict::Confirmed)
            && reason.is_none()
        {
            self.report(
                expect.location,
                text!("이유(`reason`)가 없음", "it needs a `reason`"),
                None,
            );
        }
        let section = (**raw.section.as_ref()?).clone();
        Some(Claim {
            id: (**raw.id.as_ref()?).clone(),
            section,
            claim: claim?,
            verdict: verdict?,
            reason,
        })
    }

    fn exercise(&mut self, raw: &raw::Exercise) -> Option<Exercise> {
        let id = self.id(raw.id.as_ref());
        let title = self.text(raw.title.as_ref());
        let mut steps: Vec<Step> = vec![];
        for step in raw.steps.iter().flat_map(|steps| steps.iter()) {
            let previous = steps.last().map(|step| step.id.clone());
            steps.extend(self.step(step, previous));
        }
        if let Some(none) = raw.steps.as_ref().filter(|steps| steps.is_empty()) {
            self.report(
                none.location,
                text!("단계가 하나도 없음", "there are no steps"),
                None,
            );
        }
        Some(Exercise {
            id: id?,
            section: (**raw.section.as_ref()?).clone(),
            title: title?,
            needs: raw.needs.iter().map(|need| (**need).clone()).collect(),
            containers: raw.containers.iter().map(|name| (**name).clone()).collect(),
            steps,
        })
    }

    fn step(&mut self, raw: &At<raw::Step>, previous: Option<String>) -> Option<Step> {
        let id = self.id(raw.id.as_ref());
        let action = self.action(raw);
        let checks: Vec<Check> = raw.checks.iter().filter_map(|check| self.check(check)).collect();
        let matrix = raw.matrix.iter().map(|(name, values)| {
            if values.is_empty() {
                self.report(
                    values.location,
                    text!("값이 없음: `{name}`", "`{name}` has no values"),
                    None,
                );
            }
            (
                name.clone(),
                values.iter().map(|value| (**value).clone()).collect(),
            )
        });
        let matrix: BTreeMap<String, Vec<String>> = matrix.collect();
        if action == Action::Nothing && raw.checks.is_empty() {
            let hint = text!(
                "`solve`, `restart` 또는 `checks`를 적으세요",
                "write `solve`, `restart` or `checks`"
            );
            self.report(
                raw.location,
                text!("아무것도 하지 않는 단계", "a step that does nothing"),
                Some(hint),
            );
        }
        let needs = match &raw.needs {
            Some(needs) => needs.iter().map(|need| (**need).clone()).collect(),
            None => previous.into_iter().collect(),
        };
        Some(Step {
            title: self.text(raw.title.as_ref()),
            hosts: self.hosts(raw.hosts.as_ref()).unwrap_or(Hosts::Master),
            needs,
            when: raw.when.as_ref().map(|when| self.when(when)).unwrap_or_default(),
            matrix,
            action,
            deadline: self.duration(raw.deadline.as_ref()).unwrap_or(DEADLINE),
            expect: raw
                .expect
                .as_ref()
                .map(|expect| self.expect(expect))
                .unwrap_or_default(),
            capture: raw
                .capture
                .iter()
                .filter_map(|(name, capture)| self.capture(name, capture))
                .collect(),
            checks,
            cleanup: raw.cleanup.as_ref().map(|script| (**script).clone()),
            id: id?,
        })
    }

    fn action(&mut self, raw: &raw::Step) -> Action {
        match (&raw.solve, &raw.restart) {
            (Some(_), Some(restart)) => {
                self.report(
                    restart.location,
                    text!("`solve`와 `restart`가 함께 있음", "both `solve` and `restart`"),
                    None,
                );
                Action::Nothing
            }
            (Some(script), None) => Action::Solve((**script).clone()),
            (None, Some(_)) => match self.word(raw.restart.as_ref(), &["node", "engine"]).as_deref() {
                Some("node") => Action::RestartNode,
                _ => Action::RestartEngine,
            },
            (None, None) => Action::Nothing,
        }
    }

    fn check(&mut self, raw: &At<raw::Check>) -> Option<Check> {
        let id = self.id(raw.id.as_ref());
        let title = self.text(raw.title.as_ref());
        let expect = raw.expect.as_ref().map(|expect| self.expect(expect));
        let retries = self.number(raw.retries.as_ref(), 1000).unwrap_or(0);
        Some(Check {
            hosts: raw.hosts.as_ref().and_then(|hosts| self.hosts(Some(hosts))),
            retries: u32::try_from(retries).unwrap_or(u32::MAX),
            delay: self
                .duration(raw.delay.as_ref())
                .unwrap_or(Duration::from_millis(500)),
            deadline: self.duration(raw.deadline.as_ref()).unwrap_or(DEADLINE),
            hint: self.text(raw.hint.as_ref()),
            claim: raw.claim.as_ref().map(|claim| (**claim).clone()),
            run: (**raw.run.as_ref()?).clone(),
            expect: expect?,
            id: id?,
            title: title?,
        })
    }

    fn expect(&mut self, raw: &At<raw::Expect>) -> Expect {
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

    fn stream(&mut self, raw: &At<raw::Stream>) -> Vec<Matcher> {
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

    fn capture(&mut self, name: &str, raw: &At<raw::Capture>) -> Option<Capture> {
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

    fn when(&mut self, raw: &raw::When) -> When {
        use agent::wire::Engine;
        let engines = [
            ("docker", Engine::Docker),
            ("containerd", Engine::Containerd),
            ("cri-o", Engine::CriO),
            ("podman", Engine::Podman),
        ];
        let providers = [
            ("local", ProviderKind::Local),
            ("vagrant", ProviderKind::Vagrant),
            ("inventory", ProviderKind::Inventory),
        ];
        let engine = self.word(raw.engine.as_ref(), &engines.map(|(word, _)| word));
        let provider = self.word(raw.provider.as_ref(), &providers.map(|(word, _)| word));
        When {
            engine: engine
                .and_then(|word| engines.iter().find(|(known, _)| *known == word))
                .map(|(_, engine)| *engine),
            online: self
                .word(raw.online.as_ref(), &["true", "false"])
                .map(|word| word == "true"),
            workers: self.number(raw.workers.as_ref(), 32),
            provider: provider
                .and_then(|word| providers.iter().find(|(known, _)| *known == word))
                .map(|(_, kind)| *kind),
        }
    }

    fn hosts(&mut self, raw: Option<&At<OneOrMany>>) -> Option<Hosts> {
        let raw = raw?;
        match raw.all() {
            [one] if one == "master" => return Some(Hosts::Master),
            [one] if one == "worker" => return Some(Hosts::Worker),
            [one] if one == "workers" => return Some(Hosts::Workers),
            [one] if one == "all" => return Some(Hosts::All),
            _ => {}
        }
        let mut names = vec![];
        for word in raw.all() {
            let known: Vec<&str> = self
                .cluster
                .iter()
                .flat_map(|cluster| cluster.nodes.iter().map(|node| node.name.as_str()))
                .collect();
            match word.parse() {
                Ok(name) if self.cluster.is_none_or(|cluster| cluster.node(&name).is_some()) => {
                    names.push(name)
                }
                _ => {
                    let known = known
                        .into_iter()
                        .chain(["master", "worker", "workers", "all"])
                        .collect::<Vec<_>>();
                    let hint = suggest::hint(word, known.iter().copied());
                    self.report(
                        raw.location,
                        text!("`{word}`라는 노드가 없음", "there is no node `{word}`"),
                        Some(hint),
                    );
                }
            }
        }
        Some(Hosts::Named(names))
    }

    fn id(&mut self, raw: Option<&Word>) -> Option<String> {
        let raw = raw?;
        let fits = !raw.is_empty()
            && raw
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !fits {
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
    fn text(&mut self, raw: Option<&At<Text>>) -> Option<Text> {
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

    fn word(&mut self, raw: Option<&Word>, known: &[&str]) -> Option<String> {
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

    fn number(&mut self, raw: Option<&Word>, most: usize) -> Option<usize> {
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

    fn duration(&mut self, raw: Option<&Word>) -> Option<Duration> {
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

    fn regex(&mut self, raw: &Word) -> Option<regex::Regex> {
        // A variable stands for some word; only the pattern around it can be wrong.
        let mut probe = (**raw).clone();
        for name in super::variables::names(raw) {
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

    fn empty(&mut self, location: Location) {
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

    pub(super) fn report(&mut self, location: Location, message: Text, hint: Option<Text>) {
        let (line, column) = position(location);
        self.problems.push(Problem {
            file: self.file.clone(),
            line,
            column,
            message,
            hint,
        });
    }
}

#[cfg(test)]
mod tests;
