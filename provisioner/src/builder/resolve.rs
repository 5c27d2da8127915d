//! Which source of a program this machine can reach, and what that usually takes. Downloads and compiles nothing.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::download::{self, Failure, Promise};
use super::go::Toolchain;
use super::{origin, program};
use crate::bundle::recipe::Recipe;
use crate::bundle::source::{C, Carrier, Debian, Download, Go, Module, Source, Usual};
use crate::error::{Error, Result};
use crate::text;

/// Seconds a server may be silent.
const SILENCE: u64 = 15;

/// A source that can be reached, with what reaching it told.
pub enum Reached<'a> {
    /// Its mirror answers.
    Debian(&'a Debian),
    /// Its digest is known.
    Download(&'a Download, Promise),
    /// Its module is there, and this Go is new enough.
    Go(&'a Go, Toolchain),
    /// Its code can be reached, and there is a compiler: its name and what it says it is.
    C(&'a C, Code<'a>, (String, String)),
}

/// Source code that can be reached.
pub enum Code<'a> {
    /// Its digest is known.
    Download(&'a Download, Promise),
    /// Its module is there.
    Module(&'a Module, Toolchain),
}

/// What a source is called in the lock and in labels.
pub fn name(source: &Source) -> String {
    match source {
        Source::Upstream(upstream) => upstream.reference.clone(),
        Source::Debian(debian) => origin::name(debian),
        Source::Download(download) => download.url.clone(),
        Source::Go(go) => format!("go {}@{}", go.module, go.version),
        Source::C(c) => match &c.from {
            Carrier::Download(download) => format!("c {}", download.url),
            Carrier::Module(from) => format!("c {}@{} {}", from.module, from.version, from.file),
        },
    }
}

/// Seconds a source usually takes here: the recipe's are for two processors.
pub fn seconds(usual: Usual) -> u64 {
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    u64::from(usual.seconds) * 2 / processors
}

/// Tries sources, and remembers servers that are silent.
pub struct Resolver<'a> {
    cache: &'a Path,
    /// Seconds a server may be silent.
    pub silence: u64,
    silent: Mutex<BTreeSet<String>>,
}

impl<'a> Resolver<'a> {
    /// `cache` is where Go may keep what it downloads.
    pub fn new(cache: &'a Path) -> Self {
        Self {
            cache,
            silence: SILENCE,
            silent: Mutex::default(),
        }
    }

    /// Reaches a source, or says why not.
    pub fn reach<'s>(&self, source: &'s Source, temporary: &Path) -> Result<Reached<'s>> {
        match source {
            Source::Upstream(upstream) => Err(Error::new(format!("{}: never tried", upstream.reference))),
            Source::Debian(debian) => origin::reach(debian, temporary).map(|()| Reached::Debian(debian)),
            Source::Download(download) => {
                let promise = self.digest(download, temporary)?;
                Ok(Reached::Download(download, promise))
            }
            Source::Go(go) => {
                let toolchain = self.module(&go.module, &go.version, temporary)?;
                Ok(Reached::Go(go, toolchain))
            }
            Source::C(c) => {
                let compiler = compiler(temporary)?;
                let code = match &c.from {
                    Carrier::Download(download) => {
                        Code::Download(download, self.digest(download, temporary)?)
                    }
                    Carrier::Module(from) => {
                        Code::Module(from, self.module(&from.module, &from.version, temporary)?)
                    }
                };
                Ok(Reached::C(c, code, compiler))
            }
        }
    }

    fn module(&self, module: &str, version: &str, temporary: &Path) -> Result<Toolchain> {
        let toolchain = Toolchain::find(self.cache, temporary)?;
        toolchain.reach(module, version, temporary)?;
        Ok(toolchain)
    }

    fn digest(&self, download: &Download, temporary: &Path) -> Result<Promise> {
        let server = server(&download.digest);
        let silent = || self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if silent().contains(&server) {
            return Err(Error::new(text!(
                "{server}: 대답이 없음",
                "{server} does not answer"
            )));
        }
        download::reach(download, temporary, self.silence).map_err(|Failure { error, silent: hangs }| {
            if hangs {
                silent().insert(server);
            }
            error
        })
    }

    /// The first source that can be reached, and why those before it cannot; else why none can.
    pub fn first<'s>(
        &self,
        recipe: &'s Recipe,
        temporary: &Path,
    ) -> Result<(&'s Source, Vec<(String, Error)>)> {
        let mut reasons = Vec::new();
        for source in recipe.tried() {
            match self.reach(source, temporary) {
                Ok(_) => return Ok((source, reasons)),
                Err(error) => reasons.push((name(source), error)),
            }
        }
        Err(nothing(recipe, reasons))
    }
}

/// The error of a recipe none of whose sources gave anything: each with its reason, and the advice of the last.
pub fn nothing(recipe: &Recipe, reasons: Vec<(String, Error)>) -> Error {
    let mut all = Error::new(text!(
        "{}: 쓸 수 있는 출처가 없음",
        "{}: no source gives it",
        recipe.name
    ));
    for (source, error) in &reasons {
        all = all.cause(format!("{source}: {error}"));
    }
    let outputs: Vec<&str> = reasons.iter().filter_map(|(_, error)| error.printed()).collect();
    if !outputs.is_empty() {
        all = all.output(outputs.join("\n"));
    }
    match reasons.last().and_then(|(_, error)| error.advice().cloned()) {
        Some(advice) => all.hint(advice),
        None => all,
    }
}

/// The host of a URL.
fn server(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// The C compiler: its name, and the first line of what it says it is.
fn compiler(temporary: &Path) -> Result<(String, String)> {
    let told = |name: &str| program::run_beside(&[name, "--version"].map(str::to_owned), temporary);
    for name in ["gcc", "cc"] {
        if let Ok(told) = told(name) {
            let line = told.lines().next().unwrap_or_default();
            return Ok((name.to_owned(), line.to_owned()));
        }
    }
    Err(
        Error::new(text!("C 컴파일러가 없음", "there is no C compiler")).hint(text!(
            "`apt-get install gcc libc6-dev`",
            "`apt-get install gcc libc6-dev`"
        )),
    )
}
