//! A token server, as registries send engines to: checks user and password, and signs what the user may do. Lives in the network of the
//! lab's nodes, on a thread of the test.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lab::provider::local::namespace::enter_network;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use openssl::ssl::{SslAcceptor, SslMethod, SslStream};
use openssl::x509::X509;
use serde_json::{Value, json};

use super::{PASSWORD, USER, other};

/// Whom tokens are for.
pub const SERVICE: &str = "company-registry";
/// Who signs them.
pub const ISSUER: &str = "company-tokens";

const PAUSE: Duration = Duration::from_millis(10);

/// A running token server.
#[derive(Debug)]
pub struct Tokens {
    /// Where it answers.
    pub realm: String,
    /// PEM of the certificate that tokens are signed with.
    pub signer: String,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    key: PKey<Private>,
    /// The certificate as tokens carry it.
    chain: String,
    stop: AtomicBool,
    given: AtomicUsize,
    refused: AtomicUsize,
}

impl Tokens {
    /// Starts it at this address of the network namespace in this file, with the certificate and key (PEM) of a server.
    pub fn start(
        network: &Path,
        address: Ipv4Addr,
        (certificate, key): &(String, String),
    ) -> io::Result<Self> {
        let signing = PKey::from_rsa(Rsa::generate(2048)?)?;
        let own = own_certificate(&signing)?;
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        let server_key = PKey::private_key_from_pem(key.as_bytes())?;
        acceptor.set_private_key(&server_key)?;
        let certificate = X509::from_pem(certificate.as_bytes())?;
        acceptor.set_certificate(&certificate)?;
        let acceptor = acceptor.build();
        let state = Arc::new(State {
            key: signing,
            chain: STANDARD.encode(own.to_der()?),
            stop: AtomicBool::new(false),
            given: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        });
        let network = network.to_owned();
        let bound = std::thread::spawn(move || {
            enter_network(&network).map_err(other)?;
            TcpListener::bind((address, 0))
        });
        let listener = bound
            .join()
            .map_err(|_| io::Error::other("a thread ended early"))??;
        listener.set_nonblocking(true)?;
        let realm = format!("https://{}/token", listener.local_addr()?);
        let serving = Arc::clone(&state);
        let thread = std::thread::spawn(move || serve(&listener, &acceptor, &serving));
        Ok(Self {
            realm,
            signer: String::from_utf8(own.to_pem()?).map_err(other)?,
            state,
            thread: Some(thread),
        })
    }

    /// How many tokens it gave and refused.
    pub fn counts(&self) -> (usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (of(&self.state.given), of(&self.state.refused))
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn own_certificate(key: &PKey<Private>) -> io::Result<X509> {
    let mut name = openssl::x509::X509NameBuilder::new()?;
    name.append_entry_by_text("CN", ISSUER)?;
    let name = name.build();
    let mut building = X509::builder()?;
    building.set_version(2)?;
    building.set_subject_name(&name)?;
    building.set_issuer_name(&name)?;
    building.set_pubkey(key)?;
    building.set_not_before(&*openssl::asn1::Asn1Time::days_from_now(0)?)?;
    building.set_not_after(&*openssl::asn1::Asn1Time::days_from_now(2)?)?;
    building.sign(key, MessageDigest::sha256())?;
    Ok(building.build())
}

fn serve(listener: &TcpListener, acceptor: &SslAcceptor, state: &Arc<State>) {
    while !state.stop.load(Ordering::Relaxed) {
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(PAUSE);
            continue;
        };
        let (acceptor, state) = (acceptor.clone(), Arc::clone(state));
        std::thread::spawn(move || {
            let _ = stream.set_nonblocking(false);
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = acceptor.accept(stream).map(|stream| answer(stream, &state));
        });
    }
}

fn answer(mut stream: SslStream<TcpStream>, state: &State) -> io::Result<()> {
    let (mut head, mut byte) = (vec![], [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (status, body) = match known(&head) {
        true => (200, json!({"token": token(&head, state)?, "expires_in": 300})),
        false => (401, json!({"details": "incorrect username or password"})),
    };
    let counted = if status == 200 {
        &state.given
    } else {
        &state.refused
    };
    counted.fetch_add(1, Ordering::Relaxed);
    let body = body.to_string();
    let size = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} As asked\r\nContent-Type: application/json\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n{body}"
    )?;
    stream.shutdown().map(drop).map_err(other)
}

/// Whether user and password are right.
fn known(head: &str) -> bool {
    let pair = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    head.lines().any(|line| {
        let header = line.split_once(": ");
        header.is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("authorization") && value == format!("Basic {pair}")
        })
    })
}

/// A token for all that was asked.
fn token(head: &str, state: &State) -> io::Result<String> {
    let line = head.lines().next().unwrap_or_default();
    let query = line.split_once('?').map_or("", |(_, rest)| rest);
    let query = query.split(' ').next().unwrap_or_default();
    let access: Vec<Value> = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("scope="))
        .flat_map(|scopes| decoded(scopes).split(' ').map(access).collect::<Vec<_>>())
        .flatten()
        .collect();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(other)?
        .as_secs();
    let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [state.chain]});
    let claims = json!({
        "iss": ISSUER, "sub": USER, "aud": SERVICE, "exp": now + 300, "nbf": now - 10, "iat": now,
        "jti": format!("{now}"), "access": access,
    });
    let signed = [header, claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
        .join(".");
    let mut signer = Signer::new(MessageDigest::sha256(), &state.key)?;
    signer.update(signed.as_bytes())?;
    Ok(format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(signer.sign_to_vec()?)
    ))
}

/// `TYPE:NAME:ACTIONS`; a name may have a port in it.
fn access(scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let actions: Vec<&str> = actions.split(',').collect();
    Some(json!({"type": kind, "name": name, "actions": actions}))
}

/// A value of a query.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (vec![], text.as_bytes());
    while let [first, more @ ..] = rest {
        let hex = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let hex = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        (rest, _) = match (first, hex) {
            (b'%', Some(byte)) => (&more[2..], bytes.push(byte)),
            (b'+', _) => (more, bytes.push(b' ')),
            (other, _) => (more, bytes.push(*other)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
