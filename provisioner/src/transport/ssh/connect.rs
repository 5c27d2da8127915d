//! From an endpoint to a session that is logged in, with patience while the node boots.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use ssh2::MethodType;

use super::hostkey;
use super::link::{Fault, Link, Silence};
use super::login::{self, Failure};
use crate::error::{Error, Result};
use crate::text;
use crate::transport::{Endpoint, patient};

/// AES-GCM first: OpenSSL has it in the processor's instructions, libssh2's own ChaCha has not.
const CIPHERS: &str =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr";

/// A session that is logged in.
pub struct Established {
    /// The session.
    pub link: Link,
    /// Fingerprint of a host key that was seen for the first time.
    pub first_seen: Option<String>,
}

/// How one attempt failed.
enum Attempt {
    /// The node may still be booting.
    Again(String),
    /// Trying again would not help.
    Final(Error),
}

/// Connects, shakes hands, checks the host key, logs in. Tries again until `patience` is over, but only for what a booting
/// node does: refuse, not answer, hang up. Blocks; gives up soon after `cancelled` says so.
pub fn establish(
    endpoint: &Endpoint,
    patience: Duration,
    silence: Silence,
    cancelled: &dyn Fn() -> bool,
) -> Result<Established> {
    let since = Instant::now();
    let deadline = since + patience.max(patient(Duration::from_millis(500)));
    let mut pause = Duration::from_millis(25);
    let mut limit = patient(Duration::from_millis(500));
    loop {
        let cause = match attempt(endpoint, deadline, limit, silence) {
            Ok(established) => return Ok(established),
            Err(Attempt::Final(error)) => return Err(error.on(&endpoint.node)),
            Err(Attempt::Again(cause)) => cause,
        };
        if cancelled() || Instant::now() + pause >= deadline {
            return Err(unanswered(endpoint, since.elapsed(), cause));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(250));
        limit = (limit * 2).min(patient(Duration::from_secs(4)));
    }
}

fn unanswered(endpoint: &Endpoint, waited: Duration, cause: String) -> Error {
    let seconds = waited.as_secs_f32();
    Error::new(text!(
        "{0}:{1}에서 SSH 응답이 없음 ({seconds:.1}초 동안 기다림)",
        "no SSH at {0} port {1} (waited {seconds:.1} s)",
        endpoint.address,
        endpoint.port
    ))
    .on(&endpoint.node)
    .cause(cause)
    .hint(text!(
        "노드가 떠 있는지 `lab status`로 보고, 멈춰 있으면 `lab start {0}`",
        "see with `lab status` whether the node runs; if it is stopped, `lab start {0}`",
        endpoint.node
    ))
}

fn attempt(
    endpoint: &Endpoint,
    deadline: Instant,
    limit: Duration,
    silence: Silence,
) -> std::result::Result<Established, Attempt> {
    let again = |error: std::io::Error| Attempt::Again(error.to_string());
    let address = SocketAddr::new(endpoint.address, endpoint.port);
    let remaining = deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1));
    let socket = TcpStream::connect_timeout(&address, limit.min(remaining)).map_err(again)?;
    let mut link = Link::new(socket, silence).map_err(|fault| Attempt::Again(fault.to_string()))?;
    let deadline = deadline.min(Instant::now() + patient(Duration::from_secs(15)));
    let shown = handshake(&mut link, endpoint, deadline)?;
    let first_seen = hostkey::check(&endpoint.host_keys, &shown).map_err(Attempt::Final)?;
    match login::login(&mut link, endpoint, deadline) {
        Ok(()) => Ok(Established { link, first_seen }),
        Err(Failure::Refused(error)) => Err(Attempt::Final(error)),
        Err(Failure::Gone(fault)) => Err(Attempt::Again(fault.to_string())),
    }
}

/// Returns the host key that was shown.
fn handshake(
    link: &mut Link,
    endpoint: &Endpoint,
    deadline: Instant,
) -> std::result::Result<Vec<u8>, Attempt> {
    let accepted = hostkey::accepted(&endpoint.host_keys).map_err(Attempt::Final)?;
    let wishes = [
        (MethodType::HostKey, hostkey::preference(&accepted)),
        (MethodType::CryptCs, CIPHERS.to_owned()),
        (MethodType::CryptSc, CIPHERS.to_owned()),
    ];
    for (kind, wish) in wishes {
        let set = link.session.method_pref(kind, &wish);
        set.map_err(|error| Attempt::Final(Error::new("cannot set up SSH").because(error)))?;
    }
    link.drive(deadline, ssh2::Session::handshake)
        .map_err(|fault| match fault {
            Fault::Ssh {
                code: -5 | -8,
                message,
            } => Attempt::Again(format!("{message} (while agreeing on keys)")),
            fault => Attempt::Again(format!("{fault} (while shaking hands)")),
        })?;
    let shown = link.session.host_key().map(|(key, _)| key.to_vec());
    shown.ok_or_else(|| Attempt::Again("the server showed no host key".into()))
}
