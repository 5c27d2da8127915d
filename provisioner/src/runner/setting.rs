//! Before and after an exercise: its state directory, containers of others that are in the way, cleanups.

use std::time::Duration;

use super::classroom::{Script, command};
use super::{Runner, Told};
use crate::config::Node;
use crate::event::Outcome;
use crate::lab::step::{Instance, instances, nodes};
use crate::lab::variables::{Variables, built_in};
use crate::lab::{Exercise, Step};
use crate::text;
use crate::text::Text;

const QUICK: Duration = Duration::from_secs(60);

/// Makes the state directory, removes the exercise's own containers that a killed run left, and names those of others:
/// `taken` if it bears a name the exercise gives, `hit` if a command of the exercise would hit it.
fn looking(exercise: &Exercise) -> String {
    let mut text = format!(
        "mkdir -p \"$state\"\nfor name in {}; do\n  if owner=$(docker inspect -f '{{{{index .Config.Labels \"lab.exercise\"}}}}' \"$name\" 2>/dev/null); then\n    if test \"$owner\" = \"$exercise\"; then docker rm -f \"$name\" >/dev/null; else echo \"taken $name\"; fi\n  fi\ndone\n",
        exercise.containers.join(" ")
    );
    if !exercise.exclusive.is_empty() {
        text += &format!(
            "for image in {}; do\n  docker ps -a -f \"ancestor=$image\" --format '{{{{.Names}}}} {{{{.Label \"lab.exercise\"}}}}'\ndone | sort -u | while read -r name owner; do\n  if test \"$owner\" = \"$exercise\"; then docker rm -f \"$name\" >/dev/null; else echo \"hit $name\"; fi\ndone\n",
            exercise.exclusive.join(" ")
        );
    }
    text
}

/// Why an exercise cannot begin, from what the script of [`looking`] said.
fn in_the_way(said: &str) -> Text {
    let named = |word: &str| {
        let names = said.lines().filter_map(|line| line.strip_prefix(word));
        names.map(str::trim).collect::<Vec<_>>().join(", ")
    };
    let (taken, hit) = (named("taken "), named("hit "));
    if taken.is_empty() {
        text!(
            "이 실습의 명령이 다른 컨테이너까지 건드리게 됨: {hit}. 먼저 지우거나, 다른 노드에서 쓰세요",
            "its commands would hit other containers as well: {hit}. Remove them first, or use them on another node"
        )
    } else {
        text!(
            "이 이름의 컨테이너가 이미 있음: {taken}. 직접 만든 것이면 지우거나 이름을 바꾸세요 (docker rename)",
            "containers of these names exist already: {taken}. If they are yours, remove or rename them (docker rename)"
        )
    }
}

