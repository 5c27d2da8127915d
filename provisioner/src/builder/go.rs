//! Builds programs of Go modules with the Go this machine has: finds it, asks it for modules, compiles.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::origin;
use super::program::{self, Manner};
use crate::bundle::source::{self, Go, Staging, Within};
use crate::error::{Error, Result};
use crate::text;

/// The module of our own that requires another to build it.
const DEPENDENT: &str = "lab.local/program";

/// The Go of this machine.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// Without `go`, e.g. `1.26.8`.
    pub version: String,
    program: String,
    environment: Vec<(String, String)>,
}

/// A module's files, as `go mod download -json` describes them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Module {
    dir: PathBuf,
    go_mod: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Environment {
    goversion: String,
    gocache: String,
    gomodcache: String,
}

fn missing() -> Error {
    Error::new(text!("Go가 없음", "there is no Go on this machine")).hint(text!(
        "`apt-get install golang-go` 또는 go.dev/dl, 아니면 다른 컴퓨터에서 `lab bundle export FILE`",
        "`apt-get install golang-go` or go.dev/dl; or `lab bundle export FILE` on another machine"
    ))
}

impl Toolchain {
    /// The one `LAB_GO` names, else the first of PATH. What it downloads and compiles is kept where it keeps things already,
    /// else in `cache`.
    pub fn find(cache: &Path, temporary: &Path) -> Result<Self> {
        let program = located()?;
        let mut environment: Vec<(String, String)> = [
            ("CGO_ENABLED", "0"),
            ("GO111MODULE", "on"),
            ("GOFLAGS", "-mod=mod"),
            ("GOTOOLCHAIN", "local"),
            ("GOWORK", "off"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        if let Some(file) = origin::authority_file() {
            environment.push(("SSL_CERT_FILE".into(), file));
        }
        // Only these: asked for all, it calls a compiler and makes a cache.
        let asked = ["env", "-json", "GOVERSION", "GOCACHE", "GOMODCACHE"];
        let told = call(&program, &asked, &environment, temporary)?;
        let told: Environment = serde_json::from_str(&told)
            .map_err(|error| Error::new("`go env` says something else than before").because(error))?;
        for (name, kept, part) in [
            ("GOCACHE", told.gocache, "build"),
            ("GOMODCACHE", told.gomodcache, "modules"),
        ] {
            if !ours(Path::new(&kept)) {
                let own = cache.join("go").join(part);
                fs::create_dir_all(&own)
                    .map_err(|error| Error::new(format!("cannot make {}", own.display())).because(error))?;
                environment.push((name.into(), own.display().to_string()));
            }
        }
        Ok(Self {
            program,
            version: told.goversion.trim_start_matches("go").to_owned(),
            environment,
        })
    }

    /// Runs `go` with `words` and returns what it prints.
    fn call(&self, words: &[&str], temporary: &Path) -> Result<String> {
        call(&self.program, words, &self.environment, temporary)
    }

    /// Asks for a module without downloading it, and whether this Go is new enough for it.
    pub fn reach(&self, module: &str, version: &str, temporary: &Path) -> Result<()> {
        let named = format!("{module}@{version}");
        let wanted = self.call(&["list", "-m", "-f", "{{.GoVersion}}", &named], temporary)?;
        let wanted = wanted.trim();
        if numbers(&self.version) >= numbers(wanted) {
            return Ok(());
        }
        let has = &self.version;
        Err(Error::new(text!(
            "{named}에는 Go {wanted} 이상이 필요한데 이 컴퓨터의 Go는 {has}",
            "{named} needs Go {wanted}, and this machine has {has}"
        ))
        .hint(text!(
            "더 새로운 Go를 PATH 앞에 두세요 (go.dev/dl), 아니면 다른 컴퓨터에서 `lab bundle export FILE`",
            "put a newer Go first in PATH (go.dev/dl), or `lab bundle export FILE` on another machine"
        )))
    }

    fn download(&self, module: &str, version: &str, temporary: &Path) -> Result<Module> {
        let told = self.call(
            &["mod", "download", "-json", &format!("{module}@{version}")],
            temporary,
        )?;
        serde_json::from_str(&told).map_err(|error| {
            Error::new(format!(
                "{module}: `go mod download` says something else than before"
            ))
            .because(error)
        })
    }

    /// Where a file of a module is, downloaded, and those compiled with it.
    pub fn files(&self, of: &source::Module, temporary: &Path) -> Result<Vec<PathBuf>> {
        let module = self.download(&of.module, &of.version, temporary)?;
        let all = std::iter::once(&of.file).chain(&of.beside);
        Ok(all.map(|file| module.dir.join(file)).collect())
    }

    /// Builds the program into `target`; `on_package` hears how many packages are compiled, and of how many.
    pub fn build(
        &self,
        go: &Go,
        temporary: &Path,
        target: &Path,
        on_package: impl Fn(u64, u64),
    ) -> Result<BTreeMap<String, String>> {
        let module = self.download(&go.module, &go.version, temporary)?;
        let directory = temporary.join("source");
        match go.within {
            Within::Itself => copy(&module.dir, &directory, temporary)?,
            Within::Dependent => depend(go, &module, &directory).map_err(|error| {
                Error::new(format!("cannot write {}", directory.display())).because(error)
            })?,
        }
        let manner = Manner {
            directory: Some(&directory),
            environment: &self.environment,
        };
        let run = |words: &[&str], on_line: &mut dyn FnMut(&str)| {
            program::run_so(&argv(&self.program, words), manner, temporary, on_line)
                .map_err(|error| hinted(error, &go.module))
        };
        let tags = format!("-tags={}", go.tags.join(","));
        let all = run(&["list", &tags, "-deps", &go.package], &mut |_| ())?;
        let (all, mut done) = (all.lines().count() as u64, 0);
        let (flags, out) = (
            format!("-ldflags={}", go.ldflags.join(" ")),
            target.display().to_string(),
        );
        let words = [
            "build",
            "-v",
            "-trimpath",
            "-buildvcs=false",
            &tags,
            &flags,
            "-o",
            &out,
            &go.package,
        ];
        run(&words, &mut |line| {
            if !line.is_empty() && !line.contains(' ') {
                done += 1;
                on_package(done, all.max(done));
            }
        })?;
        Ok(BTreeMap::from([
            (go.module.clone(), go.version.clone()),
            ("go".to_owned(), self.version.clone()),
        ]))
    }
}

fn hinted(error: Error, what: &str) -> Error {
    error.hint(text!(
        "{what}: 모듈 프록시에 닿는지 확인하세요: GOPROXY, https_proxy, LAB_CA_FILE. 네트워크가 없으면 `lab bundle import FILE`",
        "{what}: see whether the module proxy can be reached: GOPROXY, https_proxy, LAB_CA_FILE; without a network: `lab bundle import FILE`"
    ))
}

fn argv(program: &str, words: &[&str]) -> Vec<String> {
    let words = words.iter().map(|word| (*word).to_owned());
    std::iter::once(program.to_owned()).chain(words).collect()
}

/// The Go to use: under sudo PATH is not the user's, who names theirs.
fn located() -> Result<String> {
    if let Some(named) = origin::given("LAB_GO").map(PathBuf::from) {
        let shown = named.display().to_string();
        return match named.is_file() {
            true => Ok(shown),
            false => Err(Error::new(text!(
                "LAB_GO가 가리키는 {shown}이(가) 없음",
                "LAB_GO names {shown}, and there is no such program"
            ))
            .hint(text!(
                "go 프로그램의 경로를 주거나, LAB_GO를 지우면 PATH의 go를 씁니다",
                "give it the path of the program `go`, or unset it to take the one in PATH"
            ))),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = std::env::split_paths(&path).map(|directory| directory.join("go"));
    let go = all.find(|file| file.is_file()).ok_or_else(missing)?;
    Ok(go.display().to_string())
}

fn call(program: &str, words: &[&str], environment: &[(String, String)], temporary: &Path) -> Result<String> {
    let manner = Manner {
        directory: Some(temporary),
        environment,
    };
    program::run_so(&argv(program, words), manner, temporary, |_| ())
        .map_err(|error| hinted(error, words.last().unwrap_or(&"go")))
}

/// Whether it is there and belongs to who runs this: not a home that sudo left in HOME.
fn ours(directory: &Path) -> bool {
    fs::metadata(directory)
        .is_ok_and(|found| found.is_dir() && found.uid() == nix::unistd::geteuid().as_raw())
}

/// `1.24.0` as numbers to compare.
fn numbers(version: &str) -> Vec<u32> {
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    let mut numbers: Vec<u32> = version
        .split('.')
        .map_while(|part| digits(part).parse().ok())
        .collect();
    numbers.resize(3, 0);
    numbers
}

/// A copy that can be written to, as modules in the cache of Go cannot.
fn copy(from: &Path, to: &Path, temporary: &Path) -> Result<()> {
    let (from, to) = (from.display().to_string(), to.display().to_string());
    let argv = ["cp", "-r", "--no-preserve=mode", "--", &from, &to].map(str::to_owned);
    program::run_beside(&argv, temporary).map(drop)
}

/// A module that requires the program's, with the same versions of everything.
fn depend(go: &Go, module: &Module, directory: &Path) -> std::io::Result<()> {
    fs::create_dir(directory)?;
    let sums = module.dir.join("go.sum");
    if sums.is_file() {
        fs::write(directory.join("go.sum"), fs::read(&sums)?)?;
    }
    let text = dependent(
        &fs::read_to_string(&module.go_mod)?,
        &go.module,
        &go.version,
        go.staging.as_ref(),
    );
    fs::write(directory.join("go.mod"), text)
}

/// The go.mod of a module that requires `module`, whose own go.mod is `theirs`.
fn dependent(theirs: &str, module: &str, version: &str, staging: Option<&Staging>) -> String {
    let mut lines = vec![format!("module {DEPENDENT}")];
    let settings = theirs
        .lines()
        .filter(|line| line.starts_with("go ") || line.starts_with("godebug ") && !line.ends_with('('));
    lines.extend(settings.map(str::to_owned));
    lines.push(format!("require {module} {version}"));
    if let Some(staging) = staging {
        let staged = theirs.lines().filter_map(|line| {
            let mut words = line.trim().trim_start_matches("require ").split_whitespace();
            let (name, version) = (words.next()?, words.next()?);
            (name.starts_with(&staging.prefix) && version == "v0.0.0").then_some(name)
        });
        let names: std::collections::BTreeSet<&str> = staged.collect();
        lines.extend(
            names
                .iter()
                .map(|name| format!("replace {name} => {name} {}", staging.version)),
        );
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests;
