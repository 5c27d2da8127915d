//! The files of a lab -> [`Lab`]. Every problem at once, each with file:line:column and a hint. Reads only the texts given.

mod check;
mod claim;
mod exercise;
mod files;
mod scalar;
mod vacuous;

pub use scalar::is_id;

use serde_json::Value as Json;
use serde_yaml::Location;

use super::files::Files;
use super::raw::{self, Word};
use super::reader::{Reader, text_of};
use super::{Lab, ledger, references};
use crate::config::{Cluster, Problem, shape, suggest, tree};
use crate::text;

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
        files,
        problems: vec![],
        engines: vec![],
    };
    let lab = reader.lab(name, files);
    let mut problems = reader.problems;
    problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    problems.dedup();
    let quoted = problems
        .into_iter()
        .map(|problem| match text_of(files, &problem.file) {
            Some(text) => problem.quoting(text),
            None => problem,
        });
    let problems: Vec<Problem> = quoted.collect();
    match lab {
        Some(lab) if problems.is_empty() => Ok(lab),
        _ => Err(problems),
    }
}

impl Reader<'_> {
    fn lab(&mut self, name: &str, files: &Files) -> Option<Lab> {
        let raw: raw::Lab = self.read("lab.yaml", name, files)?;
        if let Some(engine) = &raw.engine {
            self.engines = self.engines(engine);
        }
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
                places.lose();
                continue;
            }
            if let Some(read) = self.read::<raw::Exercise>(file, name, files) {
                let exercise = self.exercise(&read);
                places.add(&self.file, &read);
                exercises.extend(exercise);
            } else {
                places.lose();
            }
        }
        self.file = format!("labs/{name}/lab.yaml");
        let title = self.text(raw.title.as_ref());
        let claims_file = raw.claims.as_ref().filter(|file| self.inside(file));
        let raw_claims: Vec<raw::Claim> = claims_file
            .map(|file| self.ledger(file, name, files))
            .unwrap_or_default();
        let claims = raw_claims.iter().filter_map(|claim| self.claim(claim)).collect();
        let ledger = self.file.clone();
        self.file = format!("labs/{name}/lab.yaml");
        let mut lab = Lab {
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
        ledger::check(self, &mut lab, &ledger, &raw_claims, &places);
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

    fn ledger(&mut self, file: &Word, name: &str, files: &Files) -> Vec<raw::Claim> {
        if !files.contains_key(&**file) {
            self.report(
                file.location,
                text!("파일 `{}`이(가) 없음", "there is no file `{}`", **file),
                None,
            );
            return vec![];
        }
        let raw: Vec<raw::Claim> = self.read(file, name, files).unwrap_or_default();
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
        raw
    }
}

#[cfg(test)]
mod tests;
