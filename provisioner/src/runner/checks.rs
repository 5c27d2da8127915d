//! The checks of a step: look, look again where `retries` says so, compare, tell.

use super::classroom::{Ran, Script, command};
use super::{Runner, worst};
use crate::config::Node;
use crate::event::{Outcome, What};
use crate::lab::sabotage::Looks;
use crate::lab::step::{Instance, check_name, instances, nodes, skip};
use crate::lab::variables::expand;
use crate::lab::{Check, Exercise, Step};
use crate::text;
use crate::text::Text;

/// How to look at a check.
pub(super) enum Glance {
    /// Not at all.
    Not,
    /// Once.
    Once,
    /// As often as the check allows.
    Patiently,
}

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
            let what = What::CheckFinished {
                exercise: exercise.id.clone(),
                step: instance.name.clone(),
                check: check.id.clone(),
                title: Some(check.title.clone()),
                outcome,
                millis,
                command: command(script),
                output: ran.output(),
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
    pub(super) async fn look<'node>(
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
    pub(super) async fn look_once(&self, exercise: &Exercise) -> Looks {
        self.look_at(exercise, |_, _| Glance::Once).await
    }

    /// Looks at the checks that `glance` (of the step's place in the exercise, and the check's name) chooses and whose step would
    /// run here. Tells nothing.
    pub(super) async fn look_at(&self, exercise: &Exercise, glance: impl Fn(usize, &str) -> Glance) -> Looks {
        let cluster = self.classroom.cluster;
        let mut seen = Looks::new();
        for (at, step) in exercise.steps.iter().enumerate() {
            let ready = self.nodes(step);
            for instance in &instances(step) {
                for check in step.checks.iter().filter(|_| !ready.is_empty()) {
                    let name = check_name(exercise, instance, check);
                    let retries = match glance(at, &name) {
                        Glance::Not => continue,
                        Glance::Once => 0,
                        Glance::Patiently => check.retries,
                    };
                    let hosts = check
                        .hosts
                        .as_ref()
                        .map_or_else(|| ready.clone(), |hosts| nodes(hosts, cluster));
                    let (scripts, results) = self.look(exercise, instance, check, &hosts, retries).await;
                    let verdicts = verdicts(check, &scripts, &results);
                    let outcomes = results
                        .iter()
                        .zip(&verdicts)
                        .map(|(ran, verdict)| outcome(ran, verdict.as_ref()));
                    seen.insert(name, outcomes.max().unwrap_or(Outcome::Skipped));
                }
            }
        }
        seen
    }

    /// The nodes a step would run on here.
    pub(super) fn nodes(&self, step: &Step) -> Vec<&Node> {
        let cluster = self.classroom.cluster;
        let now = &self.classroom.circumstances;
        let runs = |node: &&Node| skip(step, cluster, Some(node), now).is_none();
        nodes(&step.hosts, cluster).into_iter().filter(runs).collect()
    }

    fn note_check(&self, exercise: &Exercise, instance: &Instance, check: &Check, outcome: Outcome) {
        let mut tally = self
            .tally
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        tally
            .checks
            .insert(check_name(exercise, instance, check), outcome);
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

pub(super) fn outcome(ran: &Ran, verdict: Option<&Text>) -> Outcome {
    match (&ran.seen, verdict) {
        (Err(_), _) => Outcome::Errored,
        (Ok(_), Some(_)) => Outcome::Failed,
        (Ok(_), None) => Outcome::Passed,
    }
}

/// What does not hold, per script.
pub(super) fn verdicts(check: &Check, scripts: &[Script<'_>], results: &[Ran]) -> Vec<Option<Text>> {
    let named = |(script, ran): (&Script<'_>, &Ran)| {
        Some((
            script.node.name.to_string(),
            ran.seen.as_ref().ok()?.stdout.clone(),
        ))
    };
    let outputs: Vec<(String, String)> = scripts.iter().zip(results).filter_map(named).collect();
    let across = check.expect.across(&outputs);
    let one = |(script, ran): (&Script<'_>, &Ran)| match &ran.seen {
        Err(unseen) => {
            let Text { ko, en } = &unseen.why;
            Some(text!("볼 수 없음: {ko}", "could not look: {en}"))
        }
        Ok(seen) => check
            .expect
            .mismatch(seen, &script.variables)
            .or_else(|| across.clone())
            .or_else(|| check.measure.as_ref()?.read(&seen.stdout).err()),
    };
    scripts.iter().zip(results).map(one).collect()
}
