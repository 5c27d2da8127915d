//! Says what making the bundle is going to take, and asks before a long build.

use crate::builder::{self, Options, Outlook, span};
use crate::cli::App;
use crate::doctor;
use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::text;
use crate::text::Text;

/// Compiling for fewer seconds than this is begun without asking.
const LONG: u64 = 90;

impl App {
    /// Returns if making what the bundle lacks is agreed to: nothing is lacking, or it does not take long, or somebody
    /// says yes. Says what it takes in any case, and returns the bytes it takes.
    pub fn consent(&self, paths: &Paths, options: &Options) -> Result<u64> {
        if self.global.offline {
            return Ok(0);
        }
        let outlook = builder::outlook(paths, options)?;
        let Some(estimate) = outlook.estimate else {
            return Ok(0);
        };
        self.sink.note(doctor::first_build(doctor::Estimate {
            minutes: (estimate.minutes, estimate.minutes + 3),
            download: estimate.download,
            disk: estimate.disk,
        }));
        for why in &outlook.passed_over {
            self.sink.warn(why.clone());
        }
        for (program, source) in &outlook.downloaded {
            self.sink.note(format!("  {program}: {source}").into());
        }
        for (program, source, seconds) in &outlook.compiled {
            let Text { ko, en } = span(*seconds);
            self.sink.note(Text {
                ko: format!("  {program}: {source}, {ko}"),
                en: format!("  {program}: {source}, {en}"),
            });
        }
        if outlook.compiling() < LONG || self.global.yes {
            return Ok(estimate.disk);
        }
        match self.out.ask(&question(&outlook), true) {
            Some(true) => Ok(estimate.disk),
            _ => Err(declined(&outlook)),
        }
    }
}

fn question(outlook: &Outlook) -> Text {
    let (count, Text { ko, en }) = (outlook.compiled.len(), span(outlook.compiling()));
    Text {
        ko: format!("프로그램 {count}개를 컴파일할까요? 모두 {ko}"),
        en: format!("compile {count} programs? {en} in all"),
    }
}

fn declined(outlook: &Outlook) -> Error {
    let count = outlook.compiled.len();
    Error::new(text!(
        "프로그램 {count}개를 컴파일해야 함",
        "{count} programs have to be compiled"
    ))
    .hint(text!(
        "`--yes`를 주거나, 이미 만든 컴퓨터에서 `lab bundle export FILE`, 여기서 `lab bundle import FILE`",
        "give `--yes`; or `lab bundle export FILE` on a machine that has them, `lab bundle import FILE` here"
    ))
}
