//! Recordings of steps: what was typed and what came back, handed to the report's casts.

use super::Runner;
use super::classroom::{Ran, Script, used};
use crate::event::What;
use crate::lab::step::Instance;
use crate::lab::{Exercise, Step};
use crate::report::cast::About;
use crate::text;
use crate::transport::quote::word;

impl Runner<'_> {
    /// Keeps what a step's terminal showed, if casts are kept. That it could not is said, and changes no outcome.
    pub(super) fn record(
        &self,
        exercise: &Exercise,
        step: &Step,
        instance: &Instance,
        (script, ran): (&Script<'_>, &Ran),
    ) {
        let (Some(casts), Some(tape)) = (&self.classroom.casts, &ran.tape) else {
            return;
        };
        let node = script.node.name.as_str();
        let name = format!("{}/{}/{} {node}", self.lab.name, exercise.id, instance.name);
        let (ko, en) = (&step.title.ko, &step.title.en);
        let about = About {
            name: [&exercise.id, &instance.name, node],
            title: text!("{name}: {ko}", "{name}: {en}"),
            typed: typed(script),
        };
        match casts.write(&about, tape) {
            Err(error) => self.sink.warn(error.told()),
            Ok(file) => self.sink.send(
                Some(&script.node.name),
                What::Recorded {
                    exercise: exercise.id.clone(),
                    step: instance.name.clone(),
                    file,
                },
            ),
        }
    }
}

/// The script after the variables it uses: what a person at the node's own shell would type.
fn typed(script: &Script<'_>) -> String {
    let set = used(script).map(|(name, value)| format!("{name}={}\n", word(value)));
    set.collect::<String>() + &script.text
}
