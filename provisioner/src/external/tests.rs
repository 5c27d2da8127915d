//! The client of registries against real sockets on loopback, reached by the tunnel of a real agent.

#![expect(clippy::unwrap_used, reason = "tests")]

mod products;
mod server;

use std::io::Write;

use agent::client::Client;
use time::{Duration, OffsetDateTime};

use super::failure::Failure;
use super::http::{Http, MOST};
use super::*;
use crate::pki::Secret;
use server::{Authority, Reply, Server, json, raw, says, silent};

const USER: &str = "robot$lab";
const PASSWORD: &str = "open sesame";

fn credentials() -> Credentials {
    Credentials {
        user: USER.into(),
        password: Secret::new(PASSWORD),
    }
}

/// A real agent in this process, so that its tunnel is what connects.
async fn agent() -> Client {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (reader, writer) = tokio::io::split(theirs);
    tokio::spawn(async move { agent::server::serve(reader, writer).await });
    let (reader, writer) = tokio::io::split(ours);
    Client::connect(reader, writer).await.unwrap()
}

/// What a look at this registry comes to, if `pem` is trusted.
async fn standing(external: &External, pem: &str) -> Told<Standing> {
    let credentials = credentials();
    let talk = Talk {
        http: Http::new(agent().await, pem.as_bytes()).unwrap(),
        external,
        credentials: &credentials,
    };
    talk.standing().await
}

/// A registry with basic authentication, and what it answers to who is logged in.
fn behind_basic(head: &str, inside: impl Fn(&str) -> Reply) -> Reply {
    if head.contains(&format!("authorization: Basic {}\r\n", credentials().pair())) {
        return inside(head.split("\r\n").next().unwrap_or_default());
    }
    says(401, &["WWW-Authenticate: Basic realm=\"company\""], "")
}

