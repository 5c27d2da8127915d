//! Before and after an exercise: its state directory, containers of others that are in the way, cleanups.

use std::time::Duration;

use super::classroom::{Script, command};
use super::{Runner, Told};
use crate::config::{Node, Product};
use crate::event::Outcome;
use crate::lab::step::{Instance, instances, leaves, nodes, speaks};
use crate::lab::variables::{Variables, built_in};
use crate::lab::{Exercise, Step};
use crate::registry_product::row;
use crate::text;
use crate::text::Text;

pub(super) const QUICK: Duration = Duration::from_secs(60);

/// Ends what scripts of the exercise left running on the node in sessions of their own, which no process group holds: whoever
/// has the exercise's `state` and `node` in its environment. Spares the process group of the script it is part of.
const SWEEP: &str = r#"left() (
  cd /proc
  files=$(grep -lzxF "state=$state" [0-9]*/environ 2>/dev/null || test $? -le 2)
  for file in $files; do
    pid=${file%/environ}
    if ! { read -r stat < "$pid/stat"; } 2>/dev/null; then continue; fi
    read -r _ _ group _ <<< "${stat##*) }"
    if test "$group" != $$ && grep -qzxF "node=$node" "$file" 2>/dev/null; then echo "$pid"; fi
  done
)
for signal in TERM KILL; do
  for look in {1..10}; do
    pids=$(left)
    if test -z "$pids"; then break 2; fi
    if test $look = 1; then kill -s $signal $pids 2>/dev/null || test $? = 1; fi
    sleep 0.1
  done
done
"#;

/// Makes the state directory, ends and removes the exercise's own processes and containers that a killed run left, and names those of others:
/// `taken` if it bears a name the exercise gives, `hit` if a command of the exercise would hit it.
fn looking(exercise: &Exercise) -> String {
    let mut text = SWEEP.to_owned();
    text += &format!(
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
        variables.insert("external_catalog".into(), self.external_catalog());
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

    /// Where the external registry lists what it holds: by the product's own interface, where this user may use it.
    fn external_catalog(&self) -> String {
        let external = self.classroom.cluster.registry.external.as_ref();
        let known = self.classroom.circumstances.external;
        let Some((external, known)) = external.zip(known) else {
            return String::new();
        };
        let product = if known.interface {
            known.product
        } else {
            Product::Distribution
        };
        (row(product).catalog)(external.namespace.as_deref()).path
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
    pub(super) fn used(&self, exercise: &Exercise) -> Vec<&Node> {
        let cluster = self.classroom.cluster;
        let here = |node: &&Node| {
            exercise
                .steps
                .iter()
                .any(|step| speaks(&step.when, node) && nodes(&step.hosts, cluster).contains(node))
        };
        cluster.nodes.iter().filter(here).collect()
    }

    /// Takes back what a killed run or `lab solve` left, and makes the state directory. `Skipped`, or why the exercise cannot begin.
    pub(super) async fn prepare(&self, exercise: &Exercise) -> Outcome {
        self.take_back_left(exercise).await;
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
                Err(unseen) => (Outcome::Errored, unseen.why),
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

    /// Runs every cleanup, the last step's first, then ends what still runs and removes the state directory and the files.
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
        let text = format!("{SWEEP}rm -rf \"$state\" \"$files\"");
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
        let cluster = self.classroom.cluster;
        let nodes = nodes(&step.hosts, cluster).into_iter();
        let nodes = nodes.filter(|node| leaves(&step.when, cluster, node));
        let scripts = nodes.map(|node| (node, text.clone())).collect();
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
            let why = match &ran.seen {
                Ok(seen) if seen.code == 0 => continue,
                Ok(_) => String::new(),
                Err(unseen) => format!(": {}", unseen.why),
            };
            outcome = Outcome::Errored;
            let told = Told {
                step: format!("{name} (cleanup)"),
                outcome,
                millis: ran.millis,
                command: command(script),
                output: ran.output(),
                reason: Some(text!("뒷정리를 하지 못함{why}", "could not clean up{why}")),
            };
            self.tell(exercise, Some(&script.node.name), told);
        }
        outcome
    }
}
