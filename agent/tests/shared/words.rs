//! What a command on a node says, waited for.

#![expect(clippy::panic, reason = "tests")]

use agent::client::{Output, Running};

pub async fn text_until(running: &mut Running, wanted: &str) -> String {
    let mut all = String::new();
    while !all.contains(wanted) {
        match running.next().await {
            Some(Output::Stdout(bytes) | Output::Stderr(bytes)) => {
                all.push_str(&String::from_utf8_lossy(&bytes))
            }
            None => panic!("ended without {wanted:?}: {all:?}"),
        }
    }
    all
}