impl Runner<'_> {
    /// Variables of an instance of a step on a node.
    pub(super) fn variables(&self, exercise: &Exercise, instance: &Instance, node: &Node) -> Variables {
        let mut variables = self.lab.variables.clone();
        variables.extend(built_in(
            self.classroom.cluster,
            node,
            &self.lab.name,
            &exercise.id,
        ));
        variables.insert(
            "state".into(),
            format!("{}/{}", self.classroom.state, exercise.id),
        );
        variables.insert(
            "files".into(),
            format!("{}/{}", self.classroom.files, exercise.id),
        );
        variables.extend(instance.values.clone());
        variables
    }

    /// Puts a step's files on its nodes. An error names the node.
    pub(super) async fn place(
        &self,
        exercise: &Exercise,
        step: &Step,
        nodes: &[&Node],
    ) -> crate::error::Result<()> {
        for node in nodes {
            for file in &step.files {
                let path = format!("{}/{}/{}", self.classroom.files, exercise.id, file.path);
                self.classroom.put(&node.name, &path, &file.text).await?;
            }
        }
        Ok(())
    }

    /// Nodes an exercise runs on, each once, in the cluster's order.
    fn used(&self, exercise: &Exercise) -> Vec<&Node> {
        let cluster = self.classroom.cluster;
        let here = |node: &&Node| {
            exercise
                .steps
                .iter()
                .any(|step| nodes(&step.hosts, cluster).contains(node))
        };
        cluster.nodes.iter().filter(here).collect()
    }

    /// Makes the state directory and removes what a killed run left. `Passed`, or why the exercise cannot begin.
    pub(super) async fn prepare(&self, exercise: &Exercise) -> Outcome {
        let instance = Instance {
            name: String::new(),
            values: Variables::new(),
        };
        let text = looking(exercise);
        let scripts: Vec<Script<'_>> = self
            .used(exercise)
            .into_iter()
            .map(|node| Script {
                node,
                text: text.clone(),
                variables: self.variables(exercise, &instance, node),
            })
            .collect();
        let results = self.classroom.run(&scripts, QUICK).await;
        let mut outcome = Outcome::Passed;
        for (script, ran) in scripts.iter().zip(results) {
            let (became, reason) = match ran.seen {
                Ok(seen) if seen.code == 0 && seen.stdout.trim().is_empty() => continue,
                Ok(seen) if seen.code == 0 => (Outcome::Blocked, in_the_way(&seen.stdout)),
                Ok(seen) => (Outcome::Errored, seen.stderr.trim().into()),
                Err(why) => (Outcome::Errored, why.into()),
            };
            outcome = outcome.max(became);
            self.tell(
                exercise,
                Some(&script.node.name),
                Told::simple("prepare", became, reason),
            );
        }
        if outcome == Outcome::Passed {
            Outcome::Skipped
        } else {
            outcome
        }
    }

    /// Runs every cleanup, the last step's first, then removes the state directory and the files.
    pub(super) async fn clean(&self, exercise: &Exercise) -> Outcome {
        let mut outcome = Outcome::Skipped;
        for step in exercise.steps.iter().rev().filter(|step| step.cleanup.is_some()) {
            for instance in instances(step).iter().rev() {
                outcome = outcome.max(self.clean_step(exercise, step, instance).await);
            }
        }
        let instance = Instance {
            name: String::new(),
            values: Variables::new(),
        };
        let text = "rm -rf \"$state\" \"$files\"".to_owned();
        let last = self
            .used(exercise)
            .into_iter()
            .map(|node| (node, text.clone()))
            .collect::<Vec<_>>();
        outcome.max(self.undo(exercise, &instance, "state", last).await)
    }

    async fn clean_step(&self, exercise: &Exercise, step: &Step, instance: &Instance) -> Outcome {
        let Some(text) = &step.cleanup else {
            return Outcome::Skipped;
        };
        let nodes = nodes(&step.hosts, self.classroom.cluster);
        let scripts = nodes.into_iter().map(|node| (node, text.clone())).collect();
        self.undo(exercise, instance, &instance.name, scripts).await
    }

    /// Runs cleanups; only those that did not work are told.
    async fn undo(
        &self,
        exercise: &Exercise,
        instance: &Instance,
        name: &str,
        scripts: Vec<(&Node, String)>,
    ) -> Outcome {
        let scripts: Vec<Script<'_>> = scripts
            .into_iter()
            .map(|(node, text)| Script {
                node,
                text,
                variables: self.variables(exercise, instance, node),
            })
            .collect();
        let results = self.classroom.run(&scripts, QUICK).await;
        let mut outcome = Outcome::Skipped;
        for (script, ran) in scripts.iter().zip(results) {
            let output = match ran.seen {
                Ok(seen) if seen.code == 0 => continue,
                Ok(seen) => format!("{}{}", seen.stdout, seen.stderr),
                Err(why) => why,
            };
            outcome = Outcome::Errored;
            let told = Told {
                step: format!("{name} (cleanup)"),
                outcome,
                millis: ran.millis,
                command: command(script),
                output,
                reason: Some(text!("뒷정리를 하지 못함", "could not clean up")),
            };
            self.tell(exercise, Some(&script.node.name), told);
        }
        outcome
    }
}
