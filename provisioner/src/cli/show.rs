//! `lab show`: an exercise as a person would type it.

use crate::cli::{App, exercise};
use crate::error::{Error, Result, exit};
use crate::lab::step::{instances, nodes};
use crate::lab::variables::{Variables, built_in};
use crate::lab::{Action, Step};
use crate::runner::classroom::FILES;
use crate::text;
use crate::text::Lang;

/// Arguments of `lab show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The exercise
    #[arg(value_name = "LAB/EXERCISE")]
    exercise: String,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    let cluster = app.cluster(&paths)?;
    let (lab, id) = exercise::split(&args.exercise);
    let lab = exercise::find(lab, &paths, Some(&cluster), app.out)?;
    let id = id.ok_or_else(|| Error::usage(text!("LAB/EXERCISE로 적으세요", "write LAB/EXERCISE")))?;
    let exercise = exercise::exercise(&lab, id)?;
    let lang = app.out.lang;
    app.out.line(format!("# {}", exercise.title.get(lang)));
    for step in &exercise.steps {
        for instance in instances(step) {
            let hosts = nodes(&step.hosts, &cluster);
            let names: Vec<&str> = hosts.iter().map(|node| node.name.as_str()).collect();
            let (name, title) = (&instance.name, step.title.get(lang));
            app.out
                .line(format!("\n## {name}: {title}\n[{}]", names.join(" ")));
            let Some(node) = hosts.first() else { continue };
            let mut variables = lab.variables.clone();
            variables.extend(built_in(&cluster, node, &lab.name, id));
            variables.extend(instance.values);
            variables.insert("files".into(), format!("{FILES}/{id}"));
            if !step.files.is_empty() {
                let exercise = &args.exercise;
                let words = text!(
                    "# 아래 파일은 `lab start {exercise}`이(가) 가져다 둡니다",
                    "# `lab start {exercise}` puts these files there"
                );
                app.out.line(format!("  {}", words.get(lang)));
            }
            for file in &step.files {
                let (path, short) = (&file.path, &file.sha256[..12]);
                app.out
                    .line(format!("  {FILES}/{id}/{path}  ← files/{path}  sha256:{short}"));
            }
            action(step, &variables, app);
        }
        for check in &step.checks {
            let claims: Vec<&str> = lab
                .claims_of(id, step, check)
                .map(|claim| claim.claim.get(lang))
                .collect();
            let claim = if claims.is_empty() {
                String::new()
            } else {
                format!("  ({})", claims.join("; "))
            };
            app.out.line(format!("  ? {}{claim}", check.title.get(lang)));
        }
    }
    Ok(exit::OK)
}

fn action(step: &Step, variables: &Variables, app: &App) {
    match &step.action {
        Action::Nothing => {}
        Action::Solve(script) => typed(script, variables)
            .lines()
            .for_each(|line| app.out.line(format!("  {line}"))),
        Action::RestartEngine => app.out.line("  systemctl restart docker"),
        Action::RestartNode => {
            let here = match app.out.lang {
                Lang::Ko => "이 컴퓨터에서",
                Lang::En => "on this host",
            };
            app.out.line(format!(
                "  lab restart {}    # {here}",
                variables.get("node").map_or("", String::as_str)
            ));
        }
    }
}

/// The script without the notes a run takes of what it will have to remove, known variables filled in. Every other line stays:
/// one that keeps something in `$state` is given a directory to keep it in.
fn typed(script: &str, variables: &Variables) -> String {
    let typed = |line: &&str| !line.contains("|| touch \"$state/");
    let mut text = script.lines().filter(typed).collect::<Vec<_>>().join("\n");
    if text.contains("$state") {
        text = format!("state=$(mktemp -d)\n{text}");
    }
    let mut names: Vec<&String> = variables.keys().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    text = text.replace(" --label \"lab.exercise=$exercise\"", "");
    for name in names {
        text = text
            .replace(&format!("${{{name}}}"), &variables[name])
            .replace(&format!("${name}"), &variables[name]);
    }
    text
}
