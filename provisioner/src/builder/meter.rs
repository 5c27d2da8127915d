//! Turns what mmdebstrap and apt print into progress: bytes while packages arrive, then how much is installed.

use std::fs;
use std::path::PathBuf;

use crate::event::{Sink, Work};
use crate::text;

/// What mmdebstrap says when a part of its work begins, and how far that is, in hundredths.
const STAGES: [(&str, u64); 6] = [
    ("running apt-get update", 1),
    ("downloading packages", 3),
    ("extracting archives", 6),
    ("installing essential", 10),
    ("installing remaining", 25),
    ("cleaning package lists", INSTALLED),
];

/// How far an artifact is when all its packages are installed, in hundredths; the rest is packing.
pub const INSTALLED: u64 = 85;

/// Progress of one artifact.
pub struct Meter<'a> {
    sink: &'a Sink,
    work: &'a Work,
    name: &'a str,
    archives: PathBuf,
    stages: std::vec::IntoIter<(u64, u64)>,
    stage: (u64, u64),
    steps: u64,
    taken: u64,
    percent: u64,
    awaited: u64,
    before: u64,
    download: Option<Work>,
    downloads: u32,
}

impl<'a> Meter<'a> {
    /// For the artifact `name`, whose packages apt puts below `root`. `stages`: from and to which hundredth each
    /// installation by apt goes.
    pub fn new(
        sink: &'a Sink,
        work: &'a Work,
        name: &'a str,
        root: &std::path::Path,
        stages: Vec<(u64, u64)>,
    ) -> Self {
        Self {
            sink,
            work,
            name,
            archives: root.join("var/cache/apt/archives"),
            stages: stages.into_iter(),
            stage: (0, INSTALLED),
            steps: 0,
            taken: 0,
            percent: 0,
            awaited: 0,
            before: 0,
            download: None,
            downloads: 0,
        }
    }

    /// Reads a line that was printed; an empty one means that a second went by.
    pub fn line(&mut self, line: &str) {
        if line.starts_with("I: ") {
            let begun = STAGES.iter().find(|(stage, _)| line.contains(stage));
            self.percent = begun.map_or(self.percent, |(_, percent)| *percent);
        } else if let Some((_, rest)) = line.split_once(" upgraded, ") {
            let count = rest.split(' ').next().and_then(|count| count.parse().ok());
            self.stage = self.stages.next().unwrap_or(self.stage);
            (self.steps, self.taken) = (count.unwrap_or(0) * 2, 0);
        } else if let Some(rest) = line.strip_prefix("Need to get ") {
            self.awaited = rest.split(" of ").next().and_then(size).unwrap_or(0);
            self.before = self.arrived();
        } else if line.starts_with("Get:") && self.awaited > 0 {
            self.receive();
        } else if line.starts_with("Fetched ") {
            self.received();
        } else if line.starts_with("Unpacking ") || line.starts_with("Setting up ") {
            self.taken += 1;
            let (from, to) = self.stage;
            let part = (to - from) * self.taken.min(self.steps) / self.steps.max(1);
            self.percent = self.percent.max(from + part);
        }
        self.say();
    }

    fn say(&self) {
        match &self.download {
            Some(download) => {
                let done = self.arrived().saturating_sub(self.before).min(self.awaited);
                download.progress(done, Some(self.awaited), true);
            }
            None => self.work.progress(self.percent, Some(100), false),
        }
    }

    fn receive(&mut self) {
        if self.download.is_none() {
            self.downloads += 1;
            self.download = Some(self.sink.work(
                None,
                format!("bundle {} download {}", self.name, self.downloads),
                text!("{}의 패키지 받기", "download packages of {}", self.name),
            ));
        }
    }

    fn received(&mut self) {
        if let Some(download) = self.download.take() {
            download.progress(self.awaited, Some(self.awaited), true);
            let _ = download.finish(Ok::<(), String>(()));
        }
        self.awaited = 0;
    }

    /// Bytes of packages that have arrived.
    fn arrived(&self) -> u64 {
        [self.archives.clone(), self.archives.join("partial")]
            .iter()
            .filter_map(|directory| fs::read_dir(directory).ok())
            .flat_map(|entries| entries.flatten())
            .filter_map(|entry| entry.metadata().ok())
            .filter(fs::Metadata::is_file)
            .map(|file| file.len())
            .sum()
    }
}

/// Bytes of `8,175 kB`, or of what is left to get in `5,123 kB/8,175 kB`.
pub fn size(text: &str) -> Option<u64> {
    let (number, unit) = text.split('/').next()?.split_once(' ')?;
    let number: f64 = number.replace(',', "").parse().ok()?;
    let factor = match unit {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return None,
    };
    Some((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::event::{Event, Reporter, What};

    type Amount = (u64, Option<u64>, bool);

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<Amount>>>);

    impl Reporter for Seen {
        fn report(&mut self, event: &Event) {
            if let What::WorkProgress {
                done, total, bytes, ..
            } = &event.what
            {
                self.0.lock().unwrap().push((*done, *total, *bytes));
            }
        }
    }

    #[test]
    fn apt_is_read_as_bytes_then_as_packages() {
        let (sink, seen) = (Sink::default(), Seen::default());
        sink.add(Box::new(seen.clone()));
        let root = tempfile::tempdir().unwrap();
        let archives = root.path().join("var/cache/apt/archives/partial");
        fs::create_dir_all(&archives).unwrap();
        let work = sink.work(None, "x", "x".into());
        let mut meter = Meter::new(&sink, &work, "x", root.path(), vec![(10, 90)]);
        let mut last = |line: &str| {
            meter.line(line);
            *seen.0.lock().unwrap().last().unwrap()
        };
        last("0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.");
        last("Need to get 1,000 kB of archives.");
        last("Get:1 http://example.org trixie/main amd64 a amd64 1 [700 kB]");
        fs::write(archives.join("a.deb"), vec![0; 250_000]).unwrap();
        assert_eq!(last(""), (250_000, Some(1_000_000), true));
        last("Fetched 1,000 kB in 2s (500 kB/s)");
        assert_eq!(last("Unpacking a (1) ..."), (30, Some(100), false));
        last("Unpacking b (1) ...");
        last("Setting up a (1) ...");
        assert_eq!(last("Setting up b (1) ..."), (90, Some(100), false));
    }

    #[test]
    fn sizes_are_what_is_left_to_get() {
        assert_eq!(size("25.4 MB"), Some(25_400_000));
        assert_eq!(size("5,123 kB/8,175 kB"), Some(5_123_000));
        assert_eq!(size("some"), None);
    }
}
