//! One HTTP request over a connection that a node opens: the node's own way there is what is tried, TLS ends here. Bounded in time
//! and size. Knows nothing of registries.

use std::time::Duration;

use agent::client::{Client, ClientError};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};
use hyper_util::rt::TokioIo;
use openssl::ssl::{Ssl, SslConnector, SslMethod, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;
use tokio_openssl::SslStream;

use super::failure::Failure;
use crate::error::{Error, Result};

/// More than any answer asked for here has.
pub const MOST: usize = 1 << 20;

/// How long one request may take, before patience.
const LIMIT: Duration = Duration::from_secs(15);

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Method.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// JSON.
    pub body: Option<String>,
    /// The header `Authorization`.
    pub authorization: Option<crate::pki::Secret>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// A node's way to servers, and the authorities they are verified by.
#[derive(Clone)]
pub struct Http {
    agent: Client,
    tls: SslConnector,
    limit: Duration,
}

/// The node's end of a connection; gone with it.
struct Tunnel(JoinHandle<std::result::Result<(), ClientError>>);

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Http {
    /// Through this node; `authorities`: PEM, nothing else is trusted.
    pub fn new(agent: Client, authorities: &[u8]) -> Result<Self> {
        let broken = |error: openssl::error::ErrorStack| Error::new("cannot set up TLS").because(error);
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(broken)?;
        let mut store = X509StoreBuilder::new().map_err(broken)?;
        for certificate in X509::stack_from_pem(authorities).map_err(broken)? {
            store.add_cert(certificate).map_err(broken)?;
        }
        // As Docker does: whatever is in the file is believed, also a certificate that is no authority's.
        store.set_flags(X509VerifyFlags::PARTIAL_CHAIN).map_err(broken)?;
        builder.set_cert_store(store.build());
        builder
            .set_min_proto_version(Some(SslVersion::TLS1_2))
            .map_err(broken)?;
        Ok(Self {
            agent,
            tls: builder.build(),
            limit: crate::transport::patient(LIMIT),
        })
    }

    /// The same with another limit per request.
    #[cfg(test)]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Sends a request and takes the whole answer.
    pub async fn send(&self, request: &Request) -> std::result::Result<Answer, Failure> {
        let limit = self.limit;
        tokio::time::timeout(limit, self.exchange(request))
            .await
            .unwrap_or(Err(Failure::Silent(limit.as_secs())))
    }

    async fn exchange(&self, request: &Request) -> std::result::Result<Answer, Failure> {
        let (stream, _tunnel) = self.connect(&request.host, request.port).await?;
        let cut = |error: hyper::Error| Failure::Cut(deepest(&error));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(cut)?;
        let driving = tokio::spawn(connection);
        let answer = async {
            let message = message(request).map_err(|error| Failure::Foreign(error.to_string()))?;
            let response = sender.send_request(message).await.map_err(cut)?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MOST).collect().await.map_err(|error| {
                match error.downcast_ref::<LengthLimitError>() {
                    Some(_) => Failure::Endless(MOST),
                    None => Failure::Cut(error.to_string()),
                }
            })?;
            Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body: body.to_bytes().to_vec(),
            })
        };
        let answer = answer.await;
        driving.abort();
        answer
    }

    async fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> std::result::Result<(SslStream<DuplexStream>, Tunnel), Failure> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (agent, name) = (self.agent.clone(), host.to_owned());
        let mut tunnel = Tunnel(tokio::spawn(
            async move { agent.tunnel(&name, port, theirs).await },
        ));
        let broken = |error: openssl::error::ErrorStack| Failure::NoTls(error.to_string());
        let ssl: Ssl = self
            .tls
            .configure()
            .and_then(|configuration| configuration.into_ssl(host))
            .map_err(broken)?;
        let mut stream = SslStream::new(ssl, ours).map_err(broken)?;
        let Err(error) = std::pin::Pin::new(&mut stream).connect().await else {
            return Ok((stream, tunnel));
        };
        let verified = stream.ssl().verify_result();
        if verified != openssl::x509::X509VerifyResult::OK {
            let number = verified.as_raw();
            return Err(Failure::Untrusted(number, verified.error_string().to_owned()));
        }
        let ended_early = |error: &&openssl::error::ErrorStack| error.to_string().contains("unexpected eof");
        if let Some(error) = error.ssl_error().filter(|error| !ended_early(error)) {
            return Err(Failure::NoTls(deepest(error)));
        }
        // Our end closes, and the node's end says why there was nothing at the other.
        drop(stream);
        match (&mut tunnel.0).await {
            Ok(Err(why)) => Err(Failure::Unreached(why.to_string())),
            _ => Err(Failure::Cut("it closed before TLS was agreed on".into())),
        }
    }
}

fn message(request: &Request) -> std::result::Result<hyper::Request<Full<Bytes>>, hyper::http::Error> {
    let place = match request.port {
        443 => request.host.clone(),
        port => format!("{}:{port}", request.host),
    };
    let mut building = hyper::Request::builder()
        .method(request.method)
        .uri(&request.path)
        .header(HOST, place)
        .header(ACCEPT, "application/json")
        .header(CONNECTION, "close")
        .header(USER_AGENT, concat!("lab/", env!("CARGO_PKG_VERSION")));
    if let Some(authorization) = &request.authorization {
        building = building.header(AUTHORIZATION, authorization.expose());
    }
    if request.body.is_some() {
        building = building.header(CONTENT_TYPE, "application/json");
    }
    building.body(Full::from(request.body.clone().unwrap_or_default()))
}

/// The innermost reason: the outer ones only say that something failed.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, null where it is no JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
