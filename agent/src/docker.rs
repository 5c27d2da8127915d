//! Asks the Docker daemon over its socket, without Docker's client (a tenth of a second per question).
//!
//! Nothing here is an error: a daemon that is absent, stopped or slow has no answer.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::wire::ContainerFact;

/// Where the daemon listens.
pub(crate) const SOCKET: &str = "/var/run/docker.sock";
const PROCESS: &str = "/var/run/docker.pid";
const DEADLINE: Duration = Duration::from_secs(5);
const MAX_ANSWER: u64 = 4 * 1024 * 1024;

/// The daemon's version, if it answers.
pub(crate) async fn version() -> Option<String> {
    Some(get("/version").await?.get("Version")?.as_str()?.to_owned())
}

/// A container, by name.
pub(crate) async fn container(name: &str) -> Option<ContainerFact> {
    container_in(&get(&format!("/containers/{}/json", escape(name))).await?)
}

/// An image's id, by reference.
pub(crate) async fn image(reference: &str) -> Option<String> {
    Some(
        get(&format!("/images/{}/json", escape(reference)))
            .await?
            .get("Id")?
            .as_str()?
            .to_owned(),
    )
}

fn container_in(value: &Value) -> Option<ContainerFact> {
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let labels = value.pointer("/Config/Labels").and_then(Value::as_object);
    Some(ContainerFact {
        id: text("/Id")?,
        image: text("/Config/Image")?,
        image_id: text("/Image")?,
        state: text("/State/Status")?,
        restart: text("/HostConfig/RestartPolicy/Name").unwrap_or_default(),
        labels: labels
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
    })
}

/// A socket that systemd holds for a stopped daemon accepts too, and would start it: look at the process first.
fn runs() -> bool {
    let number = std::fs::read_to_string(PROCESS).unwrap_or_default();
    let number = number.trim();
    !number.is_empty() && std::path::Path::new("/proc").join(number).exists()
}

async fn get(path: &str) -> Option<Value> {
    if !runs() {
        return None;
    }
    let ask = async {
        let mut socket = UnixStream::connect(SOCKET).await.ok()?;
        // HTTP/1.0: the answer is not chunked and ends with the connection.
        let request = format!("GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n");
        socket.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        socket.take(MAX_ANSWER).read_to_end(&mut answer).await.ok()?;
        body_of(&answer)
    };
    let deadline = DEADLINE.mul_f64(crate::process::patience());
    tokio::time::timeout(deadline, ask).await.ok().flatten()
}

fn body_of(answer: &[u8]) -> Option<Value> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.split(' ').nth(1)?;
    (status == "200").then(|| serde_json::from_slice(&answer[end + 4..]).ok())?
}

fn escape(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@".contains(&byte);
    name.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{body_of, container_in, escape};

    #[test]
    fn only_a_whole_good_answer_counts() {
        assert!(body_of(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n{\"Version\":\"26\"}").is_some());
        assert!(body_of(b"HTTP/1.0 404 Not Found\r\n\r\n{}").is_none());
        assert!(body_of(b"HTTP/1.0 200 OK\r\n\r\n{\"cut").is_none());
        assert!(body_of(b"garbage").is_none());
    }

    #[test]
    fn names_cannot_break_out_of_the_request_line() {
        assert_eq!(
            escape("192.168.1.10:8443/echo-ip:1"),
            "192.168.1.10:8443/echo-ip:1"
        );
        assert_eq!(escape("a b\r\nx?"), "a%20b%0D%0Ax%3F");
    }

    #[test]
    fn a_container_is_read_from_what_docker_says() {
        let said = serde_json::json!({"Id": "1f", "Image": "sha256:2a", "State": {"Status": "running"},
            "Config": {"Image": "registry:2", "Labels": {"k": "v"}},
            "HostConfig": {"RestartPolicy": {"Name": "always"}}});
        let fact = container_in(&said);
        assert!(fact.is_some_and(|fact| fact.restart == "always" && fact.labels["k"] == "v"));
    }
}
