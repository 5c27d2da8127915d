//! Being root: asking sudo once and saying why, and giving files back to the user who asked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, exit};
use crate::paths::Paths;
use crate::provider::local::host;
use crate::report::out::Out;
use crate::text;
use crate::text::Text;

/// Set in the process sudo started: it must not ask again.
const MARKER: &str = "LAB_ELEVATED";

/// Variables of the user that the process under sudo keeps.
const KEPT: [&str; 31] = [
    MARKER,
    "LAB_HOME",
    "LAB_LANG",
    "LAB_OFFLINE",
    "LAB_CA_FILE",
    "LAB_DEBIAN_MIRROR",
    "LAB_UBUNTU_MIRROR",
    "LAB_GO",
    "LAB_PATIENCE",
    "LAB_WORKERS",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
    "TERM",
    "NO_COLOR",
    "SSH_AUTH_SOCK",
    "DOCKER_CONFIG",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "GOPROXY",
    "GOPRIVATE",
    "GOSUMDB",
    "GONOSUMDB",
    "SSL_CERT_FILE",
    "RUST_BACKTRACE",
];

/// Returns in a process that is root: at once, or by running this same command under sudo in place of this process.
/// `why` is said to the user, as a phrase: "to boot nodes".
pub fn ensure_root(why: &Text, out: Out, paths: &Paths) -> Result<()> {
    if host::is_root() {
        return Ok(());
    }
    if std::env::var_os(MARKER).is_some() {
        return Err(Error::new(text!(
            "sudo를 거쳤지만 root가 아님",
            "sudo ran this, but not as root"
        ))
        .exit(exit::HOST));
    }
    if on_path("sudo").is_none() {
        let what = Text {
            ko: format!("root 권한이 필요함: {}", why.ko),
            en: format!("root is needed {}", why.en),
        };
        return Err(Error::new(what)
            .hint(text!(
                "sudo를 설치하거나 root로 실행하세요",
                "install sudo, or run this as root"
            ))
            .exit(exit::HOST));
    }
    let said = Text {
        ko: format!("sudo로 다시 실행합니다: {}", why.ko),
        en: format!("running under sudo {}", why.en),
    };
    out.say(said.get(out.lang));
    replace(paths)
}

/// A program of this user's PATH.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut all = std::env::split_paths(&path).map(|directory| directory.join(program));
    all.find(|file| file.is_file())
}

/// Arguments of sudo for this command line: which variables stay, then the program and its own arguments.
fn sudo_arguments(program: OsString, arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let keep = OsString::from(format!("--preserve-env={}", KEPT.join(",")));
    [keep, "--".into(), program]
        .into_iter()
        .chain(arguments)
        .collect()
}

/// The variables that pin the user's directories, which root's own HOME must not move, and the user's Go, which is seldom in
/// the PATH that sudo gives.
fn pinned(paths: &Paths, home: Option<OsString>, go: Option<PathBuf>) -> Vec<(&'static str, OsString)> {
    let mut variables: Vec<(&'static str, OsString)> = vec![(MARKER, "1".into())];
    variables.extend(go.map(|go| ("LAB_GO", go.into_os_string())));
    match home {
        Some(home) => variables.push(("LAB_HOME", home)),
        None => {
            // state is ROOT/lab/PROJECT, cache is ROOT/lab
            let above = |path: &Path, levels: usize| {
                path.ancestors()
                    .nth(levels)
                    .map(|path| path.as_os_str().to_owned())
            };
            variables.extend(above(&paths.state, 2).map(|root| ("XDG_STATE_HOME", root)));
            variables.extend(above(&paths.cache, 1).map(|root| ("XDG_CACHE_HOME", root)));
        }
    }
    variables
}

#[cfg(unix)]
fn replace(paths: &Paths) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let program = std::env::current_exe()
        .map_err(|error| Error::new("cannot find this program").because(error))?
        .into_os_string();
    let given = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = given("LAB_HOME");
    // Where the user's `docker login` is remembered, which root's own HOME must not move either.
    let below_home = || Some(PathBuf::from(given("HOME")?).join(".docker").into_os_string());
    let docker = given("DOCKER_CONFIG").or_else(below_home);
    let error = std::process::Command::new("sudo")
        .args(sudo_arguments(program, std::env::args_os().skip(1)))
        .envs(pinned(
            paths,
            home,
            given("LAB_GO").map(PathBuf::from).or_else(|| on_path("go")),
        ))
        .envs(docker.map(|directory| ("DOCKER_CONFIG", directory)))
        .exec();
    Err(Error::new("cannot run sudo").because(error).exit(exit::HOST))
}

