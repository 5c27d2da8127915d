//! `lab forward`: a node's port on this host's loopback, through the agent, until Ctrl-C.

use std::net::Ipv4Addr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::cli::App;
use crate::cli::seat::select;
use crate::error::{Error, Result, exit};
use crate::report::out::Out;
use crate::session::Session;
use crate::text;
use crate::transport::Endpoint;

/// Arguments of `lab forward`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to open, e.g. `m-k8s:8080`
    #[arg(value_name = "NODE:PORT", required = true)]
    targets: Vec<Target>,
    /// The port here, one for each target (default: the same one, or a free one if that is taken)
    #[arg(long, value_name = "LOCAL")]
    port: Vec<u16>,
}

/// A node's port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    node: String,
    port: u16,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("`{text}` is not NODE:PORT, as in m-k8s:8080");
        let (node, port) = text.split_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        Ok(Self {
            node: node.to_owned(),
            port,
        })
    }
}

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    if !args.port.is_empty() && args.port.len() != args.targets.len() {
        return Err(Error::usage(text!(
            "`--port`의 수가 대상의 수와 다름",
            "there must be one `--port` for each target, or none"
        )));
    }
    let seat = app.look()?;
    let mut ways = vec![];
    for (index, target) in args.targets.iter().enumerate() {
        let nodes = select(&seat.cluster, std::slice::from_ref(&target.node))?;
        let [node] = nodes.as_slice() else {
            return Err(Error::usage(text!(
                "`{0}`은(는) 노드 하나가 아님",
                "`{0}` is not one node",
                target.node
            )));
        };
        ways.push((
            seat.provider.endpoint(node)?,
            target.port,
            args.port.get(index).copied(),
        ));
    }
    app.block_on(async {
        let mut open = tokio::task::JoinSet::new();
        for (endpoint, port, local) in ways {
            let way = Way::open(endpoint, port, app.out).await?;
            let listener = listen(port, local).await?;
            announce(&way, &listener, app)?;
            open.spawn(async move { way.serve(&listener).await });
        }
        tokio::select! {
            Some(_) = open.join_next() => Err(Error::new("a listening socket broke")),
            () = app.interrupt.wait() => Ok(exit::OK),
        }
    })?
}

fn announce(way: &Way, listener: &TcpListener, app: &App) -> Result<()> {
    let here = listener
        .local_addr()
        .map_err(|error| Error::new("cannot read a socket's address").because(error))?;
    if app.json() {
        app.out.json(
            &serde_json::json!({"node": way.endpoint.node, "port": way.port, "address": here.to_string()}),
        );
    } else {
        app.out
            .line(format!("{here} → {}:{}", way.endpoint.node, way.port));
    }
    Ok(())
}

/// Only on loopback: what runs on a node is for the person at this machine.
async fn listen(port: u16, local: Option<u16>) -> Result<TcpListener> {
    let failed = |error: std::io::Error, port: u16| {
        Error::new(text!(
            "127.0.0.1:{port}을(를) 열 수 없음",
            "cannot listen on 127.0.0.1 port {port}"
        ))
        .because(error)
        .hint(text!(
            "`--port`로 다른 포트를 고르세요",
            "choose another with `--port`"
        ))
    };
    let wanted = local.unwrap_or(port);
    match TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).await {
        Err(_) if local.is_none() => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(|error| failed(error, 0)),
        opened => opened.map_err(|error| failed(error, wanted)),
    }
}

/// From this host to one port of one node.
struct Way {
    endpoint: Endpoint,
    port: u16,
    out: Out,
    session: Mutex<Session>,
}

impl Way {
    async fn open(endpoint: Endpoint, port: u16, out: Out) -> Result<Arc<Self>> {
        let session = Session::open(&endpoint, crate::transport::patient(PATIENCE)).await?;
        Ok(Arc::new(Self {
            endpoint,
            port,
            out,
            session: Mutex::new(session),
        }))
    }

    async fn serve(self: Arc<Self>, listener: &TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let way = Arc::clone(&self);
            tokio::spawn(async move {
                if let Err(error) = way.carry(stream).await {
                    way.out.error(&error);
                }
            });
        }
    }

    async fn carry(&self, stream: TcpStream) -> Result<()> {
        let session = self.live().await?;
        let _ = stream.set_nodelay(true);
        session
            .agent
            .tunnel("127.0.0.1", self.port, stream)
            .await
            .map_err(|error| {
                Error::new(text!(
                    "{0} 포트에 연결할 수 없음",
                    "the connection to port {0} failed",
                    self.port
                ))
                .because(error)
                .on(&session.node)
            })
    }

    /// The session, opened again if the node was restarted meanwhile.
    async fn live(&self) -> Result<Session> {
        let mut session = self.session.lock().await;
        if session.broken().is_some() {
            *session = Session::open(&self.endpoint, crate::transport::patient(PATIENCE)).await?;
        }
        Ok(session.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn targets_are_a_node_and_a_port() {
        assert_eq!(
            "m-k8s:8080".parse(),
            Ok(Target {
                node: "m-k8s".into(),
                port: 8080
            })
        );
        for wrong in ["m-k8s", "m-k8s:", ":", "m-k8s:0", "m-k8s:65536", "m-k8s:http"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }
}
