//! `lab trust status | rotate | renew`.

use agent::wire::Engine;
use time::OffsetDateTime;

use crate::authority_store::AuthorityStore;
use crate::cli::App;
use crate::cli::seat::Seat;
use crate::config::Cluster;
use crate::error::{Result, exit};
use crate::facts::{Observed, Seen};
use crate::gather::{Sessions, Sight, look};
use crate::text;
use crate::text::Text;
use crate::up::{Request, Up, bring_up, together};

/// Arguments of `lab trust`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum Verb {
    /// What each node's engines trust, and until when the registry's certificate is valid
    Status,
    /// Replace the authority without a pull failing
    Rotate,
    /// Replace the registry's certificate
    Renew,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    match args.verb {
        Verb::Status => status(app),
        Verb::Rotate => {
            let cluster = replace(app, "trust rotate", |store, seat| {
                store
                    .begin_rotation(&seat.cluster, OffsetDateTime::now_utc())
                    .map(drop)
            })?;
            if cluster.nodes.iter().any(|node| node.engine == Engine::Docker) {
                app.out.say(remembered().get(app.out.lang));
            }
            Ok(exit::OK)
        }
        Verb::Renew => replace(app, "trust renew", |store, seat| {
            store.forget_leaf(&seat.cluster.registry.host)
        })
        .map(|_| exit::OK),
    }
}

fn replace(app: &App, verb: &str, begin: impl Fn(&AuthorityStore, &Seat) -> Result<()>) -> Result<Cluster> {
    let seat = app.change(verb)?;
    begin(&AuthorityStore::new(&seat.paths.state), &seat)?;
    let request = Request {
        paths: &seat.paths,
        cluster: &seat.cluster,
        provider: &seat.provider,
        bundle: "",
        sink: &app.sink,
        interrupt: &app.interrupt,
    };
    let mut up = Up::default();
    app.block_on(bring_up(&request, &mut up))??;
    if let Some(gap) = up.gap {
        let seconds = gap.as_secs_f32();
        let said = text!(
            "레지스트리가 {seconds:.1}초 동안 멈춤",
            "the registry was away for {seconds:.1} s"
        );
        app.out.say(said.get(app.out.lang));
    }
    Ok(seat.cluster)
}

/// What a rotation does not reach: Docker's builder reads whom to believe once for each image, and keeps it some minutes.
fn remembered() -> Text {
    text!(
        "`docker build`는 몇 분 동안 옛 인증 기관만 믿어 x509 오류를 낼 수 있습니다: 기다리거나 `lab exec 노드 -- systemctl restart docker`",
        "for some minutes `docker build` may still believe the old authority only, and say x509: wait, or `lab exec NODE -- systemctl restart docker`"
    )
}

fn status(app: &App) -> Result<u8> {
    let seat = app.look()?;
    let mut sessions = Sessions::new();
    let looking = look(
        &seat.cluster,
        &seat.paths.state,
        "",
        seat.provider.as_ref(),
        &mut sessions,
    );
    let Sight { observed, errors } = app.block_on(looking)??;
    let mut rows = rows(&observed);
    rows.extend(external(&seat.cluster, &observed));
    if app.json() {
        app.out.json(&rows)
    } else {
        app.out.table(&rows)
    }
    together(errors, &app.sink)?;
    Ok(exit::OK)
}

fn rows(observed: &Observed) -> Vec<Vec<String>> {
    let leaf = observed.pki.leaf.as_ref();
    let until = leaf.map_or_else(
        || "-".to_owned(),
        |leaf| leaf.certificate.not_after.date().to_string(),
    );
    let mut rows = vec![
        ["NODE", "ENGINE", "REGISTRY", "STATE", "UNTIL"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (node, seen) in &observed.nodes {
        for fact in seen.known.iter().flat_map(|known| &known.trust) {
            let state = match &fact.sha256 {
                None => "missing",
                Some(sha256) if *sha256 == observed.pki.trusted => "ok",
                Some(_) => "other",
            };
            rows.push(vec![
                node.to_string(),
                fact.store.clone(),
                fact.registry.clone(),
                state.into(),
                until.clone(),
            ]);
        }
    }
    rows
}

/// The same of the external registry, and whether each node is logged in there.
fn external(cluster: &Cluster, observed: &Observed) -> Vec<Vec<String>> {
    let Some(external) = &cluster.registry.external else {
        return vec![];
    };
    let server = external.server();
    let known = |seen: &Seen| seen.known.as_ref().map(|known| known.external.clone());
    let mut rows = vec![];
    for (node, seen) in &observed.nodes {
        let Some(dealings) = known(seen) else { continue };
        let mut row = |store: &str, state: &str| {
            rows.push(
                [node.as_str(), store, &server, state, "-"]
                    .map(str::to_owned)
                    .to_vec(),
            );
        };
        for fact in dealings.trust.iter().filter(|_| external.ca_file.is_some()) {
            row(
                &fact.store,
                match &fact.sha256 {
                    None => "missing",
                    sha256 if *sha256 == observed.external.authority => "ok",
                    Some(_) => "other",
                },
            );
        }
        row("login", if dealings.logged_in { "ok" } else { "missing" });
    }
    rows
}
