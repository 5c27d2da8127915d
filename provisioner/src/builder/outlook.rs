//! What making a bundle is going to take here: known before anything is made, so that a person can be asked.

use std::collections::BTreeSet;

use super::resolve::{Resolver, name, seconds};
use super::{Options, cache::Cache, open};
use crate::bundle::recipe::Kind;
use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::text;
use crate::text::Text;

/// Bytes that Go keeps of what it downloaded and compiled in a second, of those that recipes tell.
const KEPT: u64 = 6 << 20;

/// What a build will take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Minutes.
    pub minutes: u32,
    /// Bytes to download.
    pub download: u64,
    /// Bytes of disk.
    pub disk: u64,
}

/// What building all that every cluster needs takes.
pub const ESTIMATE: Estimate = Estimate {
    minutes: 3,
    download: 440 << 20,
    disk: 2200 << 20,
};

/// What making the bundle takes here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// All of it; nothing if nothing is lacking.
    pub estimate: Option<Estimate>,
    /// Programs to compile, each with its source and the seconds that usually takes.
    pub compiled: Vec<(String, String, u64)>,
    /// Programs to download, each with its source.
    pub downloaded: Vec<(String, String)>,
    /// Why a source before those was passed over, each reason once.
    pub passed_over: Vec<Text>,
}

/// As `about 4 minutes`.
pub fn span(seconds: u64) -> Text {
    match seconds {
        0..5 => text!("몇 초", "a few seconds"),
        5..90 => text!("약 {seconds}초", "about {seconds} seconds"),
        _ => text!("약 {}분", "about {} minutes", seconds.div_ceil(60)),
    }
}

/// Looks which artifacts are lacking, and which source of each program can be reached.
pub fn outlook(paths: &Paths, options: &Options) -> Result<Outlook> {
    let mut outlook = Outlook::default();
    let opened = open(paths, &options.extent)?;
    let Err(lacks) = opened.shelf(&Cache::peek(&paths.cache), false).all()? else {
        return Ok(outlook);
    };
    let lacking = |name: &str| lacks.iter().any(|lack| lack.name == name);
    let mut estimate = Estimate::default();
    if opened
        .recipes
        .artifacts
        .iter()
        .any(|recipe| lacking(&recipe.name))
    {
        estimate = ESTIMATE;
    }
    let temporary =
        tempfile::tempdir().map_err(|error| Error::new("cannot make a directory").because(error))?;
    let resolver = Resolver::new(&paths.cache);
    let (mut spent, mut seen) = (0, BTreeSet::new());
    let programs = opened
        .engines
        .iter()
        .chain(&opened.kubernetes)
        .flat_map(|wanted| &wanted.recipes.artifacts);
    for recipe in programs.filter(|recipe| recipe.kind == Kind::Binary && lacking(&recipe.name)) {
        let (source, reasons) = resolver.first(recipe, temporary.path())?;
        for (_, error) in reasons {
            let why = error.causes().last().cloned().unwrap_or_default();
            if seen.insert(why.clone()) {
                let Text { ko, en } = error.what().clone();
                outlook.passed_over.push(Text {
                    ko: format!("{ko}: {why}"),
                    en: format!("{en}: {why}"),
                });
            }
        }
        let usual = source.usual();
        estimate.download += usual.megabytes * 1_000_000;
        if source.compiles() {
            spent += seconds(usual);
            estimate.disk += u64::from(usual.seconds) * KEPT;
            outlook
                .compiled
                .push((recipe.name.clone(), name(source), seconds(usual)));
        } else {
            outlook.downloaded.push((recipe.name.clone(), name(source)));
        }
    }
    if opened.kubernetes.is_some() {
        // Programs, images and the archive of them.
        estimate.disk += 700 << 20;
    }
    estimate.disk += (opened.engines.len() as u64) * (150 << 20);
    estimate.minutes += u32::try_from(spent.div_ceil(60)).unwrap_or(u32::MAX);
    outlook.estimate = Some(estimate);
    Ok(outlook)
}

impl Outlook {
    /// Seconds of compiling.
    pub fn compiling(&self) -> u64 {
        self.compiled.iter().map(|(_, _, seconds)| seconds).sum()
    }
}
