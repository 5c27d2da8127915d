//! A run as JUnit XML: a suite per exercise, a case per step and check on each node. Written when the run ends.

use std::path::PathBuf;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::event::{Done, Event, Outcome, Reporter, What};

/// Writes junit.xml.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
    report: Report,
}

impl Junit {
    /// Into `path`, once the run has finished.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            report: Report::new("lab"),
        }
    }

    fn case(&mut self, done: &Done<'_>, on: &str) {
        let mut status = match done.outcome {
            Outcome::Passed => TestCaseStatus::success(),
            Outcome::Skipped => TestCaseStatus::skipped(),
            Outcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Outcome::Errored | Outcome::Blocked => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        if done.outcome != Outcome::Passed {
            status.set_message(done.reason.map(ToString::to_string).unwrap_or_default());
        }
        let mut case = TestCase::new(format!("{}{on}", done.name()), status);
        case.set_classname(done.exercise)
            .set_time(Duration::from_millis(done.millis))
            .set_system_out(done.output);
        match self
            .report
            .test_suites
            .iter_mut()
            .find(|suite| suite.name.as_str() == done.exercise)
        {
            Some(suite) => {
                suite.add_test_case(case);
            }
            None => {
                let mut suite = TestSuite::new(done.exercise);
                suite.add_test_case(case);
                self.report.add_test_suite(suite);
            }
        }
    }
}

impl Reporter for Junit {
    fn report(&mut self, event: &Event) {
        let on = event
            .node
            .as_ref()
            .map(|node| format!(" on {node}"))
            .unwrap_or_default();
        if let Some(done) = event.what.done() {
            self.case(&done, &on);
        }
        if let What::RunFinished { .. } = event.what
            && let Ok(text) = self.report.to_string()
        {
            let _ = std::fs::write(&self.path, text);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::event::{Counts, Sink};

    #[test]
    fn outcomes_become_cases() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("junit.xml");
        let sink = Sink::default();
        sink.add(Box::new(Junit::new(path.clone())));
        let node = "m-k8s".parse().unwrap();
        let step = |outcome, reason: Option<&str>| What::StepFinished {
            exercise: "one".into(),
            step: "run[a=b]".into(),
            title: None,
            outcome,
            millis: 5,
            command: String::new(),
            output: "seen\u{1b}[1m".into(),
            reason: reason.map(Into::into),
        };
        sink.send(Some(&node), step(Outcome::Passed, None));
        sink.send(Some(&node), step(Outcome::Failed, Some("not so")));
        sink.send(None, step(Outcome::Skipped, Some("no internet")));
        sink.send(
            None,
            What::RunFinished {
                counts: Counts::default(),
                millis: 1,
            },
        );
        let xml = std::fs::read_to_string(path).unwrap();
        assert!(
            xml.contains(r#"tests="3" skipped="1" errors="0" failures="1""#),
            "{xml}"
        );
        assert!(xml.contains(r#"<failure message="not so"/>"#), "{xml}");
        assert!(
            xml.contains(r#"name="run[a=b] on m-k8s" classname="one""#),
            "{xml}"
        );
    }
}
