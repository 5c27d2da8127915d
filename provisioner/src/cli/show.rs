//! `lab show`: an exercise as a person would type it.

use crate::cli::exercise::One;
use crate::cli::{App, orchestrator};
use crate::config::{Cluster, Node};
use crate::error::{Result, exit};
use crate::lab::step::{instances, nodes};
use crate::lab::variables::{Variables, built_in};
use crate::lab::{Action, Exercise, Lab, Step};
use crate::runner::classroom::{FILES, STATE};
use crate::runner::progress::Sight;
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
    let opened = One::open(app, (&paths, &cluster), &args.exercise, None)?;
    let (lab, exercise) = (&opened.lab, opened.exercise()?);
    let id = exercise.id.as_str();
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
            let variables = known(lab, exercise, node, &cluster, instance.values);
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
            let action = action(step, &variables, lang);
            action.lines().for_each(|line| app.out.line(format!("  {line}")));
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
    // A machine that is not up has no address to be told.
    let provider = app.provider(&paths, &cluster)?;
    let lines = orchestrator::from_the_host(&paths, provider.as_ref(), &cluster).unwrap_or_default();
    for line in lines {
        app.out.line(format!("\n# {}", line.get(lang)));
    }
    Ok(exit::OK)
}

/// The variables whose values are known before anything runs on `node`.
fn known(lab: &Lab, exercise: &Exercise, node: &Node, cluster: &Cluster, values: Variables) -> Variables {
    let mut variables = lab.variables.clone();
    variables.extend(built_in(cluster, node, &lab.name, &exercise.id));
    variables.extend(values);
    variables.insert("files".into(), format!("{FILES}/{}", exercise.id));
    variables.insert(KEPT.into(), format!("{STATE}/{}", exercise.id));
    variables
}

/// What a person types for a step, known variables filled in.
fn action(step: &Step, variables: &Variables, lang: Lang) -> String {
    match &step.action {
        Action::Nothing => String::new(),
        Action::Solve(script) => typed(script, variables),
        Action::RestartEngine => "systemctl restart docker".into(),
        Action::RestartNode => {
            let here = match lang {
                Lang::Ko => "이 컴퓨터에서",
                Lang::En => "on this host",
            };
            let node = variables.get("node").map_or("", String::as_str);
            format!("lab restart {node}    # {here}")
        }
    }
}

/// What a person types for the instance of a step that a sight is of, on the first node it is for.
pub(super) fn answer(
    lab: &Lab,
    exercise: &Exercise,
    step: &Step,
    sight: &Sight,
    cluster: &Cluster,
    lang: Lang,
) -> String {
    let mut all = instances(step).into_iter();
    let instance = all.find(|instance| instance.name == sight.step);
    let Some(node) = nodes(&step.hosts, cluster).into_iter().next() else {
        return String::new();
    };
    let values = instance.map(|instance| instance.values).unwrap_or_default();
    let variables = known(lab, exercise, node, cluster, values);
    format!("# {}\n{}", node.name, action(step, &variables, lang))
}

/// The variable for the directory in which an exercise keeps what later steps and checks read.
const KEPT: &str = "state";

/// The script without the notes a run takes of what it will have to remove, known variables filled in. Every other line stays:
/// one that keeps something in `$state` is told where that is.
fn typed(script: &str, variables: &Variables) -> String {
    let typed = |line: &&str| {
        !line.contains("|| touch \"$state/") && !line.trim_start().starts_with("touch \"$state/")
    };
    let mut text = script.lines().filter(typed).collect::<Vec<_>>().join("\n");
    if text.contains("$state") {
        let state = variables.get(KEPT).map_or("", String::as_str);
        text = format!("state={state}; mkdir -p \"$state\"\n{text}");
    }
    let mut names: Vec<&String> = variables.keys().filter(|name| *name != KEPT).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    text = text.replace(" --label \"lab.exercise=$exercise\"", "");
    for name in names {
        text = text
            .replace(&format!("${{{name}}}"), &variables[name])
            .replace(&format!("${name}"), &variables[name]);
    }
    text
}
