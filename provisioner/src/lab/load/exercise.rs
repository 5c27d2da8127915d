//! An exercise and its steps, as written -> as data.

use std::collections::BTreeMap;
use std::time::Duration;

use agent::wire::Engine;

use super::Reader;
use crate::config::{ProviderKind, suggest};
use crate::lab::place::{At, OneOrMany};
use crate::lab::{Action, Check, Exercise, Hosts, Outside, Step, When, raw, sabotage};
use crate::{engine, text};

/// How long a script may take where nothing is written.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

impl Reader<'_> {
    pub(super) fn exercise(&mut self, raw: &raw::Exercise) -> Option<Exercise> {
        let id = self.id(raw.id.as_ref());
        let title = self.text(raw.title.as_ref());
        let labs = self.engines.clone();
        if let Some(engine) = &raw.engine {
            self.engines = self.engines(engine);
        }
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
        self.engines = labs;
        self.unseen(raw, &steps);
        Some(Exercise {
            id: id?,
            section: (**raw.section.as_ref()?).clone(),
            title: title?,
            needs: raw.needs.iter().map(|need| (**need).clone()).collect(),
            containers: raw.containers.iter().map(|name| (**name).clone()).collect(),
            exclusive: raw
                .exclusive
                .iter()
                .filter_map(|image| self.image(image))
                .collect(),
            steps,
        })
    }

    /// A `sabotage` that no check could notice.
    fn unseen(&mut self, raw: &raw::Exercise, steps: &[Step]) {
        for raw in raw.steps.iter().flat_map(|steps| steps.iter()) {
            let step = steps
                .iter()
                .position(|step| raw.id.as_ref().is_some_and(|id| **id == step.id));
            if let (Some(script), Some(at)) = (&raw.sabotage, step)
                && sabotage::moments(steps, at).is_empty()
            {
                let message = text!(
                    "이 `sabotage`를 알아챌 점검이 없음",
                    "no check could notice this `sabotage`"
                );
                self.report(script.location, message, None);
            }
        }
    }

    /// The name of an image, which goes into a script as it is.
    fn image(&mut self, raw: &raw::Word) -> Option<String> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "./:@_-".contains(letter);
        if !raw.is_empty() && raw.chars().all(plain) {
            return Some((**raw).clone());
        }
        self.report(
            raw.location,
            text!(
                "이미지 이름이 아님: `{}`",
                "not the name of an image: `{}`",
                **raw
            ),
            Some(text!(
                "예: nginx, nginx:stable",
                "for example: nginx, nginx:stable"
            )),
        );
        None
    }

    pub(super) fn step(&mut self, raw: &At<raw::Step>, previous: Option<String>) -> Option<Step> {
        let id = self.id(raw.id.as_ref());
        let title = self.text(raw.title.as_ref());
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
            hosts: self.hosts(raw.hosts.as_ref()).unwrap_or(Hosts::Master),
            needs,
            when: match &raw.when {
                Some(when) => self.when(when),
                None => When {
                    engine: self.engines.clone(),
                    ..When::default()
                },
            },
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
            sabotage: self.sabotage(raw.sabotage.as_ref()),
            files: self.step_files(&raw.files),
            id: id?,
            title: title?,
        })
    }

    pub(super) fn action(&mut self, raw: &raw::Step) -> Action {
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

    /// Engines by their words; none: any.
    pub(super) fn engines(&mut self, raw: &At<OneOrMany>) -> Vec<Engine> {
        let mut engines = vec![];
        for word in raw.all() {
            match engine::named(word) {
                Some(engine) => engines.push(engine),
                None if word == "any" => return vec![],
                None => {
                    let known = engine::all().iter().map(|row| row.word);
                    self.report(
                        raw.location,
                        text!("`{word}`(이)라는 엔진은 없음", "there is no engine `{word}`"),
                        Some(suggest::hint(word, known)),
                    );
                }
            }
        }
        engines
    }

    pub(super) fn when(&mut self, raw: &raw::When) -> When {
        let providers = [
            ("local", ProviderKind::Local),
            ("vagrant", ProviderKind::Vagrant),
            ("inventory", ProviderKind::Inventory),
        ];
        let provider = self.word(raw.provider.as_ref(), &providers.map(|(word, _)| word));
        let truth = |word: String| word == "true";
        When {
            engine: match &raw.engine {
                Some(engine) => self.engines(engine),
                None => self.engines.clone(),
            },
            online: self.word(raw.online.as_ref(), &["true", "false"]).map(truth),
            workers: self.number(raw.workers.as_ref(), 32),
            provider: provider
                .and_then(|word| providers.iter().find(|(known, _)| *known == word))
                .map(|(_, kind)| *kind),
            kubernetes: self.word(raw.kubernetes.as_ref(), &["true", "false"]).map(truth),
            registry: outside(self.word(raw.registry.as_ref(), &["external", "charts"])),
        }
    }

    pub(super) fn hosts(&mut self, raw: Option<&At<OneOrMany>>) -> Option<Hosts> {
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
                    self.report_word(
                        raw.location,
                        word,
                        text!("`{word}`라는 노드가 없음", "there is no node `{word}`"),
                        Some(hint),
                    );
                }
            }
        }
        Some(Hosts::Named(names))
    }
}

fn outside(word: Option<String>) -> Option<Outside> {
    word.map(|word| match word.as_str() {
        "charts" => Outside::Charts,
        _ => Outside::External,
    })
}
