//! Connects to an address as the node sees it and moves bytes both ways.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stream::Stream;
use crate::wire::Reply;
use crate::wire::frame::{CHUNK, Kind};

const CONNECT: Duration = Duration::from_secs(10);

/// Moves bytes until both sides ended.
pub(super) async fn handle(host: &str, port: u16, stream: &Stream) -> Result<Reply, String> {
    let problem = |why: String| format!("cannot connect to {host}:{port}: {why}");
    let address = SocketAddr::new(resolve(host).await.map_err(problem)?, port);
    let connected = tokio::time::timeout(
        CONNECT.mul_f64(crate::process::patience()),
        TcpStream::connect(address),
    )
    .await;
    let mut socket = match connected {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Err(problem(error.to_string())),
        Err(_) => return Err(problem("no answer in time".into())),
    };
    // Interactive traffic must not wait for more of it.
    drop(socket.set_nodelay(true));
    let (mut reader, mut writer) = socket.split();
    let up = async {
        while let Some(piece) = stream.take().await {
            writer
                .write_all(&piece.bytes)
                .await
                .map_err(|error| error.to_string())?;
        }
        writer.shutdown().await.or_else(|error| match error.kind() {
            std::io::ErrorKind::NotConnected => Ok(()),
            _ => Err(error.to_string()),
        })
    };
    let down = async {
        let (mut buffer, mut size) = (vec![0; CHUNK], 0);
        loop {
            let read = reader
                .read(&mut buffer)
                .await
                .map_err(|error| error.to_string())?;
            if read == 0 {
                break;
            }
            size += read as u64;
            stream
                .send(Kind::Stdout, &buffer[..read])
                .await
                .map_err(|closed| closed.to_string())?;
        }
        stream.send_end().await.map_err(|closed| closed.to_string())?;
        Ok(size)
    };
    let ((), size) = tokio::try_join!(up, down).map_err(|why| format!("{host}:{port}: {why}"))?;
    Ok(Reply::Done {
        size,
        sha256: String::new(),
    })
}

/// An address as it is, else from /etc/hosts, else from `getent`: a static program has no name service switch.
async fn resolve(host: &str) -> Result<IpAddr, String> {
    if let Ok(address) = host.parse() {
        return Ok(address);
    }
    let hosts = tokio::fs::read_to_string("/etc/hosts").await.unwrap_or_default();
    if let Some(address) = in_hosts(&hosts, host) {
        return Ok(address);
    }
    let output = crate::engine_table::output(&["getent", "ahosts", "--", host], CONNECT).await?;
    let first = output
        .split_whitespace()
        .next()
        .and_then(|word| word.parse().ok());
    first.ok_or_else(|| "no address known for that name".into())
}

fn in_hosts(hosts: &str, name: &str) -> Option<IpAddr> {
    let found = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words
            .any(|word| word.eq_ignore_ascii_case(name))
            .then_some(address)
    };
    let all: Vec<IpAddr> = hosts.lines().filter_map(found).collect();
    all.iter()
        .find(|address| address.is_ipv4())
        .or(all.first())
        .copied()
}

#[cfg(test)]
mod tests {
    use super::in_hosts;

    #[test]
    fn hosts_file_is_read_like_the_resolver_does() {
        let hosts = "::1 localhost\n127.0.0.1 localhost # m-k8s\n192.168.1.10\tm-k8s M2\n";
        assert_eq!(in_hosts(hosts, "localhost"), "127.0.0.1".parse().ok());
        assert_eq!(in_hosts(hosts, "m2"), "192.168.1.10".parse().ok());
        assert_eq!(in_hosts(hosts, "w1"), None);
    }
}
