//! What a run came to, and whether that counts as done.

use std::collections::BTreeMap;

use crate::config::Cluster;
use crate::event::{Counts, Outcome};
use crate::lab::sabotage::Finding;
use crate::lab::step::skippable;
use crate::lab::{Exercise, Lab};
use crate::text;
use crate::text::Text;

/// What a run has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Steps and checks by outcome.
    pub counts: Counts,
    /// How each check (`exercise/step/check`) ended, on the node where it ended worst.
    pub checks: BTreeMap<String, Outcome>,
    /// Passed checks by exercise.
    pub passed_checks: BTreeMap<String, u32>,
    /// Steps (`exercise/step`, without matrix values) that were skipped.
    pub skipped: Vec<String>,
    /// What breaking things showed.
    pub findings: Vec<Finding>,
    /// The first exercise that was not carried out whole because the run was to stop.
    pub interrupted: Option<String>,
}

impl Tally {
    /// Why the run does not count as done; empty: it does. (DESIGN 10: nothing failed, errored or blocked, each exercise has
    /// a passed check or was skipped whole, each skip is allowed.)
    ///
    /// What cluster.yaml itself has no place for needs no leave to be skipped: the cluster is what was asked for.
    pub fn objections(&self, lab: &Lab, exercises: &[&Exercise], cluster: &Cluster) -> Vec<Text> {
        let allowed = skippable(lab, cluster);
        let mut objections = vec![];
        let bad = self.counts.failed + self.counts.errored + self.counts.blocked;
        if bad > 0 {
            objections.push(text!(
                "통과하지 못한 단계와 점검 {bad}개",
                "{bad} step(s) and check(s) did not pass"
            ));
        }
        for exercise in exercises {
            let none = self
                .passed_checks
                .get(&exercise.id)
                .is_none_or(|count| *count == 0);
            if none && !self.skipped_with_leave(&allowed, exercise) {
                let id = &exercise.id;
                objections.push(text!("{id}: 통과한 점검이 하나도 없음", "{id}: no check passed"));
            }
        }
        for step in self.skipped.iter().filter(|step| !allowed.contains(step)) {
            objections.push(text!("{step}: 건너뛰어서는 안 됨", "{step} may not be skipped"));
        }
        objections
    }

    /// Whether all of it was skipped, as the lab allows: what it is about is not there.
    fn skipped_with_leave(&self, allowed: &[String], exercise: &Exercise) -> bool {
        exercise.steps.iter().all(|step| {
            let name = format!("{}/{}", exercise.id, step.id);
            self.skipped.contains(&name) && allowed.contains(&name)
        })
    }
}
