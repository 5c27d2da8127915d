//! `lab run`: carries out a lab and judges it.

use std::path::{Path, PathBuf};

use crate::authority_store::AuthorityStore;
use crate::cli::orchestrator;
use crate::cli::raise::{Raised, raise};
use crate::cli::{App, EngineArgument, exercise};
use crate::config::Cluster;
use crate::error::{Error, Result, exit};
use crate::event::What;
use crate::facts::told;
use crate::gather::{self, Sessions, look};
use crate::lab::{Exercise, Lab};
use crate::provider::local::orchestrator::machine_id;
use crate::report::cast::Casts;
use crate::report::html;
use crate::report::jsonl::Jsonl;
use crate::report::junit::Junit;
use crate::report::past;
use crate::report::redaction::Redaction;
use crate::report::run::Run;
use crate::runner::classroom::Classroom;
use crate::runner::{Runner, Tally};
use crate::text;
use crate::up::together;

/// Arguments of `lab run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lab, or one exercise of it as LAB/EXERCISE
    #[arg(value_name = "LAB[/EXERCISE]")]
    lab: String,
    /// Begin with this exercise
    #[arg(long, value_name = "EXERCISE")]
    from: Option<String>,
    /// Only these exercises
    #[arg(long, value_name = "EXERCISE", value_delimiter = ',')]
    only: Vec<String>,
    /// Print what would run; touch nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on after an exercise that did not pass
    #[arg(long)]
    keep_going: bool,
    /// Record what each step's terminal shows, as asciicast files beside the report
    #[arg(long)]
    record: bool,
    /// The engine of nodes that name none in cluster.yaml; remembered until another is given
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineArgument>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    let cluster = app.cluster_with(&paths, args.engine.map(Into::into))?;
    let lab = exercise::find(exercise::split(&args.lab).0, &paths, Some(&cluster), app.out)?;
    let chosen = choose(args, &lab)?;
    if args.dry_run {
        for exercise in &chosen {
            app.out.line(format!(
                "{}/{}  {}",
                lab.name,
                exercise.id,
                exercise.title.get(app.out.lang)
            ));
            for step in &exercise.steps {
                for instance in crate::lab::step::instances(step) {
                    let nodes = crate::lab::step::nodes(&step.hosts, &cluster);
                    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
                    app.out.line(format!("  {}  {}", instance.name, names.join(" ")));
                }
            }
        }
        return Ok(exit::OK);
    }
    let Raised { seat, bundle, .. } = raise(app, "run", args.engine)?;
    let directory = report_directory(&paths.reports)?;
    app.sink
        .add(Box::new(Jsonl::create(&directory.join("events.jsonl"))?));
    app.sink.add(Box::new(Junit::new(directory.join("junit.xml"))));
    let outline = lab.outline();
    app.sink.send(None, What::LabRead { outline });
    let tally = app.block_on(async {
        let (provider, state) = (seat.provider.as_ref(), &seat.paths.state);
        let mut sessions = Sessions::new();
        let sight = look(&seat.cluster, state, &bundle, provider, &mut sessions).await?;
        together(sight.errors, &app.sink)?;
        let reached = sessions
            .iter()
            .map(|(node, session)| (node.clone(), session.agent.clone()));
        let clients = reached.collect();
        let now = exercise::circumstances(app, &seat, &chosen, &clients).await?;
        let from = (provider.name(), now.online);
        let cluster = told(&seat.cluster, &sight.observed, from, &machine_id());
        app.sink.send(None, What::ClusterSeen { cluster });
        let mut classroom = Classroom::new(&seat.cluster, Some(seat.provider.as_ref()), now, clients);
        classroom.redaction = Redaction::new(&AuthorityStore::new(state).secrets()?);
        if let Some(login) = gather::login(&seat.cluster).await? {
            classroom.redaction = classroom.redaction.and(&login.secrets());
        }
        if args.record {
            let redaction = classroom.redaction.clone();
            classroom.casts = Some(Casts::create(&directory, app.out.lang, redaction)?);
        }
        Ok::<_, Error>(
            Runner::new(&lab, &classroom, &app.sink, &app.interrupt, args.keep_going)
                .run(&chosen)
                .await,
        )
    })??;
    let code = judge(&tally, (&lab, &chosen, &cluster), &directory, app);
    match orchestrator::from_the_host(&paths, seat.provider.as_ref(), &seat.cluster) {
        Ok(lines) => lines.into_iter().for_each(|line| app.sink.note(line)),
        Err(error) => app.sink.warn(error.told()),
    }
    app.interrupt
        .check()
        .map_err(|error| match going_on(args, &tally) {
            Some(command) => error.hint(text!(
                "`{command}`이(가) 이어서 합니다",
                "`{command}` goes on from here"
            )),
            None => error,
        })?;
    Ok(code)
}

