//! `lab plan`.

use crate::cli::App;
use crate::error::{Result, exit};
use crate::gather::{Sessions, gather, reach};
use crate::{plan, text};

/// Arguments of `lab plan`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the verb.
pub fn run(_args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let plan = app.block_on(async {
        let mut sessions = Sessions::new();
        reach(seat.provider.as_ref(), &mut sessions).await?;
        plan::plan(
            &seat.cluster,
            &gather(&seat.cluster, &seat.paths.state, "", &sessions).await?,
        )
    })??;
    if app.json() {
        app.out.json(&plan);
        return Ok(exit::OK);
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
        app.out.say(format!(
            "{}: {} ({})",
            problem.node,
            problem.text.get(lang),
            problem.hint.get(lang)
        ));
    }
    if plan.is_empty() {
        app.out.say(text!("바꿀 것 없음", "nothing to change").get(lang));
    }
    Ok(exit::OK)
}
