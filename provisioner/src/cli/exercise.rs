//! What the verbs on exercises share: finding a lab, reaching its classroom, setting an exercise up.

mod files;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cli::App;
use crate::cli::seat::Seat;
use crate::cluster::{Standing, WayOut};
use crate::config::{Cluster, ProviderKind};
use crate::error::{Error, Result, exit};
use crate::lab::embedded;
use crate::lab::files::Files;
use crate::lab::load::load;
use crate::lab::step::Circumstances;
use crate::lab::{Exercise, Lab};
use crate::node::NodeName;
use crate::paths::Paths;
use crate::provider::Provider;
use crate::report::out::Out;
use crate::runner::Runner;
use crate::runner::classroom::Classroom;
use crate::session::Session;
use crate::text;
use crate::transport::patient;

/// Where `docker search` looks.
const HUB: &str = "https://index.docker.io/v1/";

/// The names of all labs: the project's own and those the program carries.
pub fn names(paths: &Paths) -> Vec<String> {
    let mut names: Vec<String> = embedded::names().map(str::to_owned).collect();
    for entry in std::fs::read_dir(paths.project.join("labs"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().join("lab.yaml").is_file() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort();
    names
}

/// The lab of this name. All its problems are printed before the error.
pub fn find(name: &str, paths: &Paths, cluster: Option<&Cluster>, out: Out) -> Result<Lab> {
    let files = files_of(name, paths)?;
    load(name, &files, cluster).map_err(|problems| {
        out.problems(&problems);
        let count = problems.len();
        Error::usage(text!("{name}: 문제 {count}개", "{name}: {count} problem(s)"))
    })
}

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

fn files_of(name: &str, paths: &Paths) -> Result<Files> {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
    let directory = paths.project.join("labs").join(name);
    if plain && directory.join("lab.yaml").is_file() {
        return files::read(&directory);
    }
    embedded::files(name).ok_or_else(|| {
        let known = names(paths);
        Error::usage(text!("`{name}`라는 lab이 없음", "there is no lab `{name}`")).hint(
            crate::config::suggest::hint(name, known.iter().map(String::as_str)),
        )
    })
}

/// Reaches every node of the cluster, all at once.
pub async fn reach(
    cluster: &Cluster,
    provider: &dyn Provider,
) -> Result<BTreeMap<NodeName, agent::client::Client>> {
    let mut tasks = tokio::task::JoinSet::new();
    for node in &cluster.nodes {
        let endpoint = provider.endpoint(&node.name)?;
        tasks.spawn(async move { Session::open(&endpoint, patient(Duration::from_secs(60))).await });
    }
    let mut clients = BTreeMap::new();
    while let Some(ended) = tasks.join_next().await {
        let session = ended.map_err(|error| Error::new("cannot reach a node").because(error))??;
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
    clients: &BTreeMap<NodeName, agent::client::Client>,
) -> Result<Circumstances> {
    let provider = match seat.provider.name() {
        "vagrant" => ProviderKind::Vagrant,
        "inventory" => ProviderKind::Inventory,
        _ => ProviderKind::Local,
    };
    let mut steps = exercises.iter().flat_map(|exercise| &exercise.steps);
    let matters = steps.any(|step| step.when.online.is_some());
    let closed = |way: WayOut| way.standing == Standing::Closed;
    let possible = matters && !app.global.offline && !seat.provider.way_out()?.is_some_and(closed);
    Ok(Circumstances {
        provider,
        online: possible && online(clients).await,
    })
}

/// Whether every node gets an answer from Docker Hub, whatever it is. All are asked at once and have two seconds.
async fn online(clients: &BTreeMap<NodeName, agent::client::Client>) -> bool {
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
    let seat = crate::cli::raise::raise(app, "start")?.seat;
    let (lab, id) = split(name);
    let lab = find(lab, &seat.paths, Some(&seat.cluster), app.out)?;
    let exercise = exercise(&lab, id.unwrap_or_default())?;
    let tally = app.block_on(async {
        let clients = reach(&seat.cluster, seat.provider.as_ref()).await?;
        let now = circumstances(app, &seat, &[exercise], &clients).await?;
        let classroom = Classroom::new(&seat.cluster, Some(seat.provider.as_ref()), now, clients);
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
