//! Makes programs of the first source that gives them, each as one compressed file; puts them into trees.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::cache::{Held, Record, inventory};
use super::download::Arrived;
use super::outlook::span;
use super::resolve::{Code, Reached, Resolver, name, nothing, seconds};
use super::tree::{self, Hashing};
use super::{debian, download, program};
use crate::bundle::lock::Entry;
use crate::bundle::recipe::Recipe;
use crate::bundle::source::{C, Source};
use crate::error::{Error, Result};
use crate::event::{Sink, Work};
use crate::text;
use crate::text::Text;

/// The file of a program's artifact.
const FILE: &str = "program.zst";

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::new(format!("cannot write {}", path.display())).because(error)
}

/// Makes the program in `out`. A source that fails is named, and the next one tried.
pub fn binary(
    recipe: &Recipe,
    resolver: &Resolver<'_>,
    temporary: &Path,
    out: &Path,
    (sink, work): (&Sink, &Work),
) -> Result<Record> {
    let mut reasons: Vec<(String, Error)> = Vec::new();
    for source in recipe.tried() {
        // Of its own: nothing of a source that failed is left for the next.
        let attempt = temporary.join(format!("source-{}", reasons.len()));
        let result = attempt.join("result");
        fs::create_dir_all(&result).map_err(failed(&result))?;
        let error = match resolver.reach(source, &attempt) {
            Err(error) => error,
            Ok(reached) => {
                sink.note(taking(recipe, source));
                // By its own name, as some programs look what they are called.
                let target = result.join(recipe.name.replace('/', "-"));
                let made = made(recipe, reached, &attempt, &target, work).and_then(|versions| {
                    hear(recipe, &target, &attempt)?;
                    store(recipe, source, versions, &target, out)
                });
                match made {
                    Ok(record) => return Ok(record),
                    Err(error) => {
                        sink.warn(gave_nothing(recipe, source, &error));
                        error
                    }
                }
            }
        };
        reasons.push((name(source), error));
    }
    Err(nothing(recipe, reasons))
}

fn gave_nothing(recipe: &Recipe, source: &Source, error: &Error) -> Text {
    let (recipe, source, why) = (&recipe.name, name(source), error.told());
    Text {
        ko: format!("{recipe}: {source}에서 얻지 못함: {}", why.ko),
        en: format!("{recipe}: not from {source}: {}", why.en),
    }
}

/// What is taken, and how long that usually takes.
fn taking(recipe: &Recipe, source: &Source) -> Text {
    let (recipe, usual, source) = (&recipe.name, span(seconds(source.usual())), name(source));
    Text {
        ko: format!("{recipe}: {source}, 보통 {}", usual.ko),
        en: format!("{recipe}: {source}, usually {}", usual.en),
    }
}

/// Makes the program at `target`. Returns the versions of what it was made of.
fn made(
    recipe: &Recipe,
    reached: Reached<'_>,
    temporary: &Path,
    target: &Path,
    work: &Work,
) -> Result<BTreeMap<String, String>> {
    let mut on_bytes = |done: u64, total: Option<u64>| work.progress(done, total, true);
    match reached {
        Reached::Debian(debian) => debian::file(debian, temporary, target),
        Reached::Download(download, promise) => {
            let version = download::download(download, &promise, temporary, target, &mut on_bytes)?;
            Ok(BTreeMap::from([(recipe.name.clone(), version)]))
        }
        Reached::Go(go, toolchain) => toolchain.build(go, temporary, target, |done, all| {
            work.progress(done, Some(all), false)
        }),
        Reached::C(c, code, compiler) => compile(c, &code, &compiler, temporary, target, &mut on_bytes),
    }
}

/// Lets the program say what it is.
fn hear(recipe: &Recipe, target: &Path, temporary: &Path) -> Result<()> {
    fs::set_permissions(target, fs::Permissions::from_mode(0o755)).map_err(failed(target))?;
    let Some(says) = &recipe.says else {
        return Ok(());
    };
    let argv: Vec<String> = std::iter::once(target.display().to_string())
        .chain(says.arguments.iter().cloned())
        .collect();
    let told = program::run_beside(&argv, temporary).map_err(|error| {
        let failed = Error::new(text!("프로그램이 실행되지 않음", "the program does not run"));
        failed
            .cause(error.to_string())
            .output(error.printed().unwrap_or_default())
    })?;
    if told.contains(&says.text) {
        return Ok(());
    }
    let text = &says.text;
    Err(Error::new(text!(
        "프로그램이 스스로 `{text}`(이)라고 하지 않음",
        "the program does not call itself `{text}`"
    ))
    .output(told))
}

fn compile(
    c: &C,
    code: &Code<'_>,
    (compiler, version): &(String, String),
    temporary: &Path,
    target: &Path,
    on_bytes: Arrived<'_>,
) -> Result<BTreeMap<String, String>> {
    let (files, of) = match code {
        Code::Module(from, toolchain) => {
            let of = (from.module.clone(), from.version.clone());
            (toolchain.files(from, temporary)?, of)
        }
        Code::Download(download, promise) => {
            let file = temporary.join("program.c");
            let version = download::download(download, promise, temporary, &file, on_bytes)?;
            (vec![file], ("archive".to_owned(), version))
        }
    };
    let out = target.display().to_string();
    // Without a build's own number and the file's place: the same source gives the same bytes.
    let words = ["-static", "-s", "-Wl,--build-id=none", "-o", &out];
    let mut argv: Vec<String> = vec![compiler.clone()];
    argv.extend(c.flags.iter().cloned());
    argv.extend(words.map(str::to_owned));
    argv.extend(files.iter().map(|file| file.display().to_string()));
    program::run_beside(&argv, temporary).map_err(|error| {
        error.hint(text!(
            "`apt-get install gcc libc6-dev`",
            "`apt-get install gcc libc6-dev`"
        ))
    })?;
    Ok(BTreeMap::from([of, (compiler.clone(), version.clone())]))
}

/// Compresses the program into `out` and describes it.
fn store(
    recipe: &Recipe,
    source: &Source,
    packages: BTreeMap<String, String>,
    program: &Path,
    out: &Path,
) -> Result<Record> {
    let target = out.join(FILE);
    let compress = || -> io::Result<String> {
        let encoder = zstd::Encoder::new(fs::File::create(&target)?, 3)?;
        let mut tee = Hashing::new(encoder);
        io::copy(&mut fs::File::open(program)?, &mut tee)?;
        let (encoder, sha256) = tee.finish();
        encoder.finish()?.sync_all()?;
        Ok(sha256)
    };
    let diff_id = compress().map_err(failed(&target))?;
    let (files, sha256, size) = inventory(out, &[FILE.to_owned()])?;
    let entry = Entry {
        source: name(source),
        packages,
        sha256,
        size,
    };
    Ok(Record {
        name: recipe.name.clone(),
        entry,
        files,
        manifest: None,
        diff_id: Some(diff_id),
    })
}

/// Puts the program at `path` of `root`.
pub fn place(held: &Held, root: &Path, path: &str) -> Result<()> {
    let put = || -> io::Result<()> {
        let target = tree::inside(root, path)?;
        let from = fs::File::open(held.directory.join(FILE))?;
        zstd::stream::copy_decode(from, fs::File::create(&target)?)?;
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755))
    };
    put().map_err(failed(&root.join(path.trim_start_matches('/'))))
}

#[cfg(test)]
mod tests;
