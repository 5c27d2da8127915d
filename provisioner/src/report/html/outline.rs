//! The notes' outline in the page: each heading with its claims, their evidence, and the exercises that belong to it.

use super::bars::share;
use super::{Places, both, key, node, verdict_counts};
use crate::lab::verdict::{Evidence, Settled, excerpt};
use crate::render::page::{Both, Claim, Done, Exercise, Section};
use crate::report::cast;
use crate::report::out::duration;
use crate::report::run::{self, Did, Run};
use crate::text::Text;

/// Characters of a step's output that are shown; all of it is in events.jsonl.
const SHOWN: usize = 4000;

/// Sections in the order of the notes: by the first line of their claims; one without claims follows the section of the
/// exercise before it.
pub(super) fn sections(run: &Run, places: &Places, notes: &str) -> Vec<Section> {
    let notes: Vec<&str> = notes.lines().collect();
    let mut headings: Vec<(usize, &str)> = vec![];
    for settled in &run.claims {
        let first = settled
            .claim
            .lines
            .first()
            .map_or(usize::MAX, |lines| lines.first);
        match headings
            .iter_mut()
            .find(|(_, heading)| *heading == settled.claim.section)
        {
            Some(known) => known.0 = known.0.min(first),
            None => headings.push((first, &settled.claim.section)),
        }
    }
    headings.sort_by_key(|(first, _)| *first);
    let mut names: Vec<&str> = headings.into_iter().map(|(_, heading)| heading).collect();
    let mut after = 0;
    for exercise in &run.exercises {
        after = match names.iter().position(|name| *name == exercise.section) {
            Some(at) => at + 1,
            None => {
                names.insert(after, &exercise.section);
                after + 1
            }
        };
    }
    let section = |(at, name): (usize, &&str)| section(at, name, run, (places, &notes));
    names.iter().enumerate().map(section).collect()
}

fn section(at: usize, name: &str, run: &Run, (places, notes): (&Places, &[&str])) -> Section {
    let mut claims: Vec<&Settled> = run
        .claims
        .iter()
        .filter(|settled| settled.claim.section == name)
        .collect();
    claims.sort_by_key(|settled| {
        settled
            .claim
            .lines
            .first()
            .map_or(usize::MAX, |lines| lines.first)
    });
    let mut counts = verdict_counts(claims.iter().map(|settled| settled.verdict));
    counts.retain(|count| count.count > 0);
    let exercises = run.exercises.iter().filter(|exercise| exercise.section == name);
    Section {
        id: format!("section-{}", at + 1),
        heading: if name.is_empty() {
            run.lab.clone()
        } else {
            name.to_owned()
        },
        counts,
        claims: claims
            .into_iter()
            .map(|settled| claim(settled, run, (places, notes)))
            .collect(),
        exercises: exercises.map(|one| exercise(one, &run.lab, places)).collect(),
    }
}

fn claim(settled: &Settled, run: &Run, (places, notes): (&Places, &[&str])) -> Claim {
    let claim = &settled.claim;
    let lines: Vec<String> = claim.lines.iter().map(ToString::to_string).collect();
    let why = settled.open.as_ref().or(claim.reason.as_ref());
    Claim {
        id: claim.id.clone(),
        key: settled.verdict.word(),
        verdict: both(settled.verdict.words()),
        words: Both(claim.claim.clone()),
        lines: lines.join(", "),
        quote: quote(claim, notes),
        reason: why.cloned().map(Both),
        evidence: settled
            .evidence
            .iter()
            .map(|seen| evidence(seen, run, places))
            .collect(),
    }
}

/// The notes' own words, where the user gave them.
fn quote(claim: &crate::claim::Claim, notes: &[&str]) -> String {
    let held = claim
        .lines
        .iter()
        .flat_map(|lines| lines.first..=lines.last.min(notes.len()));
    let words: Vec<&str> = held.filter_map(|line| notes.get(line - 1).copied()).collect();
    words.join("\n")
}

fn evidence(seen: &Evidence, run: &Run, places: &Places) -> Done {
    let (exercise, rest) = seen.check.split_once('/').unwrap_or((&seen.check, ""));
    let all = run.exercises.iter().find(|one| one.id == exercise);
    let here = |did: &Did| did.check.is_some() && did.name() == rest && did.node == seen.node;
    let at = all.and_then(|all| all.did.iter().position(here));
    Done {
        place: at.map(|at| places.get(exercise, at)).unwrap_or_default(),
        check: true,
        key: key(seen.outcome),
        title: Both(seen.title.clone().unwrap_or_else(|| rest.into())),
        name: seen.check.clone(),
        node: seen.node.as_ref().map(ToString::to_string).unwrap_or_default(),
        took: String::new(),
        share: 0,
        command: seen.command.clone(),
        output: seen.output.clone(),
        reason: None,
        hint: None,
        cast: String::new(),
        versions: seen.versions.clone().unwrap_or_default(),
    }
}

fn exercise(exercise: &run::Exercise, lab: &str, places: &Places) -> Exercise {
    let longest = exercise.did.iter().map(|did| did.millis).max().unwrap_or(0);
    let all = exercise.did.iter().enumerate();
    let (word, label) = match exercise.outcome {
        Some(outcome) => (key(outcome), outcome.words()),
        None => ("unfinished", ("끝나지 않음", "did not end")),
    };
    Exercise {
        id: exercise.id.clone(),
        title: Both(exercise.title.clone()),
        key: word,
        label: both(label),
        took: duration(exercise.millis),
        command: format!("lab run {lab}/{}", exercise.id),
        done: all
            .map(|(at, did)| done(did, places.get(&exercise.id, at), longest))
            .collect(),
    }
}

fn done(did: &Did, place: String, longest: u64) -> Done {
    // A title does not say which instance of a matrix it is.
    let values = did.step.find('[').map(|at| &did.step[at..]).unwrap_or_default();
    let title = match &did.title {
        Some(Text { ko, en }) => Text {
            ko: format!("{ko} {values}"),
            en: format!("{en} {values}"),
        },
        None => did.name().into(),
    };
    Done {
        place,
        check: did.check.is_some(),
        key: key(did.outcome),
        title: Both(title),
        name: did.name(),
        node: node(did),
        took: duration(did.millis),
        share: share(did.millis, longest),
        command: did.command.clone(),
        output: excerpt(&did.output, SHOWN),
        reason: did.reason.clone().map(Both),
        hint: did.hint.clone().map(Both),
        cast: did
            .cast
            .clone()
            .filter(|file| cast::is_name(file))
            .unwrap_or_default(),
        versions: String::new(),
    }
}
