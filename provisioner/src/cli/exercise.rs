//! What the verbs on exercises share: finding a lab and what is named of it, reaching its classroom, setting an exercise up.

mod files;
mod find;

use std::collections::BTreeMap;

use agent::client::Client;

use crate::cli::App;
use crate::cli::orchestrator::on_our_kernel;
use crate::cli::seat::Seat;
use crate::cluster::{Standing, WayOut};
use crate::config::{Cluster, ProviderKind};
use crate::error::{Error, Result, exit};
use crate::gather::{self, Sessions};
use crate::lab::step::{Circumstances, Known};
use crate::lab::{Action, Exercise, Lab, Step};
use crate::node::NodeName;
use crate::paths::Paths;
use crate::provider::Provider;
use crate::registry_product::row;
use crate::runner::Runner;
use crate::runner::classroom::Classroom;
use crate::text;

pub use find::{find, names, own, told};

/// Where `docker search` looks.
const HUB: &str = "https://index.docker.io/v1/";

/// `LAB/EXERCISE` apart; the exercise may be absent.
pub fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('/')
        .map_or((name, None), |(lab, exercise)| (lab, Some(exercise)))
}

/// The exercise of a lab.
pub fn exercise<'lab>(lab: &'lab Lab, id: &str) -> Result<&'lab Exercise> {
    lab.exercise(id).ok_or_else(|| {
        let known = lab.exercises.iter().map(|exercise| exercise.id.as_str());
        Error::usage(text!(
            "{}에 실습 `{id}`이(가) 없음",
            "{} has no exercise `{id}`",
            lab.name
        ))
        .hint(crate::config::suggest::hint(id, known))
    })
}

/// The step of an exercise.
fn step<'lab>(exercise: &'lab Exercise, id: &str) -> Result<&'lab Step> {
    let mut steps = exercise.steps.iter();
    steps.find(|step| step.id == id).ok_or_else(|| {
        let known = exercise.steps.iter().map(|step| step.id.as_str());
        Error::usage(text!(
            "{}에 단계 `{id}`이(가) 없음",
            "{} has no step `{id}`",
            exercise.id
        ))
        .hint(crate::config::suggest::hint(id, known))
    })
}

/// What the verbs on one exercise are given.
#[derive(Debug, clap::Args)]
pub struct Named {
    /// The exercise
    #[arg(value_name = "LAB/EXERCISE")]
    pub exercise: String,
    /// Only this step
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
}

/// One exercise of a lab, opened, and the step of it that is meant.
#[derive(Debug)]
pub struct One {
    /// The whole lab.
    pub lab: Lab,
    id: String,
    step: Option<String>,
}

impl One {
    /// The exercise `LAB/EXERCISE`, and a step of it. Errors name what there is instead.
    pub fn open(app: &App, seat: (&Paths, &Cluster), name: &str, step: Option<&str>) -> Result<Self> {
        let (lab, Some(id)) = split(name) else {
            return Err(Error::usage(text!(
                "LAB/EXERCISE로 적으세요",
                "write LAB/EXERCISE"
            )));
        };
        let one = Self {
            lab: find(lab, seat.0, Some(seat.1), app.out)?,
            id: id.to_owned(),
            step: step.map(str::to_owned),
        };
        one.exercise()?;
        one.step()?;
        Ok(one)
    }

    /// The exercise.
    pub fn exercise(&self) -> Result<&Exercise> {
        exercise(&self.lab, &self.id)
    }

    /// The step that is meant, if one is.
    pub fn step(&self) -> Result<Option<&Step>> {
        let named = self.step.as_deref();
        named.map(|id| step(self.exercise()?, id)).transpose()
    }
}

/// Where exercises take place: every node reached, for conditions of the steps of `exercises`.
pub async fn classroom<'seat>(
    app: &App,
    seat: &'seat Seat,
    exercises: &[&Exercise],
) -> Result<Classroom<'seat>> {
    let clients = reach(&seat.cluster, seat.provider.as_ref()).await?;
    let now = circumstances(app, seat, exercises, &clients).await?;
    Ok(Classroom::new(
        &seat.cluster,
        Some(seat.provider.as_ref()),
        now,
        clients,
    ))
}

