//! What `lab up`, `lab run` and `lab start LAB/EXERCISE` begin with: a fit host, a complete bundle, and the cluster as
//! cluster.yaml says.

use crate::asked::Asked;
use crate::builder::{self, Extent, Options};
use crate::bundle::Bundle;
use crate::cli::seat::Seat;
use crate::cli::snapshot::FRESH;
use crate::cli::{App, EngineArgument};
use crate::config::Cluster;
use crate::doctor::{self, Needs};
use crate::engine;
use crate::error::{Error, Result, exit};
use crate::external::authority;
use crate::gather;
use crate::provider::NodeState;
use crate::provider::local::host;
use crate::text;
use crate::up::{Request, Up, bring_up};

/// A seat whose cluster is up.
pub struct Raised {
    /// The seat, locked.
    pub seat: Seat,
    /// What it took, and sessions to its nodes.
    pub up: Up,
    /// Digest of the bundle its nodes are made from.
    pub bundle: String,
}

/// Brings the cluster up for `verb`, from nothing if need be. `engine`: that of nodes that name none, from now on.
pub fn raise(app: &App, verb: &str, engine: Option<EngineArgument>) -> Result<Raised> {
    let mut seat = app.change(verb)?;
    let Some(engine) = engine else {
        return raise_seat(app, seat, None);
    };
    let asked = Asked {
        engine: Some(engine.into()),
        ..Asked::read(&seat.paths.state)?
    };
    seat.cluster = app.cluster_with(&seat.paths, asked.engine)?;
    raise_seat(app, seat, Some(&asked))
}

/// Brings a locked seat up. `asked`: what is remembered of the command line from now on, once the bundle has what it takes.
pub fn raise_seat(app: &App, mut seat: Seat, asked: Option<&Asked>) -> Result<Raised> {
    // What is wrong with files of the user is said before anything is made.
    app.block_on(readable(&seat.cluster))??;
    // Until nodes are touched Ctrl-C ends the program as any other: what builds dies with it and leaves nothing half made.
    let bundle = bundle(app, &seat)?;
    app.interrupt.arm();
    let before = Asked::read(&seat.paths.state)?;
    asked.map_or(Ok(()), |asked| asked.write(&seat.paths.state))?;
    let digest = bundle.digest.clone();
    seat.provider = app
        .provider_with(&seat.paths, &seat.cluster, Some(bundle))?
        .into();
    app.interrupt.check()?;
    let created = seat
        .provider
        .states()?
        .iter()
        .any(|(_, state)| *state == NodeState::Absent);
    let words = text!(
        "노드의 디스크와 네트워크 준비",
        "prepare the nodes' disk and network"
    );
    let shown = created.then(|| app.sink.work(None, "prepare", words));
    let prepared = seat.provider.prepare();
    match shown {
        Some(work) => work.finish(prepared)?,
        None => prepared?,
    }
    let request = Request {
        paths: &seat.paths,
        cluster: &seat.cluster,
        provider: &seat.provider,
        bundle: &digest,
        sink: &app.sink,
        interrupt: &app.interrupt,
    };
    let mut up = Up::default();
    let ended = app.block_on(bring_up(&request, &mut up))?;
    if ended.is_err() && up.changes == 0 && !created {
        keep_engine(&seat, asked, &before)?;
    }
    ended?;
    save_fresh(app, &seat, created)?;
    Ok(Raised {
        seat,
        up,
        bundle: digest,
    })
}

/// The nodes keep the engine they have, and the next `lab up` is not held to another. Anything else that was asked waits for what was
/// in its way.
fn keep_engine(seat: &Seat, asked: Option<&Asked>, before: &Asked) -> Result<()> {
    let Some(asked) = asked else { return Ok(()) };
    let kept = Asked {
        engine: before.engine,
        ..asked.clone()
    };
    kept.write(&seat.paths.state)
}

/// Whether the files of an external registry can be used.
async fn readable(cluster: &Cluster) -> Result<()> {
    gather::login(cluster).await?;
    let external = cluster.registry.external.as_ref();
    let file = external.and_then(|external| external.ca_file.as_deref());
    file.map(authority).transpose().map(drop)
}

