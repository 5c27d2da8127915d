//! `lab plan`.

use crate::cli::{App, EngineArgument};
use crate::error::{Result, exit};
use crate::gather::{Sessions, Sight, look};
use crate::plan::Plan;
use crate::up::together;
use crate::{plan, text};

/// Arguments of `lab plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// With another engine for nodes that name none in cluster.yaml, as `lab up --engine` would set them up
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineArgument>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let mut seat = app.look()?;
    if args.engine.is_some() {
        seat.cluster = app.cluster_with(&seat.paths, args.engine.map(Into::into))?;
    }
    let mut sessions = Sessions::new();
    let looking = look(
        &seat.cluster,
        &seat.paths.state,
        "",
        seat.provider.as_ref(),
        &mut sessions,
    );
    let Sight { observed, errors } = app.block_on(looking)??;
    let plan = plan::plan(&seat.cluster, &observed)?;
    show(app, &plan, errors.is_empty());
    together(errors, &app.sink)?;
    Ok(exit::OK)
}

/// `complete`: whether every node that runs was seen.
fn show(app: &App, plan: &Plan, complete: bool) {
    if app.json() {
        app.out.json(plan);
        return;
    }
    let lang = app.out.lang;
    let rows: Vec<Vec<String>> = plan
        .changes
        .iter()
        .map(|change| {
            let node = change
                .node
                .as_ref()
                .map_or_else(|| "-".to_owned(), ToString::to_string);
            vec![
                node,
                change.text.get(lang).to_owned(),
                change.why.get(lang).to_owned(),
            ]
        })
        .collect();
    app.out.table(&rows);
    for problem in &plan.problems {
        let place = problem.node.as_ref().map(|node| format!("{node}: "));
        app.out.say(format!(
            "{}{} ({})",
            place.unwrap_or_default(),
            problem.text.get(lang),
            problem.hint.get(lang)
        ));
    }
    if plan.is_empty() && complete {
        app.out.say(text!("바꿀 것 없음", "nothing to change").get(lang));
    }
}
