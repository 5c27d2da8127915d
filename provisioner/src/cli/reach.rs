//! Waiting for nodes that were started, restarted or put back: until their agents answer and Kubernetes is ready.

use std::time::Duration;

use time::OffsetDateTime;

use crate::apply::readiness::{self, Wanted};
use crate::cli::App;
use crate::cli::seat::Seat;
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::plan::egress::to_open;
use crate::provider::NodeState;
use crate::session::Session;
use crate::text;
use crate::transport::{Endpoint, patient};

impl Seat {
    /// Opens the nodes' way out where that is to be open and is not: who held it may be gone, as after a reboot of this host.
    fn open_way_out(&self, app: &App) -> Result<()> {
        let way = self.provider.way_out()?;
        match way.and_then(|way| to_open(&self.cluster, &way)) {
            None => Ok(()),
            Some(words) => {
                let shown = app.sink.work(None, "egress", words);
                shown.finish(self.provider.let_out(true))
            }
        }
    }

    /// Waits until each node's agent answers, and Kubernetes is ready where there is any; opens the way out. `since`: when this
    /// command began, before it started any of them.
    pub fn wait_until_reached(&self, app: &App, nodes: &[NodeName], since: OffsetDateTime) -> Result<()> {
        self.open_way_out(app)?;
        let words = text!("응답을 기다림", "wait until it answers");
        let patience = patient(Duration::from_secs(60));
        let endpoints = nodes
            .iter()
            .map(|node| self.provider.endpoint(node))
            .collect::<Result<Vec<_>>>()?;
        app.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for endpoint in endpoints {
                let shown = app.sink.work(Some(&endpoint.node), "reach", words.clone());
                let reached = reach(endpoint, patience, since, self.provider.resumes());
                tasks.spawn(async move { shown.finish(reached.await) });
            }
            let mut all = vec![];
            while let Some(ended) = tasks.join_next().await {
                all.push(ended.unwrap_or_else(|error| Err(Error::new("cannot reach a node").because(error))));
            }
            let booted = all.into_iter().filter_map(Result::transpose);
            let booted = booted.collect::<Result<Vec<NodeName>>>()?;
            self.wait_until_ready(app, (booted, since)).await
        })?
    }

    /// Where there is Kubernetes, waits until all nodes that run are ready and its own pods run.
    async fn wait_until_ready(&self, app: &App, restarted: (Vec<NodeName>, OffsetDateTime)) -> Result<()> {
        let master = self.cluster.master();
        let states = self.provider.states()?;
        let up: Vec<NodeName> = states
            .into_iter()
            .filter(|(_, state)| *state == NodeState::Up)
            .map(|(node, _)| node)
            .collect();
        if self.cluster.kubernetes.is_none() || !up.contains(&master.name) {
            return Ok(());
        }
        let words = text!("쿠버네티스가 준비되기를 기다림", "wait until Kubernetes is ready");
        let shown = app.sink.work(Some(&master.name), "kubernetes-ready", words);
        let patience = patient(Duration::from_secs(10));
        let wanted = Wanted {
            nodes: up,
            restarted: Some(restarted),
        };
        let waiting = async {
            let session = Session::open(&self.provider.endpoint(&master.name)?, patience).await?;
            let ended = readiness::ready_again(&session, master, &wanted).await;
            session.close().await;
            ended
        };
        shown.finish(waiting.await)
    }
}

/// Waits until a node's agent answers. The node, if it was booted since then; one that runs on is told the time.
async fn reach(
    endpoint: Endpoint,
    patience: Duration,
    since: OffsetDateTime,
    resumes: bool,
) -> Result<Option<NodeName>> {
    let session = Session::open(&endpoint, patience).await?;
    let booted = readiness::booted(&session, since).await?;
    if !booted && resumes {
        readiness::set_clock(&session).await?;
    }
    session.close().await;
    Ok(booted.then_some(endpoint.node))
}
