//! Breaks what was solved, one thing at a time, looks who notices, and puts it back. What can be broken and what it shows is decided
//! by `lab::sabotage`.

use std::sync::PoisonError;

use super::checks::Glance;
use super::classroom::Script;
use super::setting::QUICK;
use super::steps::Walk;
use super::{Part, Runner, worst};
use crate::event::{Outcome, Sink};
use crate::lab::Exercise;
use crate::lab::sabotage::{Break, Finding, Looks, Verdict, breaks, builds_on, judge};
use crate::lab::step::nodes;
use crate::text;
use crate::text::Text;

impl Runner<'_> {
    /// Runs the exercise and breaks each of its steps once that is solved: what came of each.
    pub async fn sabotage(&self, exercise: &Exercise) -> Vec<Finding> {
        self.exercise(exercise, Part::Sabotage).await;
        let tally = self.tally();
        let found = |one: &Break| {
            let found = tally.findings.iter().find(|finding| finding.name == one.name);
            found.cloned().unwrap_or_else(|| {
                let finding = one.found(exercise, Verdict::NotSolved);
                let skipped = tally.skipped.contains(&finding.step);
                Finding {
                    verdict: if skipped {
                        Verdict::Skipped
                    } else {
                        finding.verdict
                    },
                    ..finding
                }
            })
        };
        breaks(exercise).iter().map(found).collect()
    }

    /// Breaks, once the step at `at` is done, each thing that its checks can notice.
    pub(super) async fn sabotage_after<'lab>(
        &self,
        exercise: &'lab Exercise,
        at: usize,
        walk: &mut Walk<'lab>,
    ) {
        for one in breaks(exercise).iter().filter(|one| one.moments.contains(&at)) {
            let findings = self.tally().findings;
            let before = findings.iter().find(|finding| finding.name == one.name);
            let settled = before.is_some_and(|finding| finding.verdict != Verdict::Missed);
            let lost = findings
                .iter()
                .any(|finding| finding.verdict == Verdict::NotRestored);
            if settled || lost || self.interrupt.requested() {
                continue;
            }
            let finding = self.broken(exercise, one, at, walk).await;
            self.tell_finding(finding);
        }
    }

    /// Breaks one thing, looks, and puts it back.
    async fn broken<'lab>(
        &self,
        exercise: &'lab Exercise,
        one: &Break,
        at: usize,
        walk: &mut Walk<'lab>,
    ) -> Finding {
        let watching = one.watching(exercise, at);
        let watched = |name: &str| watching.iter().any(|watched| watched == name);
        let before = self
            .look_at(exercise, |step, name| match (step <= at, watched(name)) {
                (false, _) => Glance::Not,
                (true, false) => Glance::Once,
                (true, true) => Glance::Patiently,
            })
            .await;
        let done = self.break_it(exercise, one).await;
        let finding = if done {
            let after = self.aftermath(exercise, &before, &watched).await;
            judge(one.found(exercise, Verdict::Missed), &watching, &before, &after)
        } else if one.written {
            one.found(exercise, Verdict::CannotBreak)
        } else {
            one.found(exercise, Verdict::Unbroken)
        };
        match self.put_back(exercise, one, at, &before, walk).await {
            true => finding,
            false => one.found(exercise, Verdict::NotRestored),
        }
    }

    /// Runs what breaks it, where the step ran; where a check says how, where that looks. Whether all went well.
    async fn break_it(&self, exercise: &Exercise, one: &Break) -> bool {
        let step = &exercise.steps[one.at];
        let check = one.check.and_then(|number| step.checks.get(number));
        let hosts = match check.and_then(|check| check.hosts.as_ref()) {
            Some(hosts) => nodes(hosts, self.classroom.cluster),
            None => self.nodes(step),
        };
        let scripts: Vec<Script<'_>> = hosts
            .into_iter()
            .map(|node| Script {
                node,
                text: one.script.clone(),
                variables: self.variables(exercise, &one.instance, node),
            })
            .collect();
        let results = self.classroom.run(&scripts, QUICK).await;
        let mut all = results.iter();
        all.all(|ran| ran.seen.as_ref().is_ok_and(|seen| seen.code == 0))
    }

    /// How the checks that held are now. Those that must notice are looked at once; the others as often as they allow before
    /// they count as broken.
    async fn aftermath(&self, exercise: &Exercise, before: &Looks, watched: &impl Fn(&str) -> bool) -> Looks {
        let held = |name: &str| before.get(name) == Some(&Outcome::Passed);
        let once = |_, name: &str| if held(name) { Glance::Once } else { Glance::Not };
        let mut after = self.look_at(exercise, once).await;
        let again = self
            .look_at(exercise, |_, name| match after.get(name) {
                Some(Outcome::Failed | Outcome::Errored) if !watched(name) => Glance::Patiently,
                _ => Glance::Not,
            })
            .await;
        after.extend(again);
        after
    }

    /// Solves again what was broken and what builds on it; where that is not enough, the exercise from its beginning. Whether every
    /// check that held does so again.
    async fn put_back<'lab>(
        &self,
        exercise: &'lab Exercise,
        one: &Break,
        at: usize,
        before: &Looks,
        walk: &mut Walk<'lab>,
    ) -> bool {
        let silent = Sink::default();
        let quiet = Runner::new(self.lab, self.classroom, &silent, self.interrupt, true);
        let steps = &exercise.steps;
        let broken = &steps[one.at];
        let part = Part::Whole;
        let (action, checks) = quiet.instance(exercise, broken, &one.instance, part, walk).await;
        let mut outcome = worst(action, checks);
        for later in builds_on(steps, one.at).into_iter().filter(|later| *later <= at) {
            if outcome == Outcome::Passed {
                outcome = quiet.step(exercise, &steps[later], part, walk).await;
            }
        }
        if outcome == Outcome::Passed && quiet.holds(exercise, before).await {
            return true;
        }
        quiet.clean(exercise).await;
        quiet.prepare(exercise).await;
        *walk = Walk::default();
        for step in steps.iter().take(at + 1) {
            quiet.step(exercise, step, part, walk).await;
        }
        quiet.holds(exercise, before).await
    }

    async fn holds(&self, exercise: &Exercise, before: &Looks) -> bool {
        let held = |name: &str| before.get(name) == Some(&Outcome::Passed);
        let now = self
            .look_at(exercise, |_, name| match held(name) {
                true => Glance::Patiently,
                false => Glance::Not,
            })
            .await;
        now.values().all(|outcome| *outcome == Outcome::Passed)
    }

    fn tell_finding(&self, finding: Finding) {
        let Text { ko, en } = finding.verdict.words();
        let who = [finding.noticed.as_slice(), finding.also.as_slice()]
            .concat()
            .join(", ");
        let name = &finding.name;
        self.sink
            .note(text!("망가뜨림: {name}: {ko} {who}", "broke {name}: {en} {who}"));
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.findings.retain(|other| other.name != finding.name);
        tally.findings.push(finding);
    }
}