/// What a cluster needs of the bundle.
pub fn extent(cluster: &Cluster) -> Extent {
    let kubernetes = cluster.kubernetes.as_ref();
    Extent {
        // Machines bring their own; what is installed on them is the first's.
        node_image: match cluster.provider.makes_nodes() {
            true => cluster.master().image.clone(),
            false => String::new(),
        },
        kubernetes: kubernetes.map(|kubernetes| kubernetes.version.clone()),
        engines: cluster
            .nodes
            .iter()
            .map(|node| engine::word(node.engine).to_owned())
            .collect(),
    }
}

/// Whether the nodes lab makes are all of one image.
fn alike(cluster: &Cluster) -> Result<()> {
    let image = &cluster.master().image;
    let other = cluster.workers().find(|node| node.image != *image);
    let Some(other) = other.filter(|_| cluster.provider.makes_nodes()) else {
        return Ok(());
    };
    let (name, others) = (&other.name, &other.image);
    let what = text!(
        "{name}의 이미지는 {others}, 마스터의 것은 {image}",
        "the image of {name} is {others}, that of the master {image}"
    );
    Err(Error::usage(what).hint(text!(
        "로컬 프로바이더의 노드는 모두 한 이미지로 만들어집니다: cluster.yaml에 `image`를 한 번만 쓰세요",
        "the local provider makes all nodes of one image: write `image` once in cluster.yaml"
    )))
}

/// The bundle: from the cache, or built after saying what that takes. The host is made fit for either first.
fn bundle(app: &App, seat: &Seat) -> Result<Bundle> {
    alike(&seat.cluster)?;
    let options = Options {
        offline: app.global.offline,
        extent: extent(&seat.cluster),
        ..Options::default()
    };
    let cached = builder::cached(&seat.paths, &options.extent)?;
    let building = cached.is_none() && !app.global.offline;
    let makes_nodes = seat.cluster.provider.makes_nodes();
    if !makes_nodes && !building {
        doctor::warn_of_project(&seat.paths, &app.sink);
        return cached.map_or_else(|| builder::ensure(&seat.paths, &options, &app.sink), Ok);
    }
    if !makes_nodes && !host::is_root() {
        // Whoever reaches the machines stays who they are: their keys are theirs, and so are Vagrant's machines.
        let what = text!("번들이 아직 없음", "there is no bundle yet");
        return Err(Error::new(what).exit(exit::HOST).hint(text!(
            "먼저 `lab bundle build`로 만들거나(root가 필요함) `lab bundle import 파일`로 가져오세요",
            "make it first with `lab bundle build` (it needs root), or bring it with `lab bundle import FILE`"
        )));
    }
    let room = match building {
        true => app.consent(&seat.paths, &options)?,
        false => 0,
    };
    doctor::ensure_host(&doctor::Request {
        paths: &seat.paths,
        needs: Needs {
            cluster: Some(&seat.cluster).filter(|_| makes_nodes),
            building,
            disks: false,
            room,
        },
        yes: app.global.yes,
        out: app.out,
        sink: &app.sink,
    })?;
    cached.map_or_else(|| builder::ensure(&seat.paths, &options, &app.sink), Ok)
}

/// A new cluster is saved as it is; so is one whose `lab up` was killed before it was saved.
fn save_fresh(app: &App, seat: &Seat, created: bool) -> Result<()> {
    if !seat.provider.saves() {
        return Ok(());
    }
    let saved = seat.provider.snapshots()?;
    let fresh = saved.iter().find(|snapshot| snapshot.name == FRESH);
    if let (Some(fresh), false) = (fresh, created) {
        for node in seat
            .cluster
            .nodes
            .iter()
            .filter(|node| !fresh.nodes.contains(&node.name))
        {
            // What the others have in it would be lost.
            app.sink.warn(text!(
                "{0}은(는) 새로 만들어져 스냅샷 fresh에 없음: `lab snapshot save fresh --replace`가 모두를 지금 상태로 저장합니다",
                "{0} was made anew and is not in the snapshot fresh: `lab snapshot save fresh --replace` saves all as they are now",
                node.name
            ));
        }
        return Ok(());
    }
    let work = app
        .sink
        .work(None, FRESH, text!("스냅샷 fresh 저장", "save the snapshot fresh"));
    let done = work.finish(seat.provider.save(FRESH, true));
    match done {
        // Somebody's machine may not be one that can be saved; the cluster is up all the same.
        Err(error) if !seat.cluster.provider.makes_nodes() => {
            app.sink.warn(error.told());
            Ok(())
        }
        done => done,
    }
}
