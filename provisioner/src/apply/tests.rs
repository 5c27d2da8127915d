//! The order in which changes run, and what a failure leaves.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use super::*;
use crate::plan::Action;
use crate::text;

fn change(id: &str, after: &[&str]) -> Change {
    Change {
        id: id.into(),
        node: None,
        action: Action::IssueLeaf,
        after: after.iter().map(|id| (*id).to_owned()).collect(),
        text: text!("일", "work"),
        why: text!("까닭", "why"),
    }
}

/// Runs changes whose ids say what they do: `fail-…` fails, `drop-X` makes X needless. Returns the order and the errors.
async fn run(changes: &[(&str, &[&str])], interrupt: &Interrupt) -> (String, usize) {
    let done = Arc::new(Mutex::new(vec![]));
    let perform = |change: Change| {
        let done = done.clone();
        async move {
            done.lock().unwrap().push(change.id.clone());
            match change.id.split_once('-') {
                Some(("fail", _)) => Err(Error::new("it failed")),
                Some(("drop", id)) => Ok(vec![id.to_owned()]),
                _ => Ok(vec![]),
            }
        }
    };
    let changes = changes.iter().map(|(id, after)| change(id, after)).collect();
    let result = apply(changes, (&Sink::default(), interrupt), None, perform).await;
    let order = done.lock().unwrap().join(" ");
    (order, result.err().map_or(0, |errors| errors.len()))
}

#[tokio::test]
async fn changes_run_after_what_they_need() {
    let changes: &[(&str, &[&str])] = &[("c", &["b"]), ("b", &["a"]), ("a", &[])];
    assert_eq!(run(changes, &Interrupt::default()).await, ("a b c".into(), 0));
}

#[tokio::test]
async fn what_does_not_depend_on_a_failure_goes_on_and_what_does_is_left() {
    let changes: &[(&str, &[&str])] = &[("fail-a", &[]), ("b", &["fail-a"]), ("c", &[]), ("d", &["c"])];
    assert_eq!(
        run(changes, &Interrupt::default()).await,
        ("fail-a c d".into(), 1)
    );
}

#[tokio::test]
async fn what_a_boot_shows_to_be_needless_is_not_done_and_not_waited_for() {
    let changes: &[(&str, &[&str])] = &[("drop-b", &[]), ("b", &["drop-b"]), ("c", &["b"])];
    assert_eq!(run(changes, &Interrupt::default()).await, ("drop-b c".into(), 0));
}

#[tokio::test]
async fn after_an_interrupt_nothing_begins() {
    let interrupt = Interrupt::default();
    interrupt.request();
    assert_eq!(run(&[("a", &[])], &interrupt).await, (String::new(), 1));
}