/// Reaches every node of the cluster, all at once.
pub async fn reach(cluster: &Cluster, provider: &dyn Provider) -> Result<BTreeMap<NodeName, Client>> {
    let mut sessions = Sessions::new();
    let errors = gather::reach(provider, &mut sessions).await?;
    if let Some(error) = errors.into_iter().next() {
        return Err(error);
    }
    let mut clients = BTreeMap::new();
    for node in &cluster.nodes {
        let Some(session) = sessions.remove(&node.name) else {
            // It does not run, and the provider says what to do about that.
            provider.endpoint(&node.name)?;
            return Err(Error::new(text!("닿지 않는 노드", "the node is not reached")).on(&node.name));
        };
        clients.insert(session.node, session.agent);
    }
    Ok(clients)
}

/// What steps' conditions are judged by. The nodes are asked whether they reach Docker Hub only where a step of `exercises` wants
/// to know, and not where there is no way out.
pub async fn circumstances(
    app: &App,
    seat: &Seat,
    exercises: &[&Exercise],
    clients: &BTreeMap<NodeName, Client>,
) -> Result<Circumstances> {
    let provider = match seat.provider.name() {
        "vagrant" => ProviderKind::Vagrant,
        "inventory" => ProviderKind::Inventory,
        _ => ProviderKind::Local,
    };
    let restarts = |step: &Step| step.action == Action::RestartNode;
    let steps = || exercises.iter().flat_map(|exercise| &exercise.steps);
    let matters = steps().any(|step| step.when.online.is_some());
    let closed = |way: WayOut| way.standing == Standing::Closed;
    let possible = matters && !app.global.offline && !seat.provider.way_out()?.is_some_and(closed);
    Ok(Circumstances {
        provider,
        online: possible && online(clients).await,
        external: match steps().any(|step| step.when.registry.is_some()) {
            true => external(&seat.cluster, clients).await?,
            false => None,
        },
        on_our_kernel: match !seat.provider.stops() && steps().any(restarts) {
            true => on_our_kernel(clients).await,
            false => vec![],
        },
    })
}

/// What the external registry is, asked from a node where cluster.yaml does not say it.
async fn external(cluster: &Cluster, clients: &BTreeMap<NodeName, Client>) -> Result<Option<Known>> {
    let asker = cluster.nodes.iter().find_map(|node| clients.get(&node.name));
    let Some((external, asker)) = cluster.registry.external.as_ref().zip(asker) else {
        return Ok(None);
    };
    let login = crate::external::login::read(external).await?;
    let product = match external.product {
        Some(product) => product,
        None => {
            let looked = crate::external::look(external, &login, asker).await?;
            let standing = looked.map_err(|trouble| Error::new(trouble.text).hint(trouble.hint));
            standing?.product
        }
    };
    Ok(Some(Known {
        product,
        interface: row(product).lets_in(&login.user),
    }))
}

/// Whether every node gets an answer from Docker Hub, whatever it is. All are asked at once and have two seconds.
async fn online(clients: &BTreeMap<NodeName, Client>) -> bool {
    let mut asking = tokio::task::JoinSet::new();
    for client in clients.values() {
        let client = client.clone();
        let probe = [
            "curl",
            "--silent",
            "--output",
            "/dev/null",
            "--max-time",
            "2",
            HUB,
        ];
        let run = agent::wire::Run {
            argv: probe.map(str::to_owned).to_vec(),
            deadline_ms: Some(3000),
            cap: Some(1024),
            ..Default::default()
        };
        asking.spawn(async move { client.run(run).await });
    }
    let answers = asking.join_all().await;
    let mut reached = answers
        .into_iter()
        .map(|answer| answer.is_ok_and(|ended| ended.exited.how == agent::wire::How::Code(0)));
    !clients.is_empty() && reached.all(|one| one)
}

/// `lab start LAB/EXERCISE`: sets up what the exercise needs, and leaves the exercise itself to the person.
pub fn start(name: &str, app: &App) -> Result<u8> {
    let seat = crate::cli::raise::raise(app, "start", None)?.seat;
    let (lab, id) = split(name);
    let lab = find(lab, &seat.paths, Some(&seat.cluster), app.out)?;
    let exercise = exercise(&lab, id.unwrap_or_default())?;
    let tally = app.block_on(async {
        let classroom = classroom(app, &seat, &[exercise]).await?;
        Ok::<_, Error>(
            Runner::new(&lab, &classroom, &app.sink, &app.interrupt, false)
                .set_up(exercise)
                .await,
        )
    })??;
    let ready = tally.counts.failed + tally.counts.errored + tally.counts.blocked == 0;
    if ready {
        app.sink.note(text!(
            "준비됨. 할 일은 `lab show {name}`, 확인은 `lab check {name}`",
            "ready. `lab show {name}` says what to type, `lab check {name}` checks it"
        ));
    }
    Ok(if ready { exit::OK } else { exit::LAB })
}
