//! What moves bytes between the orchestrator and a node: files and tunnels.

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::client::channel::{Call, out_of_turn};
use crate::client::{Client, ClientError};
use crate::digest::hex;
use crate::wire::frame::{CHUNK, Kind};
use crate::wire::{Put, Reply, Request};

fn local(error: &std::io::Error) -> ClientError {
    ClientError::Local(error.to_string())
}

pub(super) async fn put<S: AsyncRead + Unpin>(
    client: &Client,
    path: &str,
    mode: u32,
    size: u64,
    sha256: &str,
    source: S,
) -> Result<(), ClientError> {
    let request = Put {
        path: path.into(),
        mode,
        size,
        sha256: sha256.into(),
    };
    let call = client.call(&Request::Put(request)).await?;
    let mut source = source.take(size);
    let (mut buffer, mut sent) = (vec![0; CHUNK], 0);
    while sent < size {
        let read = source.read(&mut buffer).await.map_err(|error| local(&error))?;
        if read == 0 {
            return Err(ClientError::Local(format!("ended after {sent} of {size} bytes")));
        }
        if call.stream.send(Kind::Data, &buffer[..read]).await.is_err() {
            break; // The reply says why.
        }
        sent += read as u64;
    }
    if sent == size {
        let _ = call.stream.send_end().await;
    }
    match call.reply().await? {
        Reply::Done { size: written, .. } if written == size => Ok(()),
        other => Err(out_of_turn("a written file", &other)),
    }
}

pub(super) async fn get<S: AsyncWrite + Unpin>(
    client: &Client,
    path: &str,
    mut sink: S,
) -> Result<(u64, String), ClientError> {
    let call = client.call(&Request::Get { path: path.into() }).await?;
    let (mut hash, mut received) = (Sha256::new(), 0);
    while let Some(piece) = call.stream.take().await {
        hash.update(&piece.bytes);
        received += piece.bytes.len() as u64;
        sink.write_all(&piece.bytes)
            .await
            .map_err(|error| local(&error))?;
    }
    let Reply::Done { size, sha256 } = call.reply().await? else {
        return Err(ClientError::Protocol(format!(
            "asked for `{path}`, got something else"
        )));
    };
    sink.flush().await.map_err(|error| local(&error))?;
    let ours = hex(&hash.finalize());
    if (size, &sha256) != (received, &ours) {
        return Err(ClientError::Protocol(format!(
            "`{path}` arrived damaged: {received} bytes sha256:{ours}, sent {size} bytes sha256:{sha256}"
        )));
    }
    Ok((size, sha256))
}

pub(super) async fn tunnel<S>(client: &Client, host: &str, port: u16, stream: S) -> Result<(), ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let call = client
        .call(&Request::Tunnel {
            host: host.into(),
            port,
        })
        .await?;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let up = async {
        send_all(&call, &mut reader).await?;
        std::future::pending::<Result<(), ClientError>>().await
    };
    let down = async {
        while let Some(piece) = call.stream.take().await {
            writer
                .write_all(&piece.bytes)
                .await
                .map_err(|error| local(&error))?;
            writer.flush().await.map_err(|error| local(&error))?;
        }
        writer.shutdown().await.map_err(|error| local(&error))?;
        call.reply().await
    };
    let reply = tokio::select! {
        result = up => return result,
        reply = down => reply?,
    };
    match reply {
        Reply::Done { .. } => Ok(()),
        other => Err(out_of_turn("a tunnel", &other)),
    }
}

async fn send_all<S: AsyncRead + Unpin>(call: &Call, reader: &mut S) -> Result<(), ClientError> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = reader.read(&mut buffer).await.map_err(|error| local(&error))?;
        if read == 0 {
            let _ = call.stream.send_end().await;
            return Ok(());
        }
        if call.stream.send(Kind::Data, &buffer[..read]).await.is_err() {
            return Ok(()); // The reply says why.
        }
    }
}
