//! Which check settles which claim. A check says so (`claim:`); the ledger's `checks:` only repeats it for who reads the
//! ledger, and is held against it. Fills in the checks of every claim.

use serde_yaml::Location;

use super::reader::Reader;
use super::references::{Places, unknown};
use super::step::instances;
use super::variables::{expand, names};
use super::{Check, Lab, Step, raw};
use crate::claim::Claim;
use crate::text;

/// Checks the names between checks and claims. `ledger`: the file the claims were read from.
pub(super) fn check(
    reader: &mut Reader<'_>,
    lab: &mut Lab,
    ledger: &str,
    raw: &[raw::Claim],
    places: &Places,
) {
    let mut claims = std::mem::take(&mut lab.claims);
    let written: Vec<&str> = raw
        .iter()
        .filter_map(|claim| Some(claim.id.as_ref()?.as_str()))
        .collect();
    let mut all = vec![];
    let file = std::mem::take(&mut reader.file);
    for (exercise, file, step, check, at) in places.checks(lab) {
        reader.file = file.to_owned();
        for instance in instances(step) {
            let check_id = &check.id;
            all.push(format!("{exercise}/{}/{check_id}", instance.name));
        }
        settle(reader, exercise, step, check, at, (&mut claims, &written));
    }
    ledger.clone_into(&mut reader.file);
    for raw in raw {
        let Some(id) = &raw.id else { continue };
        if let Some(claim) = claims.iter().find(|claim| claim.id == **id) {
            repeated(reader, raw, claim, &all);
            needed(reader, raw, id, claim, places.complete());
        }
    }
    reader.file = file;
    lab.claims = claims;
}

/// Notes with each claim a check names that it settles it.
fn settle(
    reader: &mut Reader<'_>,
    exercise: &str,
    step: &Step,
    check: &Check,
    at: Location,
    (claims, written): (&mut [Claim], &[&str]),
) {
    for template in &check.claims {
        if let Some(name) = names(template)
            .into_iter()
            .find(|name| !step.matrix.contains_key(*name))
        {
            let known: Vec<&str> = step.matrix.keys().map(String::as_str).collect();
            let word = format!("${{{name}}}");
            unknown(
                reader,
                (at, &word),
                ("변수", "variable"),
                name,
                known.iter().copied(),
            );
            continue;
        }
        for instance in instances(step) {
            let id = expand(template, &instance.values);
            match claims.iter_mut().find(|claim| claim.id == id) {
                Some(claim) => claim
                    .checks
                    .push(format!("{exercise}/{}/{}", instance.name, check.id)),
                // One that is written, and wrong, has been spoken of.
                None if written.contains(&id.as_str()) => {}
                None => unknown(
                    reader,
                    (at, template),
                    ("주장", "claim"),
                    &id,
                    written.iter().copied(),
                ),
            }
        }
    }
}

/// The checks a claim lists are those that name it, no more and no fewer.
fn repeated(reader: &mut Reader<'_>, raw: &raw::Claim, claim: &Claim, all: &[String]) {
    let Some(listed) = &raw.checks else { return };
    let plain = |check: &str| without_matrix(check);
    for name in listed {
        let known = |check: &String| *check == **name || plain(check) == **name;
        if !all.iter().any(known) {
            unknown(
                reader,
                (name.location, name),
                ("점검", "check"),
                name,
                all.iter().map(String::as_str),
            );
        } else if !claim.checks.iter().any(known) {
            let id = &claim.id;
            reader.report(
                name.location,
                text!(
                    "이 점검은 주장 `{id}`을(를) 적지 않음",
                    "this check does not name the claim `{id}`"
                ),
                Some(text!(
                    "점검에 `claim: {id}`를 적으세요",
                    "write `claim: {id}` at the check"
                )),
            );
        }
    }
    let at = raw.id.as_ref().map_or(Location::UNKNOWN, |id| id.location);
    for check in &claim.checks {
        if !listed
            .iter()
            .any(|name| *check == **name || plain(check) == **name)
        {
            let check = plain(check);
            let message = text!(
                "점검 `{check}`이(가) 이 주장을 적었지만 `checks`에 없음",
                "the check `{check}` names this claim and is not among its `checks`"
            );
            reader.report(at, message, None);
        }
    }
}

/// What can be settled has a check, what cannot has none.
fn needed(reader: &mut Reader<'_>, raw: &raw::Claim, id: &raw::Word, claim: &Claim, complete: bool) {
    let name = &claim.id;
    if claim.expect.is_checked() && claim.checks.is_empty() && complete {
        let hint = text!(
            "점검에 `claim: {name}`를 적거나, `expect: unsettled`나 `opinion`과 이유를 적으세요",
            "write `claim: {name}` at a check, or `expect: unsettled` or `opinion` with a reason"
        );
        let message = text!(
            "주장 `{name}`을(를) 확인하는 점검이 없음",
            "no check looks at the claim `{name}`"
        );
        reader.report(id.location, message, Some(hint));
    }
    if let Some(check) = claim.checks.first().filter(|_| !claim.expect.is_checked()) {
        let word = claim.expect.word();
        let at = raw.expect.as_ref().map_or(id.location, |expect| expect.location);
        let message = text!(
            "`{word}`인데 점검 `{check}`이(가) 확인함",
            "`{word}`, yet the check `{check}` settles it"
        );
        reader.report(at, message, None);
    }
}

/// `exercise/step[a=b]/check` -> `exercise/step/check`.
fn without_matrix(check: &str) -> String {
    match (check.find('['), check.rfind(']')) {
        (Some(begin), Some(end)) if begin < end => format!("{}{}", &check[..begin], &check[end + 1..]),
        _ => check.to_owned(),
    }
}

#[cfg(test)]
mod tests;
