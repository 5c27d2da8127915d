//! Does for a person what is not done of an exercise yet, and leaves it there. What is done is seen by a look at the checks.

use std::collections::{BTreeMap, BTreeSet};

use super::classroom::uses;
use super::progress::looks;
use super::steps::Captured;
use super::{Part, Runner, Tally, Told, worst};
use crate::config::Node;
use crate::event::Outcome;
use crate::lab::progress::{Standing, holds, needs};
use crate::lab::step::{Instance, instances};
use crate::lab::{Action, Exercise, Step};
use crate::text;

impl Runner<'_> {
    /// Carries out what is not done of an exercise (up to a step, and what that needs), and leaves it there.
    pub async fn solve(&self, exercise: &Exercise, last: Option<&Step>) -> Tally {
        for need in self.lab.needs(&exercise.id) {
            if self.progress(need).await.is_complete() {
                continue;
            }
            let mut outcome = self.prepare(need).await;
            if outcome <= Outcome::Skipped {
                outcome = worst(outcome, self.steps(need, Part::Setup).await);
            }
            if outcome > Outcome::Skipped {
                return self.tally();
            }
        }
        let standings = self.progress(exercise).await.standings;
        self.on_each(exercise, "mkdir -p \"$state\"").await;
        let wanted = last.map(|last| {
            let mut wanted = needs(exercise, &last.id);
            wanted.insert(&last.id);
            wanted
        });
        let wanted = |step: &Step| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.contains(step.id.as_str()))
        };
        let mut going = Going::default();
        for (step, standing) in exercise.steps.iter().zip(&standings) {
            if wanted(step) {
                self.go_on(exercise, step, standing, &mut going).await;
            }
        }
        self.tally()
    }

    /// Does a step, unless it is done.
    async fn go_on<'lab>(
        &self,
        exercise: &'lab Exercise,
        step: &'lab Step,
        standing: &Standing,
        going: &mut Going<'lab>,
    ) {
        let anew = !needs(exercise, &step.id).is_disjoint(&going.acted);
        if let Standing::WentOn(to) = standing
            && !anew
        {
            let (id, to) = (&step.id, to.clone());
            self.sink.note(text!(
                "{id}: 이미 함 (`{to}`까지 옴)",
                "{id}: done before (`{to}` went on from it)"
            ));
            going.outcomes.insert(&step.id, Outcome::Passed);
            return;
        }
        let mut all = Outcome::Skipped;
        for instance in &instances(step) {
            let (ready, reached) = self.ready(exercise, step, instance, &going.outcomes, Part::Whole);
            let became = match ready {
                None => reached,
                Some(_) if self.is_done(exercise, step, instance, standing, anew).await => {
                    let name = &instance.name;
                    self.sink.note(text!("{name}: 이미 함", "{name}: done before"));
                    Outcome::Passed
                }
                Some(ready) => self.carry_out(exercise, step, instance, &ready, going).await,
            };
            all = worst(all, became);
        }
        going.outcomes.insert(&step.id, all);
        if all == Outcome::Passed && going.acted.contains(step.id.as_str()) {
            self.note_solved(exercise, step).await;
        }
    }

    /// Whether an instance of a step is done now. Where no check tells, it is as it stood before anything was done `anew`.
    async fn is_done(
        &self,
        exercise: &Exercise,
        step: &Step,
        instance: &Instance,
        standing: &Standing,
        anew: bool,
    ) -> bool {
        let seen = looks(&self.sights(exercise, step, instance).await);
        let told = holds(exercise, &step.id, instance, &seen);
        told.unwrap_or(*standing == Standing::Holds && !anew)
    }

    async fn carry_out<'lab>(
        &self,
        exercise: &'lab Exercise,
        step: &'lab Step,
        instance: &Instance,
        ready: &[&Node],
        going: &mut Going<'lab>,
    ) -> Outcome {
        if let Some(variable) = going.lacks(exercise, step) {
            let reason = text!(
                "`${variable}`이(가) 필요한데, `lab`이 그 앞 단계를 직접 해야 알 수 있음",
                "it needs `${variable}`, which is known only where `lab` itself did the step before"
            );
            self.tell(
                exercise,
                None,
                Told::simple(&instance.name, Outcome::Skipped, reason),
            );
            return Outcome::Skipped;
        }
        going.acted.insert(&step.id);
        let acted = self
            .act(exercise, step, instance, ready, &mut going.captured)
            .await;
        if acted > Outcome::Passed {
            return acted;
        }
        worst(acted, self.checks(exercise, step, instance, ready).await)
    }
}

/// What a person is helped with so far.
#[derive(Default)]
struct Going<'lab> {
    outcomes: BTreeMap<&'lab str, Outcome>,
    acted: BTreeSet<&'lab str>,
    captured: Captured,
}

impl Going<'_> {
    /// A variable that a step's script uses and that only a step this did not carry out captures.
    fn lacks<'lab>(&self, exercise: &'lab Exercise, step: &Step) -> Option<&'lab str> {
        let Action::Solve(script) = &step.action else {
            return None;
        };
        let captures = exercise.steps.iter().flat_map(|one| &one.capture);
        let mut names = captures.map(|capture| capture.name.as_str());
        names.find(|name| {
            let given = self.captured.contains_key(*name) || step.matrix.contains_key(*name);
            uses(script, name) && !given
        })
    }
}
