//! A run as one page that needs nothing else: report.html beside the events it is made from. Decides what the page says;
//! how it looks is the template's.

mod bars;
mod drawing;
mod outline;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::claim::Verdict;
use crate::error::{Error, Result};
use crate::event::{ClusterSeen, Outcome};
use crate::render::page::{Both, Count, Page, Trouble, Version};
use crate::report::out::duration;
use crate::report::past::Past;
use crate::report::run::{Did, Run};
use crate::text;
use crate::text::{Lang, Text};

/// Writes report.html beside the events. `notes`: a notes file of the user's, quoted at the claims.
pub fn write(past: &Past, lang: Lang, notes: Option<&str>) -> Result<PathBuf> {
    let path = past.directory.join("report.html");
    let page = page(&Run::of(&past.events), lang, notes).fill()?;
    std::fs::write(&path, page)
        .map_err(|error| Error::new(format!("cannot write {}", path.display())).because(error))?;
    Ok(path)
}

/// What the page of a run says.
pub fn page(run: &Run, lang: Lang, notes: Option<&str>) -> Page {
    let places = Places::of(run);
    let title = run.title.clone().unwrap_or_else(|| run.lab.as_str().into());
    Page {
        lang: match lang {
            Lang::Ko => "ko",
            Lang::En => "en",
        },
        lab: run.lab.clone(),
        title: Both(title),
        started: run
            .started
            .split('.')
            .next()
            .unwrap_or_default()
            .replace('T', " ")
            + " UTC",
        took: run.millis.map(duration).unwrap_or_default(),
        verdicts: verdict_counts(run.claims.iter().map(|settled| settled.verdict)),
        outcomes: outcomes(run),
        troubles: troubles(run, &places),
        sections: outline::sections(run, &places, notes.unwrap_or_default()),
        drawing: run.cluster.as_ref().map(drawing::drawing),
        tables: table::tables(run),
        charts: bars::charts(run, &places),
        versions: run.cluster.as_ref().map(versions).unwrap_or_default(),
        exercise_times: bars::exercise_times(run),
        step_times: bars::step_times(run, &places),
    }
}

/// The id in the page of every step and check, by exercise and position.
struct Places(BTreeMap<(String, usize), String>);

impl Places {
    fn of(run: &Run) -> Self {
        let mut places = BTreeMap::new();
        for exercise in &run.exercises {
            for at in 0..exercise.did.len() {
                places.insert((exercise.id.clone(), at), format!("{}-{}", exercise.id, at + 1));
            }
        }
        Self(places)
    }

    fn get(&self, exercise: &str, at: usize) -> String {
        self.0
            .get(&(exercise.to_owned(), at))
            .cloned()
            .unwrap_or_default()
    }
}

fn both((ko, en): (&str, &str)) -> Both {
    Both(text!("{ko}", "{en}"))
}

/// The word of an outcome, also its class in the page.
fn key(outcome: Outcome) -> &'static str {
    outcome.words().1
}

/// How many of each verdict, all of them where there is a ledger.
fn verdict_counts(verdicts: impl Iterator<Item = Verdict>) -> Vec<Count> {
    let all: Vec<Verdict> = verdicts.collect();
    let count = |verdict: Verdict| Count {
        key: verdict.word(),
        label: both(verdict.words()),
        count: all.iter().filter(|one| **one == verdict).count(),
    };
    let counts = Verdict::ALL.map(count).into_iter();
    counts.filter(|_| !all.is_empty()).collect()
}

fn outcomes(run: &Run) -> Vec<Count> {
    let counts = run.counts;
    let all = [
        (Outcome::Passed, counts.passed),
        (Outcome::Failed, counts.failed),
        (Outcome::Errored, counts.errored),
        (Outcome::Skipped, counts.skipped),
        (Outcome::Blocked, counts.blocked),
    ];
    let count = |(outcome, count): (Outcome, u32)| Count {
        key: key(outcome),
        label: both(outcome.words()),
        count: count as usize,
    };
    all.map(count).into_iter().collect()
}

/// What did not pass, the worst first.
fn troubles(run: &Run, places: &Places) -> Vec<Trouble> {
    let mut all: Vec<(Outcome, Trouble)> = vec![];
    for exercise in &run.exercises {
        for (at, did) in exercise
            .did
            .iter()
            .enumerate()
            .filter(|(_, did)| did.outcome != Outcome::Passed)
        {
            let trouble = Trouble {
                key: key(did.outcome),
                label: both(did.outcome.words()),
                name: format!("{}/{}", exercise.id, did.name()),
                node: node(did),
                reason: did.reason.clone().map(Both),
                place: places.get(&exercise.id, at),
            };
            all.push((did.outcome, trouble));
        }
    }
    all.sort_by_key(|(outcome, _)| std::cmp::Reverse(*outcome));
    all.into_iter().map(|(_, trouble)| trouble).collect()
}

fn node(did: &Did) -> String {
    did.node.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn versions(cluster: &ClusterSeen) -> Vec<Version> {
    let version = |label: Text, value: String| Version {
        label: Both(label),
        value,
    };
    let internet = if cluster.online { "" } else { "∅ " };
    let mut rows = vec![
        version("lab".into(), cluster.lab.clone()),
        version(text!("번들", "bundle"), cluster.bundle.clone()),
        version(text!("노드의 출처", "nodes from"), cluster.provider.clone()),
        version(
            text!(
                "CA 키가 있는 노드 (lab이 실행된 곳)",
                "node with the CA key (lab ran there)"
            ),
            cluster
                .orchestrator
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        ),
        version(
            text!("네트워크", "network"),
            format!("{} ({internet}internet)", cluster.network),
        ),
        version(
            text!("레지스트리", "registry"),
            format!("{} {}", cluster.registry.image, cluster.registry.address),
        ),
        version(
            text!("외부 레지스트리", "external registry"),
            cluster.external.as_ref().map_or_else(String::new, |external| {
                format!("{} {} ({})", external.product, external.address, external.user)
            }),
        ),
    ];
    for node in &cluster.nodes {
        let mut words = vec![cluster.versions(&node.name).unwrap_or_default()];
        words.push(format!("{}, cgroup v{}", node.architecture, node.cgroup));
        words.push(format!("lab-agent {}", node.agent));
        words.push(format!(
            "{} CPU, {}",
            node.cpus,
            crate::report::out::bytes(node.memory)
        ));
        rows.push(version(node.name.to_string().into(), words.join(" · ")));
    }
    rows.retain(|row| !row.value.is_empty());
    rows
}

#[cfg(test)]
mod tests;
