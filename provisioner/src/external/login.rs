//! Who logs in at an external registry, and with what: the file cluster.yaml names, or what Docker of this machine's user knows. The
//! password is never in argv, in a variable of the environment or in anything that is told.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::cluster::{External, Login};
use crate::error::{Error, Result};
use crate::pki::Secret;
use crate::text;

/// The longest password file that is read.
const MOST: u64 = 4096;

/// How long a helper may take: it may ask a key ring, not a person.
const LIMIT: Duration = Duration::from_secs(10);

/// A user and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password, or a token in its place.
    pub password: Secret,
}

/// Reads them.
pub async fn read(external: &External) -> Result<Credentials> {
    match &external.login {
        Some(Login { user, password_file }) => Ok(Credentials {
            user: user.clone(),
            password: password(password_file)?,
        }),
        None => from_docker(&docker_directory().join("config.json"), &external.server()).await,
    }
}

/// The password in a file that only its owner reads; one end of line after it does not count.
fn password(file: &Path) -> Result<Secret> {
    let shown = file.display();
    let wrong = |ko: &str, en: &str| {
        Error::usage(text!(
            "비밀번호 파일 {shown}: {ko}",
            "the password file {shown} {en}"
        ))
    };
    let unreadable = |error: std::io::Error| {
        wrong("읽을 수 없음", "cannot be read").because(error).hint(text!(
            "비밀번호만 한 줄로 적고 `chmod 600 {shown}`",
            "write the password alone into it, and `chmod 600 {shown}`"
        ))
    };
    let about = std::fs::metadata(file).map_err(unreadable)?;
    if !about.is_file() {
        return Err(wrong("파일이 아님", "is no file"));
    }
    if about.mode() & 0o077 != 0 {
        let mode = about.mode() & 0o777;
        let text = wrong(
            &format!("다른 사용자가 읽을 수 있음 ({mode:04o})"),
            &format!("can be read by others ({mode:04o})"),
        );
        return Err(text.hint(text!("`chmod 600 {shown}`", "`chmod 600 {shown}`")));
    }
    if about.len() > MOST {
        return Err(wrong("너무 김", "is too long").cause(format!("{} > {MOST}", about.len())));
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(wrong("비었음", "is empty").hint(text!(
            "비밀번호를 한 줄로 적으세요",
            "write the password into it, on one line"
        )));
    }
    if line.chars().any(char::is_control) {
        let told = wrong(
            "한 줄이 아니거나 제어 문자가 있음",
            "has more than one line, or control characters",
        );
        return Err(told.hint(text!(
            "비밀번호만 한 줄로 적으세요",
            "the password alone, on one line"
        )));
    }
    Ok(Secret::new(line))
}

/// Where Docker of the user keeps its configuration.
fn docker_directory() -> PathBuf {
    let given = std::env::var_os("DOCKER_CONFIG").filter(|value| !value.is_empty());
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".docker");
    given.map_or_else(home, PathBuf::from)
}

/// What `docker login` of this machine remembers of the server: in its file, or with a helper it names.
async fn from_docker(file: &Path, server: &str) -> Result<Credentials> {
    let unknown = || {
        Error::usage(text!(
            "{server}의 로그인이 없음",
            "no login is known for {server}"
        ))
        .hint(text!(
            "cluster.yaml의 `external`에 `user`와 `password_file`을 적거나, 이 컴퓨터에서 `docker login {server}`",
            "write `user` and `password_file` into `external` of cluster.yaml, or `docker login {server}` on this machine"
        ))
    };
    let shown = file.display();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(unknown()),
        Err(error) => {
            return Err(
                Error::usage(text!("{shown}을(를) 읽을 수 없음", "cannot read {shown}")).because(error),
            );
        }
    };
    let config: Json = serde_json::from_str(&text).map_err(|error| {
        Error::usage(text!("{shown}이(가) JSON이 아님", "{shown} is no JSON")).because(error)
    })?;
    let names = [server.to_owned(), format!("https://{server}")];
    let helper = names
        .iter()
        .find_map(|name| config.get("credHelpers")?.get(name)?.as_str())
        .or_else(|| config.get("credsStore")?.as_str());
    if let Some(helper) = helper {
        return from_helper(helper, server).await?.ok_or_else(unknown);
    }
    let auth = names
        .iter()
        .find_map(|name| config.get("auths")?.get(name)?.get("auth")?.as_str());
    let pair = auth.and_then(|auth| String::from_utf8(STANDARD.decode(auth).ok()?).ok());
    let pair = pair.as_ref().and_then(|pair| pair.split_once(':'));
    let (user, password) = pair.ok_or_else(unknown)?;
    Ok(Credentials {
        user: user.to_owned(),
        password: Secret::new(password),
    })
}

/// Asks a helper, the server on its standard input as all of them want it. `None`: it knows none.
async fn from_helper(helper: &str, server: &str) -> Result<Option<Credentials>> {
    let program = format!("docker-credential-{helper}");
    let cannot = |error: std::io::Error| {
        Error::new(text!("`{program}`을(를) 쓸 수 없음", "cannot use `{program}`"))
            .because(error)
            .hint(text!(
                "또는 cluster.yaml에 `user`와 `password_file`을 적으세요",
                "or write `user` and `password_file` in cluster.yaml"
            ))
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !helper.bytes().all(plain) {
        return Err(cannot(std::io::ErrorKind::InvalidInput.into()));
    }
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(server.as_bytes()).await.map_err(cannot)?;
    }
    let ended = tokio::time::timeout(crate::transport::patient(LIMIT), child.wait_with_output());
    let late = |_| cannot(std::io::ErrorKind::TimedOut.into());
    let ended = ended.await.map_err(late)?.map_err(cannot)?;
    if !ended.status.success() {
        return Ok(None);
    }
    let said: Json = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    let text = |key: &str| said.get(key).and_then(Json::as_str).map(str::to_owned);
    let found = text("Username").zip(text("Secret"));
    let (user, password) = found.ok_or_else(|| cannot(std::io::ErrorKind::InvalidData.into()))?;
    if user == "<token>" {
        return Err(
            cannot(std::io::ErrorKind::Unsupported.into()).cause("it keeps an identity token, no password")
        );
    }
    Ok(Some(Credentials {
        user,
        password: Secret::new(password),
    }))
}

#[cfg(test)]
mod tests;