/// The command that goes on where the run was interrupted.
fn going_on(args: &Args, tally: &Tally) -> Option<String> {
    let from = tally.interrupted.as_ref()?;
    let only = match args.only.is_empty() {
        true => String::new(),
        false => format!(" --only {}", args.only.join(",")),
    };
    let one = exercise::split(&args.lab).1.is_some();
    let from = if one {
        String::new()
    } else {
        format!(" --from {from}")
    };
    let record = if args.record { " --record" } else { "" };
    Some(format!("lab run {}{only}{from}{record}", args.lab))
}

fn choose<'lab>(args: &Args, lab: &'lab Lab) -> Result<Vec<&'lab Exercise>> {
    let mut wanted: Vec<&str> = args.only.iter().map(String::as_str).collect();
    wanted.extend(exercise::split(&args.lab).1);
    for id in wanted.iter().copied().chain(args.from.as_deref()) {
        exercise::exercise(lab, id)?;
    }
    let first = |exercise: &&Exercise| args.from.as_ref().is_none_or(|from| exercise.id == *from);
    let start = lab.exercises.iter().position(|one| first(&one)).unwrap_or(0);
    Ok(lab.exercises[start..]
        .iter()
        .filter(|one| wanted.is_empty() || wanted.contains(&one.id.as_str()))
        .collect())
}

/// Says what the run came to, writes summary.txt, and gives the exit code.
fn judge(
    tally: &Tally,
    (lab, chosen, cluster): (&Lab, &[&Exercise], &Cluster),
    directory: &Path,
    app: &App,
) -> u8 {
    let objections = tally.objections(lab, chosen, cluster);
    let counts = tally.counts;
    let mut summary = format!(
        "{}: {} passed, {} failed, {} errored, {} skipped, {} blocked\n",
        lab.name, counts.passed, counts.failed, counts.errored, counts.skipped, counts.blocked
    );
    for objection in &objections {
        summary += &format!("{}\n", objection.get(app.out.lang));
        app.sink.warn(objection.clone());
    }
    if let Err(error) = std::fs::write(directory.join("summary.txt"), summary) {
        app.sink.warn(text!(
            "summary.txt를 쓰지 못함: {error}",
            "cannot write summary.txt: {error}"
        ));
    }
    let written = past::read(directory).and_then(|past| {
        let counts = Run::of(&past.events).verdict_counts();
        counts.into_iter().for_each(|counts| app.sink.note(counts));
        html::write(&past, app.out.lang, None)
    });
    match written {
        Ok(page) => {
            let shown = page.display();
            app.sink.note(text!("보고서: {shown}", "report: {shown}"));
        }
        Err(error) => app.sink.warn(error.told()),
    }
    if objections.is_empty() {
        exit::OK
    } else {
        exit::LAB
    }
}

/// A new directory named by the time, with `latest` beside it leading there.
fn report_directory(reports: &Path) -> Result<PathBuf> {
    let time: String = crate::event::now().replace(':', "-");
    let directory = reports.join(&time);
    let failed =
        |error: std::io::Error| Error::new(format!("cannot make {}", directory.display())).because(error);
    std::fs::create_dir_all(&directory).map_err(failed)?;
    #[cfg(unix)]
    {
        let (latest, beside) = (reports.join("latest"), reports.join(".latest"));
        let _ = std::fs::remove_file(&beside);
        std::os::unix::fs::symlink(&time, &beside)
            .and_then(|()| std::fs::rename(&beside, &latest))
            .map_err(failed)?;
    }
    Ok(directory)
}
