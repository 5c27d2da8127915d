//! The checks of a step: look, look again where `retries` says so, compare, tell.

use std::collections::BTreeMap;

use super::classroom::{Ran, Script, command};
use super::{Runner, worst};
use crate::config::Node;
use crate::event::{Outcome, What};
use crate::lab::step::{Instance, instances, nodes, skip};
use crate::lab::variables::expand;
use crate::lab::{Check, Exercise, Step};
use crate::text;
use crate::text::Text;

impl Runner<'_> {
    /// Runs a step's checks; the worst outcome.
    pub(super) async fn checks(
        &self,
        exercise: &Exercise,
        step: &Step,
        instance: &Instance,
        ready: &[&Node],
    ) -> Outcome {
        let mut outcome = Outcome::Skipped;
        for check in &step.checks {
            let hosts = match &check.hosts {
                Some(hosts) => nodes(hosts, self.classroom.cluster),
                None => ready.to_vec(),
            };
            outcome = worst(outcome, self.check_on(exercise, instance, check, &hosts).await);
        }
        outcome
    }

    async fn check_on(
        &self,
        exercise: &Exercise,
        instance: &Instance,
        check: &Check,
        hosts: &[&Node],
    ) -> Outcome {
        let since = std::time::Instant::now();
        let (scripts, results) = self.look(exercise, instance, check, hosts, check.retries).await;
        let millis = super::classroom::millis(since.elapsed());
        let mut worst_outcome = Outcome::Skipped;
        for ((script, ran), verdict) in scripts
            .iter()
            .zip(&results)
            .zip(verdicts(check, &scripts, &results))
        {
            let outcome = outcome(ran, verdict.as_ref());
            worst_outcome = worst(worst_outcome, outcome);
            self.count(&exercise.id, &instance.name, outcome, true);
            let hint = check
                .hint
                .as_ref()
                .filter(|_| outcome != Outcome::Passed)
                .map(|hint| Text {
                    ko: expand(&hint.ko, &script.variables),
                    en: expand(&hint.en, &script.variables),
                });
            let output = match &ran.seen {
                Ok(seen) => format!("{}{}", seen.stdout, seen.stderr),
                Err(why) => why.clone(),
            };
            let what = What::CheckFinished {
                exercise: exercise.id.clone(),
                step: instance.name.clone(),
                check: check.id.clone(),
                title: Some(check.title.clone()),
                outcome,
                millis,
                command: command(script),
                output,
                reason: verdict,
                hint,
            };
            let what = self.classroom.redaction.of_event(what);
            self.sink.send(Some(&script.node.name), what);
            if outcome == Outcome::Passed {
                self.measured(exercise, instance, check, script, ran);
            }
        }
        self.note_check(exercise, instance, check, worst_outcome);
        worst_outcome
    }

    /// Looks, and again up to `retries` times until it holds. Tells nothing.
    async fn look<'node>(
        &self,
        exercise: &Exercise,
        instance: &Instance,
        check: &Check,
        hosts: &[&'node Node],
        retries: u32,
    ) -> (Vec<Script<'node>>, Vec<Ran>) {
        let script = |node: &&'node Node| Script {
            node,
            text: check.run.clone(),
            variables: self.variables(exercise, instance, node),
        };
        let scripts: Vec<Script<'node>> = hosts.iter().map(script).collect();
        let mut results = self.classroom.run(&scripts, check.deadline).await;
        for _ in 0..retries {
            if verdicts(check, &scripts, &results).iter().all(Option::is_none) || self.interrupt.requested() {
                break;
            }
            tokio::time::sleep(check.delay).await;
            results = self.classroom.run(&scripts, check.deadline).await;
        }
        (scripts, results)
    }

    /// Looks once, for every check of the exercise whose step would run here. Tells nothing.
    pub(super) async fn look_once(&self, exercise: &Exercise) -> BTreeMap<String, Outcome> {
        let cluster = self.classroom.cluster;
        let mut seen = BTreeMap::new();
        for step in &exercise.steps {
            let runs =
                |node: &&Node| skip(&step.when, cluster, Some(node), self.classroom.circumstances).is_none();
            let ready: Vec<&Node> = nodes(&step.hosts, cluster).into_iter().filter(runs).collect();
            for instance in &instances(step) {
                for check in step.checks.iter().filter(|_| !ready.is_empty()) {
                    let hosts = check
                        .hosts
                        .as_ref()
                        .map_or_else(|| ready.clone(), |hosts| nodes(hosts, cluster));
                    let (scripts, results) = self.look(exercise, instance, check, &hosts, 0).await;
                    let verdicts = verdicts(check, &scripts, &results);
                    let outcomes = results
                        .iter()
                        .zip(&verdicts)
                        .map(|(ran, verdict)| outcome(ran, verdict.as_ref()));
                    let worst = outcomes.max().unwrap_or(Outcome::Skipped);
                    seen.insert(name(exercise, instance, check), worst);
                }
            }
        }
        seen
    }

    fn note_check(&self, exercise: &Exercise, instance: &Instance, check: &Check, outcome: Outcome) {
        let mut tally = self
            .tally
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        tally.checks.insert(name(exercise, instance, check), outcome);
    }

    /// Tells what a check that passed has measured.
    fn measured(
        &self,
        exercise: &Exercise,
        instance: &Instance,
        check: &Check,
        script: &Script<'_>,
        ran: &Ran,
    ) {
        let (Some(measure), Ok(seen)) = (&check.measure, &ran.seen) else {
            return;
        };
        let what = What::Measured {
            exercise: exercise.id.clone(),
            step: instance.name.clone(),
            check: check.id.clone(),
            title: measure.title.clone(),
            unit: measure.unit,
            values: measure.read(&seen.stdout).unwrap_or_default(),
        };
        self.sink.send(Some(&script.node.name), what);
    }
}

/// How a check is called in a tally and in proofs.
pub(super) fn name(exercise: &Exercise, instance: &Instance, check: &Check) -> String {
    format!("{}/{}/{}", exercise.id, instance.name, check.id)
}

fn outcome(ran: &Ran, verdict: Option<&Text>) -> Outcome {
    match (&ran.seen, verdict) {
        (Err(_), _) => Outcome::Errored,
        (Ok(_), Some(_)) => Outcome::Failed,
        (Ok(_), None) => Outcome::Passed,
    }
}

/// What does not hold, per script.
fn verdicts(check: &Check, scripts: &[Script<'_>], results: &[Ran]) -> Vec<Option<Text>> {
    let named = |(script, ran): (&Script<'_>, &Ran)| {
        Some((
            script.node.name.to_string(),
            ran.seen.as_ref().ok()?.stdout.clone(),
        ))
    };
    let outputs: Vec<(String, String)> = scripts.iter().zip(results).filter_map(named).collect();
    let across = check.expect.across(&outputs);
    let one = |(script, ran): (&Script<'_>, &Ran)| match &ran.seen {
        Err(why) => Some(text!("볼 수 없음: {why}", "could not look: {why}")),
        Ok(seen) => check
            .expect
            .mismatch(seen, &script.variables)
            .or_else(|| across.clone())
            .or_else(|| check.measure.as_ref()?.read(&seen.stdout).err()),
    };
    scripts.iter().zip(results).map(one).collect()
}
