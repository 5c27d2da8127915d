//! Red, green, red: each check of an exercise is looked at before the exercise, in it, and after its cleanup. What that proves is
//! decided by `lab::proof`.

use super::{Part, Runner};
use crate::lab::Exercise;
use crate::lab::proof::Proof;
use crate::lab::step::{check_name, instances};

impl Runner<'_> {
    /// Runs the exercise between two looks at its checks.
    pub async fn prove(&self, exercise: &Exercise) -> Vec<Proof> {
        self.take_back_left(exercise).await;
        let before = self.look_once(exercise).await;
        self.exercise(exercise, Part::Whole).await;
        let after = self.look_once(exercise).await;
        let solved = self.tally().checks;
        let mut proofs = vec![];
        for step in &exercise.steps {
            for instance in &instances(step) {
                for check in &step.checks {
                    let name = check_name(exercise, instance, check);
                    proofs.push(Proof {
                        before: before.get(&name).copied(),
                        solved: solved.get(&name).copied(),
                        after: after.get(&name).copied(),
                        already_true: check.already_true.clone(),
                        step: format!("{}/{}", exercise.id, step.id),
                        check: name,
                    });
                }
            }
        }
        proofs
    }
}
