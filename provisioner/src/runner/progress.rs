//! What a person has done of an exercise, and taking back what was done for them. How far they are is decided by `lab::progress`.

use std::collections::BTreeMap;

use super::checks::{outcome, verdicts};
use super::classroom::{Script, command};
use super::{Runner, worst};
use crate::config::Node;
use crate::event::Outcome;
use crate::lab::progress::{Looks, Standing, Trace, standings};
use crate::lab::step::{Instance, instances, nodes, skip};
use crate::lab::variables::{Variables, expand};
use crate::lab::{Check, Exercise, Step};
use crate::node::NodeName;
use crate::text::Text;

/// Where an exercise's directory says which steps `lab solve` did.
const SOLVED: &str = ".solved";

/// One look at a check on a node.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The step, with the matrix's values.
    pub step: String,
    /// The check.
    pub check: String,
    /// Where.
    pub node: NodeName,
    /// How it ended.
    pub outcome: Outcome,
    /// What does not hold.
    pub reason: Option<Text>,
    /// The look, as a person would run it from the host.
    pub command: String,
    /// What the exercise says to try.
    pub hint: Option<Text>,
}

/// How far a person is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Each step's standing, in their order.
    pub standings: Vec<Standing>,
    /// Every look, in the order of steps and checks.
    pub sights: Vec<Sight>,
}

impl Progress {
    /// Whether whatever can be looked at holds, or was gone on from; and something was.
    pub fn is_complete(&self) -> bool {
        let looked = self.sights.iter().any(|sight| sight.outcome == Outcome::Passed);
        looked && !self.standings.contains(&Standing::Open)
    }
}

impl Runner<'_> {
    /// Looks once at every check of an exercise. Tells nothing.
    pub async fn progress(&self, exercise: &Exercise) -> Progress {
        let trace = self.trace(exercise).await;
        let mut sights = vec![];
        for step in &exercise.steps {
            for instance in &instances(step) {
                sights.extend(self.sights(exercise, step, instance).await);
            }
        }
        let standings = standings(exercise, &looks(&sights), &trace);
        Progress { standings, sights }
    }

    /// Takes back what was done of an exercise and what it needs. The containers of its names that are there all the same:
    /// somebody else made them.
    pub async fn take_back(&self, exercise: &Exercise) -> (Outcome, BTreeMap<NodeName, Vec<String>>) {
        let needs = self.lab.needs(&exercise.id);
        let mut outcome = self.clean(exercise).await;
        for need in needs.iter().rev() {
            outcome = worst(outcome, self.clean(need).await);
        }
        let mut left: BTreeMap<NodeName, Vec<String>> = BTreeMap::new();
        for one in [exercise].into_iter().chain(needs) {
            let script = format!(
                "for name in {}; do docker container inspect \"$name\" >/dev/null 2>&1 && echo \"$name\"; done; true",
                one.containers.join(" ")
            );
            for (node, said) in self.on_each(one, &script).await {
                let names = said.lines().map(str::to_owned);
                left.entry(node).or_default().extend(names);
            }
        }
        left.retain(|_, names| !names.is_empty());
        (outcome, left)
    }

    /// Takes back what a `lab` that was killed, or `lab solve`, left of an exercise: its own directory tells.
    pub(super) async fn take_back_left(&self, exercise: &Exercise) -> Outcome {
        let said = self
            .on_each(exercise, "if test -e \"$state\"; then echo left; fi")
            .await;
        if said.iter().any(|(_, said)| said.contains("left")) {
            self.clean(exercise).await
        } else {
            Outcome::Skipped
        }
    }

    /// What is there of an exercise: its directory, or a container of one of its names; and in its directory, what was solved.
    async fn trace(&self, exercise: &Exercise) -> Trace {
        let script = format!(
            "if test -e \"$state\"; then echo begun; fi\nif test -e \"$state/{SOLVED}\"; then sed 's/^/solved /' \"$state/{SOLVED}\"; fi\nfor name in {}; do\n  if docker container inspect \"$name\" >/dev/null 2>&1; then echo begun; fi\ndone\n",
            exercise.containers.join(" ")
        );
        let said = self.on_each(exercise, &script).await;
        let lines = || said.iter().flat_map(|(_, said)| said.lines());
        let solved = lines().filter_map(|line| line.strip_prefix("solved "));
        Trace {
            begun: lines().next().is_some(),
            solved: solved.map(str::to_owned).collect(),
        }
    }

    /// Notes in an exercise's directory that a step was solved.
    pub(super) async fn note_solved(&self, exercise: &Exercise, step: &Step) {
        let script = format!("echo {} >> \"$state/{SOLVED}\"", step.id);
        self.on_each(exercise, &script).await;
    }

    /// What a script of our own prints on each node an exercise runs on; nothing of a node that could not run it.
    pub(super) async fn on_each(&self, exercise: &Exercise, script: &str) -> Vec<(NodeName, String)> {
        let instance = Instance {
            name: String::new(),
            values: Variables::new(),
        };
        let scripts: Vec<Script<'_>> = self
            .used(exercise)
            .into_iter()
            .map(|node| Script {
                node,
                text: script.to_owned(),
                variables: self.variables(exercise, &instance, node),
            })
            .collect();
        let results = self.classroom.run(&scripts, super::setting::QUICK).await;
        let said = scripts.iter().zip(results);
        said.filter_map(|(script, ran)| Some((script.node.name.clone(), ran.seen.ok()?.stdout)))
            .collect()
    }

    /// Looks once at the checks of an instance of a step, where the step runs.
    pub(super) async fn sights(&self, exercise: &Exercise, step: &Step, instance: &Instance) -> Vec<Sight> {
        let cluster = self.classroom.cluster;
        let now = &self.classroom.circumstances;
        let runs = |node: &&Node| skip(step, cluster, Some(node), now).is_none();
        let ready: Vec<&Node> = nodes(&step.hosts, cluster).into_iter().filter(runs).collect();
        let mut sights = vec![];
        for check in step.checks.iter().filter(|_| !ready.is_empty()) {
            let hosts = check
                .hosts
                .as_ref()
                .map_or_else(|| ready.clone(), |hosts| nodes(hosts, cluster));
            let (scripts, results) = self.look(exercise, instance, check, &hosts, 0).await;
            let verdicts = verdicts(check, &scripts, &results);
            let each = scripts.iter().zip(&results).zip(verdicts);
            sights.extend(each.map(|((script, ran), verdict)| {
                let became = outcome(ran, verdict.as_ref());
                sight(instance, check, script, became, verdict)
            }));
        }
        sights
    }
}

fn sight(
    instance: &Instance,
    check: &Check,
    script: &Script<'_>,
    outcome: Outcome,
    reason: Option<Text>,
) -> Sight {
    let filled = |hint: &Text| Text {
        ko: expand(&hint.ko, &script.variables),
        en: expand(&hint.en, &script.variables),
    };
    Sight {
        step: instance.name.clone(),
        check: check.id.clone(),
        node: script.node.name.clone(),
        outcome,
        reason,
        command: command(script),
        hint: check.hint.as_ref().map(filled),
    }
}

/// Sights by check: the worst of its nodes.
pub(super) fn looks(sights: &[Sight]) -> Looks {
    let mut looks = Looks::new();
    for sight in sights {
        let key = (sight.step.clone(), sight.check.clone());
        let worst = looks.entry(key).or_insert(sight.outcome);
        *worst = (*worst).max(sight.outcome);
    }
    looks
}
