//! Lines on a terminal: one per running work at the bottom, redrawn; finished lines scroll above.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::Key;
use super::line::Amount;

/// The bottom of a terminal.
pub(super) struct Live {
    bars: MultiProgress,
    works: HashMap<Key, (ProgressBar, String)>,
}

impl Live {
    pub fn new() -> Self {
        Self {
            bars: MultiProgress::new(),
            works: HashMap::new(),
        }
    }

    pub fn print(&mut self, line: &str) {
        // `println` draws nothing while no bar is shown.
        self.bars.suspend(|| {
            use std::io::Write;
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        });
    }

    pub fn start(&mut self, key: Key, label: String) {
        let bar = self.bars.add(ProgressBar::new_spinner());
        bar.set_style(style("{spinner} {msg}  {elapsed}"));
        bar.set_message(label.clone());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.works.insert(key, (bar, label));
    }

    pub fn progress(&mut self, key: &Key, amount: Amount) {
        let Some((bar, _)) = self.works.get(key) else {
            return;
        };
        match amount.total {
            Some(total) if bar.length() != Some(total) => {
                bar.set_length(total);
                bar.set_style(style(if amount.bytes {
                    "{spinner} {msg}  {bar:20} {percent:>3}%  {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}"
                } else {
                    "{spinner} {msg}  {bar:20} {percent:>3}%  {pos}/{len}"
                }));
            }
            None if amount.bytes => bar.set_style(style("{spinner} {msg}  {binary_bytes}  {elapsed}")),
            _ => {}
        }
        bar.set_position(amount.done);
    }

    /// Takes the work's line away and returns its label.
    pub fn finish(&mut self, key: &Key) -> Option<String> {
        let (bar, label) = self.works.remove(key)?;
        bar.finish_and_clear();
        self.bars.remove(&bar);
        Some(label)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        for (bar, _) in self.works.values() {
            bar.finish_and_clear();
        }
        let _ = self.bars.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .progress_chars("━╸ ")
}
