//! A TLS server on loopback that answers as told, and remembers what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslMethod, SslStream};
use openssl::x509::X509;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::cluster::External;

/// What a server does with a request.
pub enum Reply {
    /// Answers.
    Says(String),
    /// Keeps the connection, and says nothing.
    Hangs,
    /// Says this and closes, whatever was promised.
    BreaksOff(String),
    /// Never stops.
    Endless,
}

/// An answer with this status, headers (each a line) and body.
pub fn says(status: u16, headers: &[&str], body: &str) -> Reply {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let size = body.len();
    Reply::Says(format!(
        "HTTP/1.1 {status} As told\r\n{headers}Content-Length: {size}\r\nConnection: close\r\n\r\n{body}"
    ))
}

/// The same, as a registry labels its JSON.
pub fn json(status: u16, body: &str) -> Reply {
    says(status, &["Content-Type: application/json"], body)
}

/// Who vouches for a server.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// PEM.
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        // A name of its own: with that of every leaf these would look as if they signed themselves.
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, hex::encode(&key.public_key_raw()[..8]));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Certificate and key of a server; `change` what the certificate says.
    pub fn leaf(&self, name: &str, change: impl Fn(&mut CertificateParams)) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A running server. It ends with the test's process.
pub struct Server {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` gets the head of each request.
    pub fn start(
        (certificate, key): (String, String),
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        let key = PKey::private_key_from_pem(key.as_bytes()).unwrap();
        acceptor.set_private_key(&key).unwrap();
        acceptor
            .set_certificate(&X509::from_pem(certificate.as_bytes()).unwrap())
            .unwrap();
        let acceptor = acceptor.build();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (acceptor, seen, answer) = (acceptor.clone(), Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Ok(stream) = acceptor.accept(stream) else {
                        return;
                    };
                    serve(stream, &seen, answer.as_ref());
                });
            }
        });
        Self { port, asked }
    }

    /// The heads of all requests.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The registry at this server.
    pub fn external(&self) -> External {
        External {
            host: "127.0.0.1".into(),
            port: self.port,
            namespace: Some("team".into()),
            product: None,
            login: None,
            ca_file: None,
        }
    }
}

fn serve(mut stream: SslStream<TcpStream>, asked: &Mutex<Vec<String>>, answer: &dyn Fn(&str) -> Reply) {
    let (mut head, mut byte) = (vec![], [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    asked.lock().unwrap().push(head.clone());
    match answer(&head) {
        Reply::Says(text) => {
            let _ = stream.write_all(text.as_bytes());
            let _ = stream.shutdown();
        }
        Reply::BreaksOff(text) => drop(stream.write_all(text.as_bytes())),
        // Until the other side has enough of it.
        Reply::Hangs => drop(stream.read(&mut byte)),
        Reply::Endless => {
            let head = "HTTP/1.1 200 As told\r\nTransfer-Encoding: chunked\r\n\r\n";
            let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
            let mut going = stream.write_all(head.as_bytes()).is_ok();
            while going {
                going = stream.write_all(chunk.as_bytes()).is_ok();
            }
        }
    }
}

/// A port that takes connections and does `with` them.
pub fn raw(with: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(with));
    port
}

/// Reads until the other side closes, at most ten seconds.
pub fn silent(mut stream: TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let _ = stream.read_to_end(&mut vec![]);
}
