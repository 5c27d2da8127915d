//! One request, one handler. What they share is the node they act on.

pub(crate) mod background;
mod engine;
mod facts;
pub(crate) mod file;
mod run;
mod trust;
mod tunnel;

use crate::stream::Stream;
use crate::wire::{Reply, Request};

/// What outlives a request.
#[derive(Default)]
pub(crate) struct Node {
    /// Background processes by name.
    pub(crate) background: background::Processes,
}

/// Carries out a request and says how it ended.
pub(crate) async fn handle(request: Request, stream: &Stream, node: &Node) -> Reply {
    let result = match request {
        Request::Run(run) => run::handle(&run, stream).await,
        other => {
            // These have nothing to undo but what their guards undo.
            let work = quiet(other, stream, node);
            tokio::select! {
                result = work => result,
                () = stream.cancelled() => Err("cancelled".into()),
            }
        }
    };
    result.unwrap_or_else(|message| Reply::Failed { message })
}

async fn quiet(request: Request, stream: &Stream, node: &Node) -> Result<Reply, String> {
    match request {
        Request::Run(run) => run::handle(&run, stream).await,
        Request::Facts(query) => Ok(Reply::Facts(Box::new(facts::read(query).await))),
        Request::Put(put) => file::put(&put, stream).await,
        Request::Get { path } => file::get(&path, stream).await,
        Request::Tunnel { host, port } => tunnel::handle(&host, port, stream).await,
        Request::Trust(trust) => trust::handle(trust).await,
        Request::Engine(action) => engine::handle(action).await,
        Request::Background(request) => node.background.handle(request).await,
    }
}