#[cfg(not(unix))]
fn replace(_paths: &Paths) -> Result<()> {
    Err(Error::new(text!("이 기능은 Linux에서만 됩니다", "this works on Linux only")).exit(exit::HOST))
}

/// The user sudo ran this for.
#[cfg(unix)]
fn asked_by() -> Option<(u32, u32)> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let user = (number("SUDO_UID")?, number("SUDO_GID")?);
    (host::is_root() && std::env::var_os(MARKER).is_some() && user.0 != 0).then_some(user)
}

/// Hands what this run made as root in the project, cache and state back to the user who asked through sudo. Does nothing
/// elsewhere. Stays on each directory's own file system, so it never touches what is inside a node's disk.
#[cfg(unix)]
pub fn give_back(paths: &Paths) {
    let Some(user) = asked_by() else { return };
    for path in [
        &paths.reports,
        &paths.project.join("target"),
        &paths.cache,
        &paths.state,
    ] {
        give(path, user);
        for directory in made_above(path, user.0) {
            let _ = std::os::unix::fs::lchown(directory, Some(user.0), Some(user.1));
        }
    }
}

/// Hands a file that was written where the user said back to that user.
#[cfg(unix)]
pub fn give_file_back(file: &Path) {
    if let Some(user) = asked_by() {
        let _ = std::os::unix::fs::lchown(file, Some(user.0), Some(user.1));
    }
}

/// Nothing to give back where there is no sudo.
#[cfg(not(unix))]
pub fn give_file_back(_file: &Path) {}

/// Nothing to give back where there is no sudo.
#[cfg(not(unix))]
pub fn give_back(_paths: &Paths) {}

#[cfg(unix)]
fn owner(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    path.symlink_metadata().ok().map(|file| file.uid())
}

/// Directories of root above `path`, up to the user's own: those that were made on the way, e.g. ~/.local/state.
/// Empty where no directory of the user is above them.
#[cfg(unix)]
fn made_above(path: &Path, user: u32) -> Vec<&Path> {
    let made: Vec<&Path> = path
        .ancestors()
        .skip(1)
        .take_while(|above| owner(above) == Some(0))
        .collect();
    let next = path.ancestors().nth(1 + made.len());
    if next.is_some_and(|next| owner(next) == Some(user)) {
        made
    } else {
        vec![]
    }
}

#[cfg(unix)]
fn give(top: &Path, user: (u32, u32)) {
    use std::os::unix::fs::MetadataExt;
    let Ok(device) = top.symlink_metadata().map(|file| file.dev()) else {
        return;
    };
    let mut left = vec![top.to_owned()];
    while let Some(path) = left.pop() {
        let Ok(file) = path.symlink_metadata() else {
            continue;
        };
        if file.dev() != device {
            continue;
        }
        if file.uid() == 0 {
            let _ = std::os::unix::fs::lchown(&path, Some(user.0), Some(user.1));
        }
        if file.is_dir() {
            left.extend(
                std::fs::read_dir(&path)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|entry| entry.path()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn paths(root: &Path) -> Paths {
        Paths {
            project: root.join("project"),
            state: root.join(".local/state/lab/project-0123"),
            cache: root.join(".cache/lab"),
            reports: root.join("project/lab-reports"),
        }
    }

    #[test]
    fn the_users_directories_stay_the_users() {
        let paths = paths(Path::new("/home/ann"));
        let variables = pinned(&paths, None, Some("/usr/local/go/bin/go".into()));
        assert!(variables.contains(&("LAB_GO", "/usr/local/go/bin/go".into())));
        assert!(variables.contains(&("XDG_STATE_HOME", "/home/ann/.local/state".into())));
        assert!(variables.contains(&("XDG_CACHE_HOME", "/home/ann/.cache".into())));
        assert_eq!(
            pinned(&paths, Some("/srv".into()), None)[1],
            ("LAB_HOME", "/srv".into())
        );
        for (name, _) in variables {
            assert!(KEPT.contains(&name), "sudo would drop {name}");
        }
    }

    #[test]
    fn the_command_line_passes_unchanged() {
        let arguments = sudo_arguments("/opt/lab".into(), ["up", "--yes"].into_iter().map(OsString::from));
        assert!(
            arguments[0]
                .to_str()
                .unwrap()
                .starts_with("--preserve-env=LAB_ELEVATED,LAB_HOME,")
        );
        assert_eq!(
            arguments[1..],
            ["--", "/opt/lab", "up", "--yes"].map(OsString::from)
        );
    }
}
