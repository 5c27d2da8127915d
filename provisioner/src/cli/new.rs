//! `lab new`: an exercise to begin with, in the project's labs/. Nothing is written unless the lab is right with it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::cli::{App, exercise};
use crate::error::{Error, Result, exit};
use crate::lab::embedded;
use crate::lab::files::Files;
use crate::lab::load::{is_id, load};
use crate::lab::skeleton;
use crate::text;

/// The exercise a lab is begun with where none is named.
const FIRST: &str = "first";

/// Arguments of `lab new`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The exercise to begin; its lab is made if there is none of this name. LAB alone begins a lab with one exercise, `first`
    #[arg(value_name = "LAB[/EXERCISE]")]
    name: String,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    let cluster = app.cluster(&paths)?;
    let (lab, id) = exercise::split(&args.name);
    let own = exercise::own(lab, &paths, app.out)?;
    let begun = own.is_some();
    let (id, files) = match (own, id) {
        (None, id) => {
            let id = id.unwrap_or(FIRST);
            (id, first(lab, id)?)
        }
        (Some(files), Some(id)) => (id, longer(lab, files, id)?),
        (Some(_), None) => {
            let what = text!("`{lab}`은(는) 이미 있음", "there is a lab `{lab}` already");
            let hint = text!(
                "실습을 더하려면 {lab}/EXERCISE로 적으세요",
                "to add an exercise, write {lab}/EXERCISE"
            );
            return Err(Error::usage(what).hint(hint));
        }
    };
    load(lab, &files, Some(&cluster)).map_err(|problems| {
        exercise::told(lab, &problems, app.out).hint(text!("아무것도 쓰지 않음", "nothing was written"))
    })?;
    let directory = paths.project.join("labs").join(lab);
    let file = format!("{id}.yaml");
    fs::create_dir_all(&directory).map_err(|error| unwritten(&directory, error))?;
    begin(&directory.join(&file), &files[&file])?;
    if begun {
        replace(&directory.join("lab.yaml"), &files["lab.yaml"])?;
    } else {
        begin(&directory.join("lab.yaml"), &files["lab.yaml"])?;
    }
    let (name, written) = (format!("{lab}/{id}"), format!("labs/{lab}/{file}"));
    if app.json() {
        app.out
            .json(&serde_json::json!({"exercise": name, "file": written}));
    } else {
        app.out.line(written);
    }
    app.sink.note(text!(
        "고친 뒤: `lab lint {lab}`, `lab run {name}`, `lab test {name}`",
        "edit it, then: `lab lint {lab}`, `lab run {name}`, `lab test {name}`"
    ));
    Ok(exit::OK)
}

/// The files of a lab that is begun.
fn first(lab: &str, id: &str) -> Result<Files> {
    named(lab)?;
    if embedded::names().any(|name| name == lab) {
        let what = text!(
            "`{lab}`은(는) 프로그램에 들어 있음: labs/{lab}이 생기면 가려짐",
            "the program carries `{lab}`: a labs/{lab} would hide it"
        );
        return Err(Error::usage(what).hint(text!("다른 이름을 쓰세요", "take another name")));
    }
    with([("lab.yaml".to_owned(), skeleton::lab(lab, id))].into(), lab, id)
}

/// The files of a lab with one more exercise.
fn longer(lab: &str, mut files: Files, id: &str) -> Result<Files> {
    let listed = skeleton::listed(&files["lab.yaml"], id).ok_or_else(|| {
        Error::usage(text!(
            "labs/{lab}/lab.yaml: `exercises`를 한 줄에 하나씩 `- 파일.yaml`로 적어야 더할 수 있음",
            "labs/{lab}/lab.yaml: `exercises` can be added to only where it has one `- FILE.yaml` on each line"
        ))
    })?;
    files.insert("lab.yaml".into(), listed);
    with(files, lab, id)
}

fn with(mut files: Files, lab: &str, id: &str) -> Result<Files> {
    named(id)?;
    let file = format!("{id}.yaml");
    if files.contains_key(&file) {
        return Err(Error::usage(text!(
            "labs/{lab}/{file}이(가) 이미 있음",
            "labs/{lab}/{file} exists already"
        )));
    }
    files.insert(file, skeleton::exercise(id));
    Ok(files)
}

fn named(name: &str) -> Result<()> {
    if is_id(name) {
        return Ok(());
    }
    let hint = text!(
        "소문자, 숫자, `-`만",
        "only lower-case letters, digits and dashes"
    );
    Err(Error::usage(text!(
        "`{name}`은(는) 이름으로 쓸 수 없음",
        "`{name}` cannot be a name"
    ))
    .hint(hint))
}

/// A file that is not there yet.
fn begin(path: &Path, text: &str) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    made.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| unwritten(path, error))
}

/// A file that is there: whole as before, or whole as it is to be.
fn replace(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("yaml.new");
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| unwritten(path, error))
}

fn unwritten(path: &Path, error: std::io::Error) -> Error {
    let what = text!("{}을(를) 쓸 수 없음", "cannot write {}", path.display());
    Error::new(what).because(error)
}
