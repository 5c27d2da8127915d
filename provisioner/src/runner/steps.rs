//! The steps of an exercise, one after the other: conditions, what blocks them, their action and what it led to.

use std::collections::BTreeMap;
use std::time::Instant;

use super::classroom::{Ran, Script, command, millis};
use super::{Part, Runner, Told, worst};
use crate::config::Node;
use crate::event::Outcome;
use crate::lab::step::{Instance, instances, nodes, nowhere, skip};
use crate::lab::variables::Variables;
use crate::lab::{Action, Exercise, Step, Stream};
use crate::node::NodeName;
use crate::text;

/// Captured values: variable -> node -> value.
pub(super) type Captured = BTreeMap<String, Vec<(NodeName, String)>>;

/// How far an exercise has come: what became of its steps, and what they left for later ones.
#[derive(Default)]
pub(super) struct Walk<'lab> {
    outcomes: BTreeMap<&'lab str, Outcome>,
    captured: Captured,
}

impl Runner<'_> {
    /// Runs the steps of an exercise; the worst outcome.
    pub(super) async fn steps(&self, exercise: &Exercise, part: Part) -> Outcome {
        let mut walk = Walk::default();
        let mut all = Outcome::Skipped;
        for (at, step) in exercise.steps.iter().enumerate() {
            let outcome = self.step(exercise, step, part, &mut walk).await;
            all = worst(all, outcome);
            if part == Part::Sabotage && outcome == Outcome::Passed {
                self.sabotage_after(exercise, at, &mut walk).await;
            }
        }
        all
    }

    /// Runs a step, every instance of it, and its checks; the worst outcome.
    pub(super) async fn step<'lab>(
        &self,
        exercise: &Exercise,
        step: &'lab Step,
        part: Part,
        walk: &mut Walk<'lab>,
    ) -> Outcome {
        let (mut acted, mut checked) = (Outcome::Skipped, Outcome::Skipped);
        for instance in &instances(step) {
            let (action, checks) = self.instance(exercise, step, instance, part, walk).await;
            acted = worst(acted, action);
            checked = worst(checked, checks);
        }
        walk.outcomes.insert(&step.id, acted);
        worst(acted, checked)
    }

    /// Runs one instance of a step: what its action came to, and its checks.
    pub(super) async fn instance(
        &self,
        exercise: &Exercise,
        step: &Step,
        instance: &Instance,
        part: Part,
        walk: &mut Walk<'_>,
    ) -> (Outcome, Outcome) {
        let (ready, reached) = self.ready(exercise, step, instance, &walk.outcomes, part);
        let Some(ready) = ready else {
            return (reached, Outcome::Skipped);
        };
        let action = match part {
            Part::Checks => Outcome::Passed,
            Part::Whole | Part::Setup | Part::Sabotage => {
                let captured = &mut walk.captured;
                self.act(exercise, step, instance, &ready, captured).await
            }
        };
        let checks = match action == Outcome::Passed && part != Part::Setup {
            true => self.checks(exercise, step, instance, &ready).await,
            false => Outcome::Skipped,
        };
        (action, checks)
    }

    /// Nodes a step runs on now; `None` with the outcome that was told: it does not run.
    pub(super) fn ready(
        &self,
        exercise: &Exercise,
        step: &Step,
        instance: &Instance,
        outcomes: &BTreeMap<&str, Outcome>,
        part: Part,
    ) -> (Option<Vec<&Node>>, Outcome) {
        let stop = |outcome, reason| {
            self.tell(exercise, None, Told::simple(&instance.name, outcome, reason));
            (None, outcome)
        };
        if self.interrupt.requested() {
            return stop(Outcome::Blocked, text!("중단됨", "interrupted"));
        }
        let (cluster, now) = (self.classroom.cluster, &self.classroom.circumstances);
        let needed = step
            .needs
            .iter()
            .filter_map(|need| Some((need, outcomes.get(need.as_str())?)));
        if part != Part::Checks
            && let Some((need, outcome)) =
                needed.max_by_key(|(_, outcome)| (**outcome != Outcome::Passed, **outcome))
            && *outcome != Outcome::Passed
        {
            let failed = text!("`{need}`이(가) 통과하지 못함", "`{need}` did not pass");
            return match outcome {
                Outcome::Skipped => stop(
                    Outcome::Skipped,
                    nowhere(exercise, step, cluster, now).unwrap_or(failed),
                ),
                _ => stop(Outcome::Blocked, failed),
            };
        }
        let hosts = nodes(&step.hosts, cluster);
        let reason = |node| skip(step, cluster, node, now);
        if hosts.is_empty() {
            return stop(Outcome::Skipped, reason(None).unwrap_or_else(|| "no node".into()));
        }
        let mut ready = vec![];
        for node in hosts {
            match reason(Some(node)) {
                None => ready.push(node),
                Some(why) => {
                    let told = Told::simple(&instance.name, Outcome::Skipped, why);
                    self.tell(exercise, Some(&node.name), told);
                }
            }
        }
        if ready.is_empty() {
            (None, Outcome::Skipped)
        } else {
            (Some(ready), Outcome::Passed)
        }
    }

    pub(super) async fn act(
        &self,
        exercise: &Exercise,
        step: &Step,
        instance: &Instance,
        nodes: &[&Node],
        captured: &mut Captured,
    ) -> Outcome {
        if let Err(error) = self.place(exercise, step, nodes).await {
            let told = Told::simple(&instance.name, Outcome::Errored, error.told());
            self.tell(exercise, error.node(), told);
            return Outcome::Errored;
        }
        let text = match &step.action {
            Action::Nothing => return Outcome::Passed,
            Action::RestartNode | Action::RestartEngine => {
                return self.restart(exercise, step, instance, nodes).await;
            }
            Action::Solve(script) => script.clone(),
        };
        let script = |node: &&'_ Node| {
            let mut variables = self.variables(exercise, instance, node);
            for (name, values) in captured.iter() {
                let own = values
                    .iter()
                    .find(|(host, _)| *host == node.name)
                    .or(values.first());
                variables.extend(own.map(|(_, value)| (name.clone(), value.clone())));
            }
            (node.name.clone(), text.clone(), variables)
        };
        let prepared: Vec<(NodeName, String, Variables)> = nodes.iter().map(script).collect();
        let scripts: Vec<Script<'_>> = prepared
            .into_iter()
            .zip(nodes)
            .map(|((_, text, variables), node)| Script {
                node,
                text,
                variables,
            })
            .collect();
        let results = self.interruptible(&scripts, step).await;
        let mut outcome = Outcome::Passed;
        let outputs: Vec<(String, String)> = scripts
            .iter()
            .zip(&results)
            .filter_map(|(script, ran)| {
                let seen = ran.seen.as_ref().ok()?;
                Some((script.node.name.to_string(), seen.stdout.clone()))
            })
            .collect();
        let across = step.expect.across(&outputs);
        for (script, ran) in scripts.iter().zip(&results) {
            let (became, reason) = match &ran.seen {
                Err(unseen) => (Outcome::Errored, Some(unseen.why.clone())),
                Ok(seen) => {
                    let reason = step
                        .expect
                        .mismatch(seen, &script.variables)
                        .or_else(|| across.clone());
                    match reason {
                        Some(_) => (Outcome::Failed, reason),
                        None => (Outcome::Passed, None),
                    }
                }
            };
            outcome = outcome.max(became);
            if became == Outcome::Passed {
                capture(step, script, ran, captured);
            }
            let told = Told {
                step: instance.name.clone(),
                outcome: became,
                millis: ran.millis,
                command: command(script),
                output: ran.output(),
                reason,
            };
            self.tell(exercise, Some(&script.node.name), told);
            self.record(exercise, step, instance, (script, ran));
        }
        outcome
    }

    /// Runs scripts unless the work is to stop; what is dropped half way is cancelled by its client.
    async fn interruptible(&self, scripts: &[Script<'_>], step: &Step) -> Vec<Ran> {
        tokio::select! {
            results = self.classroom.run(scripts, step.deadline) => results,
            () = self.interrupt.wait() => {
                scripts.iter().map(|_| Ran::unseen(text!("중단됨", "interrupted"))).collect()
            }
        }
    }

    async fn restart(
        &self,
        exercise: &Exercise,
        step: &Step,
        instance: &Instance,
        nodes: &[&Node],
    ) -> Outcome {
        let mut outcome = Outcome::Passed;
        for node in nodes {
            let since = Instant::now();
            let (result, command) = if step.action == Action::RestartNode {
                let result = self.classroom.restart(&node.name, step.deadline).await;
                (result, format!("lab restart {}", node.name))
            } else {
                let unit = crate::engine::unit(node.engine).unwrap_or_default();
                let result = self.classroom.restart_engine(node).await;
                (
                    result,
                    format!("lab exec {} -- systemctl restart {unit}", node.name),
                )
            };
            let became = if result.is_ok() {
                Outcome::Passed
            } else {
                Outcome::Errored
            };
            outcome = outcome.max(became);
            let told = Told {
                step: instance.name.clone(),
                outcome: became,
                millis: millis(since.elapsed()),
                command,
                output: String::new(),
                reason: result.err().map(|error| error.to_string().into()),
            };
            self.tell(exercise, Some(&node.name), told);
        }
        outcome
    }
}

fn capture(step: &Step, script: &Script<'_>, ran: &Ran, captured: &mut Captured) {
    let Ok(seen) = &ran.seen else { return };
    for capture in &step.capture {
        let output = match capture.from {
            Stream::Stdout => seen.stdout.trim(),
            Stream::Stderr => seen.stderr.trim(),
        };
        let value = match &capture.regex {
            None => Some(output),
            Some(regex) => regex
                .captures(output)
                .and_then(|found| found.get(1).or(found.get(0)))
                .map(|found| found.as_str()),
        };
        if let Some(value) = value {
            let values = captured.entry(capture.name.clone()).or_default();
            values.retain(|(node, _)| *node != script.node.name);
            values.push((script.node.name.clone(), value.to_owned()));
        }
    }
}