/// The failure of a registry that answers so to everything.
async fn failure(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Failure, Server) {
    let authority = Authority::new();
    let server = Server::start(authority.leaf("127.0.0.1", |_| ()), answer);
    let failed = standing(&server.external(), &authority.pem).await.unwrap_err();
    (failed, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn distribution_behind_basic_authentication() {
    let authority = Authority::new();
    let server = Server::start(authority.leaf("127.0.0.1", |_| ()), |head| {
        behind_basic(head, |line| match line {
            "GET /v2/ HTTP/1.1" => json(200, "{}"),
            "GET /v2/_catalog?n=1000 HTTP/1.1" => {
                json(200, r#"{"repositories": ["team/a", "team/b", "teams/c"]}"#)
            }
            _ => json(404, "{}"),
        })
    });
    let found = standing(&server.external(), &authority.pem).await.unwrap();
    assert_eq!((found.product, found.open), (Product::Distribution, false));
    assert_eq!((found.user.as_str(), found.repositories), (USER, Some(2)));
    assert_eq!(found.project, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_status_is_named() {
    let statuses = [
        (403, Failure::Forbidden),
        (500, Failure::Status(500)),
        (503, Failure::Status(503)),
        (429, Failure::Busy(None)),
    ];
    for (status, expected) in statuses {
        assert_eq!(failure(move |_| json(status, "{}")).await.0, expected);
    }
    // Whatever is asked, and however.
    let refusing = |_: &str| says(401, &["WWW-Authenticate: Basic realm=\"x\""], "");
    assert_eq!(failure(refusing).await.0, Failure::Unauthorized);
    let negotiating = |_: &str| says(401, &["WWW-Authenticate: Negotiate"], "");
    assert_eq!(
        failure(negotiating).await.0,
        Failure::Challenge("Negotiate".into())
    );
    let (failed, _) = failure(|_| json(404, "{}")).await;
    assert_eq!(failed, Failure::Foreign("404 application/json".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_registry_is_waited_for_as_long_as_it_says_and_no_longer_than_a_little() {
    let authority = Authority::new();
    let once = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(authority.leaf("127.0.0.1", |_| ()), move |head| {
        if once.swap(false, std::sync::atomic::Ordering::Relaxed) {
            return says(429, &["Retry-After: 1"], "");
        }
        behind_basic(head, |_| json(200, r#"{"repositories": []}"#))
    });
    let since = std::time::Instant::now();
    standing(&server.external(), &authority.pem).await.unwrap();
    assert!(
        since.elapsed() >= std::time::Duration::from_secs(1),
        "it was not waited for"
    );
    let (failed, server) = failure(|_| says(429, &["Retry-After: 86400"], "")).await;
    assert_eq!((failed, server.asked().len()), (Failure::Busy(Some(86400)), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_registry_is_said_to_be_none() {
    let page = |_: &str| {
        says(
            200,
            &["Content-Type: text/html; charset=utf-8"],
            "<html>Please sign in</html>",
        )
    };
    let (failed, _) = failure(page).await;
    assert_eq!(failed, Failure::Foreign("200 text/html; charset=utf-8".into()));
    let (failed, _) = failure(|_| Reply::Endless).await;
    assert_eq!(failed, Failure::Endless(MOST));
    let half = "HTTP/1.1 200 As told\r\nContent-Length: 100\r\n\r\n{";
    let (failed, _) = failure(move |_| Reply::BreaksOff(half.into())).await;
    assert!(matches!(failed, Failure::Cut(_)), "{failed:?}");
    let (failed, _) = failure(|_| Reply::BreaksOff(String::new())).await;
    assert!(matches!(failed, Failure::Cut(_)), "{failed:?}");
    let (failed, _) = failure(|_| Reply::BreaksOff("SSH-2.0-OpenSSH\r\n".into())).await;
    assert!(matches!(failed, Failure::Cut(_)), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_hangs_is_given_up() {
    let authority = Authority::new();
    let server = Server::start(authority.leaf("127.0.0.1", |_| ()), |_| Reply::Hangs);
    let http = Http::new(agent().await, authority.pem.as_bytes()).unwrap();
    let http = http.within(std::time::Duration::from_millis(300));
    let external = server.external();
    let credentials = credentials();
    let talk = Talk {
        http,
        external: &external,
        credentials: &credentials,
    };
    assert!(matches!(talk.standing().await.unwrap_err(), Failure::Silent(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_verified_and_what_is_wrong_is_named() {
    let authority = Authority::new();
    let other = Authority::new();
    let now = OffsetDateTime::now_utc();
    let hint = |failed: Failure, external: &External| failed.told(external, USER).1.en;
    let check = async |leaf: (String, String), trusted: &str, number: i32, word: &str| {
        let server = Server::start(leaf, |_| json(200, "{}"));
        let external = server.external();
        let failed = standing(&external, trusted).await.unwrap_err();
        let Failure::Untrusted(found, why) = &failed else {
            panic!("{failed:?}")
        };
        assert_eq!(*found, number, "{why}");
        assert!(hint(failed, &external).contains(word));
        assert_eq!(server.asked(), [""; 0], "asked without being verified");
    };
    let expired = authority.leaf("127.0.0.1", |params| params.not_after = now - Duration::days(1));
    check(expired, &authority.pem, 10, "renewed").await;
    let early = authority.leaf("127.0.0.1", |params| params.not_before = now + Duration::days(1));
    check(early, &authority.pem, 9, "clock").await;
    let wrong_address = authority.leaf("127.0.0.2", |_| ());
    check(wrong_address, &authority.pem, 64, "write a name that is in it").await;
    let strange = authority.leaf("127.0.0.1", |_| ());
    check(strange, &other.pem, 20, "`ca_file`").await;
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
    let own = (params.self_signed(&key).unwrap().pem(), key.serialize_pem());
    check(own.clone(), &authority.pem, 18, "self-signed").await;
    // Named as `ca_file` it vouches for itself, as Docker has it.
    let server = Server::start(own.clone(), |head| {
        behind_basic(head, |_| json(200, r#"{"repositories": []}"#))
    });
    standing(&server.external(), &own.0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ports_without_tls_and_without_anybody() {
    let at = |port| External {
        port,
        ..Server::start(Authority::new().leaf("127.0.0.1", |_| ()), |_| Reply::Hangs).external()
    };
    let authority = Authority::new().pem;
    let plain = raw(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        silent(stream);
    });
    let failed = standing(&at(plain), &authority).await.unwrap_err();
    assert!(matches!(failed, Failure::NoTls(_)), "{failed:?}");
    let closing = raw(drop);
    let failed = standing(&at(closing), &authority).await.unwrap_err();
    assert!(
        matches!(failed, Failure::Cut(_) | Failure::Unreached(_)),
        "{failed:?}"
    );
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let failed = standing(&at(nobody), &authority).await.unwrap_err();
    let Failure::Unreached(why) = &failed else {
        panic!("{failed:?}")
    };
    assert!(why.contains("refused"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elsewhere_nothing_of_the_login_goes_along() {
    let authority = Authority::new();
    let elsewhere = Server::start(authority.leaf("127.0.0.1", |_| ()), |_| {
        json(200, r#"{"repositories": []}"#)
    });
    let port = elsewhere.port;
    let server = Server::start(authority.leaf("127.0.0.1", |_| ()), move |head| {
        let away = format!("Location: https://127.0.0.1:{port}/there");
        behind_basic(head, |line| match line {
            "GET /v2/ HTTP/1.1" => says(307, &["Location: /v2/again"], ""),
            "GET /v2/again HTTP/1.1" => json(200, "{}"),
            _ => says(302, &[&away], ""),
        })
    });
    let found = standing(&server.external(), &authority.pem).await.unwrap();
    assert_eq!(found.repositories, Some(0), "it was not followed");
    let asked = elsewhere.asked();
    assert!(
        asked.iter().any(|head| head.starts_with("GET /there ")),
        "{asked:?}"
    );
    assert!(
        asked
            .iter()
            .all(|head| !head.to_lowercase().contains("authorization")),
        "{asked:?}"
    );
    let (failed, _) = failure(|_| says(302, &["Location: http://127.0.0.1/v2/"], "")).await;
    assert_eq!(failed, Failure::Astray("http://127.0.0.1/v2/".into()));
    let (failed, server) = failure(|_| says(302, &["Location: /v2/"], "")).await;
    assert!(matches!(failed, Failure::Astray(_)), "{failed:?}");
    assert!(server.asked().len() < 10, "it was followed round in a circle");
}

#[test]
fn files_that_are_no_authority() {
    let directory = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = directory.path().join("ca.pem");
        std::fs::write(&path, text).unwrap();
        path
    };
    let refused = |path: &Path| authority(path).unwrap_err();
    assert_eq!(
        refused(&directory.path().join("none.pem")).exit_code(),
        crate::error::exit::USAGE
    );
    assert!(refused(&file("hello")).causes()[0].contains("no PEM certificate"));
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    assert!(refused(&file(&key)).causes()[0].contains("private key"));
    let pem = Authority::new().pem;
    assert_eq!(authority(&file(&pem)).unwrap(), pem);
}
