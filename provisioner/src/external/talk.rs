//! What is asked of a registry: follows it to other places (never with the login), waits when told to, logs in the way it demands.
//! What to ask is in `registry_product`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::Instant;

use super::challenge::{Challenge, encoded};
use super::failure::Failure;
use super::http::{Answer, Http, Request};
use super::login::Credentials;
use crate::cluster::External;
use crate::pki::Secret;
use crate::registry_product::{Ask, Whom};

/// Places one request is followed to.
const MOST_MOVES: usize = 5;

/// How long a registry that is busy is waited for, before patience.
const WAIT: Duration = Duration::from_secs(20);

/// A registry, a way to it, and who asks.
pub struct Talk<'a> {
    /// The way.
    pub http: Http,
    /// The registry.
    pub external: &'a External,
    /// Who asks.
    pub credentials: &'a Credentials,
}

type Told = std::result::Result<Answer, Failure>;

impl Talk<'_> {
    /// The answer to a request, whatever its status.
    pub async fn ask(&self, ask: &Ask) -> Told {
        match &ask.as_whom {
            Whom::Nobody => self.follow(ask, None).await,
            Whom::User => self.follow(ask, Some(self.basic())).await,
            Whom::Bearer => {
                let header = format!("Bearer {}", self.credentials.password.expose());
                self.follow(ask, Some(Secret::new(header))).await
            }
            Whom::Engine(scope) => self.as_engine(ask, scope).await,
        }
    }

    /// As an engine: asks, and asks again with what the registry demands.
    async fn as_engine(&self, ask: &Ask, scope: &str) -> Told {
        let first = self.follow(ask, None).await?;
        if first.status != 401 {
            return Ok(first);
        }
        let header = match challenge(&first)? {
            Challenge::Basic => self.basic(),
            Challenge::Bearer { realm, service } => self.token(&realm, service.as_deref(), scope).await?,
        };
        self.follow(ask, Some(header)).await
    }

    /// A token of this scope, from wherever the registry says: there, and only there, user and password are shown.
    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: &str,
    ) -> std::result::Result<Secret, Failure> {
        let Some(place) = Place::of(realm) else {
            return Err(Failure::Astray(realm.to_owned()));
        };
        let mut query = format!("account={}", encoded(&self.credentials.user));
        for (name, value) in [("service", service.unwrap_or_default()), ("scope", scope)] {
            if !value.is_empty() {
                query += &format!("&{name}={}", encoded(value));
            }
        }
        let joint = if place.path.contains('?') { '&' } else { '?' };
        let request = Request {
            method: "GET",
            path: format!("{}{joint}{query}", place.path),
            body: None,
            authorization: Some(self.basic()),
            host: place.host,
            port: place.port,
        };
        let answer = self.patiently(&request).await?;
        match answer.status {
            200 => {}
            401 | 403 => return Err(Failure::Unauthorized),
            status => return Err(Failure::Status(status)),
        }
        let json = answer.json();
        let token = ["token", "access_token"]
            .iter()
            .find_map(|key| json.get(key)?.as_str());
        match token {
            Some(token) => Ok(Secret::new(format!("Bearer {token}"))),
            None => Err(foreign(&answer)),
        }
    }

    fn basic(&self) -> Secret {
        Secret::new(format!("Basic {}", self.credentials.pair()))
    }

    /// Sends it, and goes where it is sent. Elsewhere nothing of the login goes along.
    async fn follow(&self, ask: &Ask, authorization: Option<Secret>) -> Told {
        let mut request = Request {
            host: self.external.host.clone(),
            port: self.external.port,
            method: ask.method,
            path: ask.path.clone(),
            body: ask.body.clone(),
            authorization,
        };
        for _ in 0..=MOST_MOVES {
            let answer = self.patiently(&request).await?;
            let moved = matches!(answer.status, 301 | 302 | 303 | 307 | 308) && request.body.is_none();
            let Some(location) = answer.header("location").filter(|_| moved) else {
                return Ok(answer);
            };
            let place = match location.starts_with('/') && !location.starts_with("//") {
                true => Place {
                    host: request.host.clone(),
                    port: request.port,
                    path: location.to_owned(),
                },
                false => Place::of(location).ok_or_else(|| Failure::Astray(location.to_owned()))?,
            };
            if place.host != request.host || place.port != request.port {
                request.authorization = None;
            }
            (request.host, request.port, request.path) = (place.host, place.port, place.path);
        }
        Err(Failure::Astray(request.path))
    }

    /// Sends it again once the registry wants to listen, if that is soon.
    async fn patiently(&self, request: &Request) -> Told {
        let deadline = Instant::now() + crate::transport::patient(WAIT);
        loop {
            let answer = self.http.send(request).await?;
            if answer.status != 429 {
                return Ok(answer);
            }
            let seconds = answer
                .header("retry-after")
                .and_then(|text| text.trim().parse().ok());
            let again = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
            match again.filter(|again| *again <= deadline) {
                Some(again) => tokio::time::sleep_until(again).await,
                None => return Err(Failure::Busy(seconds)),
            }
        }
    }
}

/// Where an https address leads.
struct Place {
    host: String,
    port: u16,
    path: String,
}

impl Place {
    fn of(address: &str) -> Option<Self> {
        let uri: hyper::Uri = address.parse().ok()?;
        let https = uri.scheme_str()? == "https" && !uri.authority()?.as_str().contains('@');
        https.then_some(())?;
        Some(Self {
            host: uri.host()?.to_owned(),
            port: uri.port_u16().unwrap_or(443),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }
}

/// How a registry that answered 401 wants us to log in: a token where it offers one.
pub fn challenge(answer: &Answer) -> std::result::Result<Challenge, Failure> {
    let headers = answer.headers.get_all("www-authenticate").iter();
    let all: Vec<&str> = headers.filter_map(|value| value.to_str().ok()).collect();
    let known = all.iter().filter_map(|header| Challenge::of(header));
    let best = known.max_by_key(|challenge| matches!(challenge, Challenge::Bearer { .. }));
    best.ok_or_else(|| match all.first() {
        Some(other) => Failure::Challenge((*other).chars().take(60).collect()),
        None => foreign(answer),
    })
}

/// An answer that should have been a registry's JSON.
pub fn foreign(answer: &Answer) -> Failure {
    let kind = answer.header("content-type").unwrap_or("no content type");
    Failure::Foreign(format!("{} {kind}", answer.status))
}

impl Credentials {
    /// What nothing that is told may show.
    pub fn secrets(&self) -> [Secret; 2] {
        [self.password.clone(), Secret::new(self.pair())]
    }

    /// User and password as they stand in a header, and in Docker's configuration.
    pub fn pair(&self) -> String {
        STANDARD.encode(format!("{}:{}", self.user, self.password.expose()))
    }
}
