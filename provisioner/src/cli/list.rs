//! `lab list`.

use crate::cli::{App, exercise};
use crate::error::{Result, exit};

/// Arguments of `lab list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Labs (default: all)
    labs: Vec<String>,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    let names = if args.labs.is_empty() {
        exercise::names(&paths)
    } else {
        args.labs.clone()
    };
    let mut rows = vec![];
    let mut data = vec![];
    for name in names {
        let lab = exercise::find(&name, &paths, None, app.out)?;
        rows.push(vec![name.clone(), lab.title.get(app.out.lang).to_owned()]);
        for exercise in &lab.exercises {
            let title = exercise.title.get(app.out.lang).to_owned();
            rows.push(vec![format!("{name}/{}", exercise.id), title]);
            data.push(serde_json::json!({
                "lab": name, "exercise": exercise.id, "section": exercise.section, "title": exercise.title,
            }));
        }
    }
    if app.json() {
        app.out.json(&data);
    } else {
        app.out.table(&rows);
    }
    Ok(exit::OK)
}
