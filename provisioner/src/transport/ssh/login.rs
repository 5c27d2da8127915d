//! Logging in: every way the endpoint names, in order; what was tried is told when none works.

use std::path::Path;
use std::time::Instant;

use ssh2::{KeyboardInteractivePrompt, Prompt};

use super::link::{Fault, Link};
use crate::error::Error;
use crate::text;
use crate::transport::{Endpoint, Login};

/// Why one way in did not work: the server said no (go on with the next), or the session is gone.
enum Refusal {
    No(String),
    Gone(Fault),
}

/// How logging in ended without success.
pub enum Failure {
    /// The server refuses all ways, for good.
    Refused(Error),
    /// The connection broke on the way.
    Gone(Fault),
}

/// Logs in.
pub fn login(link: &mut Link, endpoint: &Endpoint, deadline: Instant) -> Result<(), Failure> {
    let methods = methods(link, &endpoint.user, deadline).map_err(Failure::Gone)?;
    let mut tried = vec![];
    for way in &endpoint.logins {
        let result = match way {
            Login::Key(path) => key(link, &endpoint.user, path, deadline),
            Login::Agent => agent(link, &endpoint.user, deadline),
            Login::Password(password) => self::password(link, &endpoint.user, password, &methods, deadline),
        };
        match result {
            Ok(()) if link.session.authenticated() => return Ok(()),
            Ok(()) => tried.push("the server wants another proof after the first".to_owned()),
            Err(Refusal::No(why)) => tried.push(why),
            Err(Refusal::Gone(fault)) if tried.is_empty() => return Err(Failure::Gone(fault)),
            Err(Refusal::Gone(fault)) => {
                tried.push(fault.to_string());
                break;
            }
        }
    }
    if link.session.authenticated() {
        return Ok(());
    }
    Err(Failure::Refused(refused(endpoint, &tried, &methods)))
}

fn refused(endpoint: &Endpoint, tried: &[String], methods: &str) -> Error {
    let error = Error::new(text!(
        "{0} 사용자로 로그인할 수 없음 ({1}:{2})",
        "cannot log in as {0} at {1} port {2}",
        endpoint.user,
        endpoint.address,
        endpoint.port
    ));
    let tried = if tried.is_empty() {
        "no way to log in is configured".to_owned()
    } else {
        tried.join("; ")
    };
    error.cause(tried).cause(format!("the server accepts: {methods}")).hint(text!(
        "키나 비밀번호가 이 노드의 것인지 보세요; lab이 만든 노드라면 `lab up`이 다시 맞춥니다",
        "see whether the key or password belongs to this node; for a node made by lab, `lab up` puts it right"
    ))
}

/// What the server says it accepts (asking is itself an attempt without any proof, which it may accept).
fn methods(link: &mut Link, user: &str, deadline: Instant) -> Result<String, Fault> {
    let mut open = false;
    let asked = link.drive(deadline, |session| match session.auth_methods(user) {
        Ok(methods) => Ok(methods.to_owned()),
        Err(_) if session.authenticated() => {
            open = true;
            Ok(String::new())
        }
        Err(error) => Err(error),
    });
    if open { Ok("anyone".into()) } else { asked }
}

fn judge(result: Result<(), Fault>, what: &str) -> Result<(), Refusal> {
    match result {
        Ok(()) => Ok(()),
        // The server says no; the key file is unusable; the agent does not answer or sign.
        Err(Fault::Ssh {
            code: -18 | -19 | -16 | -17 | -48 | -42 | -34 | -39 | -51,
            message,
        }) => Err(Refusal::No(format!("{what}: {message}"))),
        Err(fault) => Err(Refusal::Gone(fault)),
    }
}

fn key(link: &mut Link, user: &str, path: &Path, deadline: Instant) -> Result<(), Refusal> {
    let what = format!("key {}", path.display());
    if let Err(error) = std::fs::File::open(path) {
        return Err(Refusal::No(format!("{what}: {error}")));
    }
    judge(
        link.drive(deadline, |session| {
            session.userauth_pubkey_file(user, None, path, None)
        }),
        &what,
    )
}

fn agent(link: &mut Link, user: &str, deadline: Instant) -> Result<(), Refusal> {
    if std::env::var_os("SSH_AUTH_SOCK").is_none_or(|socket| socket.is_empty()) {
        return Err(Refusal::No("agent: SSH_AUTH_SOCK is not set".into()));
    }
    let unusable = |error: ssh2::Error| Refusal::No(format!("agent: {}", error.message()));
    let mut agent = link.session.agent().map_err(unusable)?;
    agent.connect().map_err(unusable)?;
    agent.list_identities().map_err(unusable)?;
    let identities = agent.identities().map_err(unusable)?;
    let mut tried = vec![];
    for identity in &identities {
        let what = format!("agent's {}", identity.comment());
        match judge(link.drive(deadline, |_| agent.userauth(user, identity)), &what) {
            Err(Refusal::No(why)) => tried.push(why),
            ended => return ended,
        }
    }
    Err(Refusal::No(if tried.is_empty() {
        "agent: it holds no identity".into()
    } else {
        tried.join("; ")
    }))
}

fn password(
    link: &mut Link,
    user: &str,
    password: &str,
    methods: &str,
    deadline: Instant,
) -> Result<(), Refusal> {
    if methods.split(',').any(|method| method == "password") || !methods.contains("keyboard-interactive") {
        return judge(
            link.drive(deadline, |session| session.userauth_password(user, password)),
            "password",
        );
    }
    let mut answer = Answer(password.to_owned());
    let ended = link.drive(deadline, |session| {
        session.userauth_keyboard_interactive(user, &mut answer)
    });
    judge(ended, "password (keyboard-interactive)")
}

/// Answers every question with the password.
struct Answer(String);

impl KeyboardInteractivePrompt for Answer {
    fn prompt<'a>(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'a>]) -> Vec<String> {
        prompts.iter().map(|_| self.0.clone()).collect()
    }
}
