//! Asks the Docker daemon over its socket, without Docker's client (a tenth of a second per question).
//!
//! A daemon that is absent or stopped has no containers. One that runs and does not answer is [`Silent`]: nothing is known of it.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::wire::ContainerFact;

/// Where the daemon listens.
pub(crate) const SOCKET: &str = "/var/run/docker.sock";
const PROCESS: &str = "/var/run/docker.pid";
const DEADLINE: Duration = Duration::from_secs(10);
const MAX_ANSWER: u64 = 4 * 1024 * 1024;

/// The daemon runs, and does not answer within its time, or not to what was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Silent;

/// The daemon's version, if it answers.
pub(crate) async fn version() -> Option<String> {
    let said = get("/version").await.ok()??;
    Some(said.get("Version")?.as_str()?.to_owned())
}

/// A container, by name; `None` where there is none.
pub(crate) async fn container(name: &str) -> Result<Option<ContainerFact>, Silent> {
    match get(&format!("/containers/{}/json", escape(name))).await? {
        Some(said) => container_in(&said).map(Some).ok_or(Silent),
        None => Ok(None),
    }
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

/// What a path holds; `None` where it holds nothing, or no daemon runs.
async fn get(path: &str) -> Result<Option<Value>, Silent> {
    if !runs() {
        return Ok(None);
    }
    let ask = async {
        let mut socket = UnixStream::connect(SOCKET).await?;
        // HTTP/1.0: the answer is not chunked and ends with the connection.
        let request = format!("GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n");
        socket.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        socket.take(MAX_ANSWER).read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let deadline = DEADLINE.mul_f64(crate::process::patience());
    match tokio::time::timeout(deadline, ask).await {
        Ok(Ok(answer)) => body_of(&answer),
        _ => Err(Silent),
    }
}

fn body_of(answer: &[u8]) -> Result<Option<Value>, Silent> {
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or(Silent)?;
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| Silent)?;
    match head.split(' ').nth(1) {
        Some("200") => serde_json::from_slice(&answer[end + 4..])
            .map(Some)
            .map_err(|_| Silent),
        Some("404") => Ok(None),
        _ => Err(Silent),
    }
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
    use super::{Silent, body_of, container_in, escape};

    #[test]
    fn what_is_not_there_is_an_answer_and_everything_else_but_a_whole_good_one_is_none() {
        assert!(
            body_of(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n{\"Version\":\"26\"}").is_ok_and(|said| said.is_some())
        );
        assert_eq!(body_of(b"HTTP/1.0 404 Not Found\r\n\r\n{}"), Ok(None));
        for not in [
            &b"HTTP/1.0 500 Internal Server Error\r\n\r\n{}"[..],
            b"HTTP/1.0 200 OK\r\n\r\n{\"cut",
            b"garbage",
            b"",
        ] {
            assert_eq!(body_of(not), Err(Silent));
        }
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
