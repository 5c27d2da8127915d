//! Parts of the bundle that not every cluster needs (Kubernetes, programs of engines): programs, images of them, and the
//! archive of those a node has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cache::{Held, Record, inventory};
use super::extra::{Extra, PROGRAMS};
use super::image::Ground;
use super::make::{Build, joined};
use super::shelf::{Lack, Place, Shelf, below, note};
use super::tree::{self, Compression};
use super::{architecture, binary, program};
use crate::bundle::Part as Wanted;
use crate::bundle::layout::sha256;
use crate::bundle::lock::Entry;
use crate::bundle::recipe::{Kind, Recipe};
use crate::error::{Error, Result};
use crate::text;

fn of_kind(wanted: &Wanted, kind: Kind) -> impl Iterator<Item = &Recipe> {
    wanted
        .recipes
        .artifacts
        .iter()
        .filter(move |recipe| recipe.kind == kind)
}

/// The programs a node has, by path.
fn on_node<'h>(wanted: &Wanted, binaries: &'h [Held]) -> Option<BTreeMap<String, &'h Held>> {
    let find = |name: &String| binaries.iter().find(|held| held.record.name == *name);
    let one = |(path, name): (&String, &String)| Some((path.clone(), find(name)?));
    wanted.programs.iter().map(one).collect()
}

/// Changes when the same programs would give another archive.
const ARCHIVE: &str = "2";

/// Names the archive of these programs, which were asked for these images.
fn programs_key(wanted: &Wanted, programs: &BTreeMap<String, &Held>) -> String {
    let lines: Vec<String> = programs
        .iter()
        .map(|(path, held)| format!("{path} {:?}", held.record.diff_id))
        .collect();
    let images: Vec<&str> = of_kind(wanted, Kind::OciImage)
        .map(|recipe| recipe.name.as_str())
        .collect();
    sha256(format!("programs {ARCHIVE} {} {lines:?} {images:?}", architecture()).as_bytes())
}

impl Shelf<'_> {
    fn programs(&self, wanted: &Wanted, programs: &BTreeMap<String, &Held>) -> Place {
        let held = self.cache.held(&programs_key(wanted, programs));
        held.map_or(Place::Missing, |held| self.judged(held))
    }

    /// What is there of a part; all of it unless something is added to `lacks`.
    pub fn extra(&self, wanted: &Wanted, bases: &[Held], lacks: &mut Vec<Lack>) -> Option<Extra> {
        let look = |recipe: &Recipe, made: &[&Held], lacks: &mut Vec<Lack>| {
            note(self.place(recipe, made), &recipe.name, lacks)
        };
        let binaries: Vec<Held> = of_kind(wanted, Kind::Binary)
            .filter_map(|recipe| look(recipe, &[], lacks))
            .collect();
        let made: Vec<&Held> = bases.iter().chain(&binaries).collect();
        let images = of_kind(wanted, Kind::OciImage)
            .filter_map(|recipe| look(recipe, &made, lacks))
            .collect();
        let place =
            on_node(wanted, &binaries).map_or(Place::Missing, |programs| self.programs(wanted, &programs));
        let programs = note(place, &wanted.name, lacks)?;
        Some(Extra {
            version: wanted.version.clone(),
            engine: wanted.engine.clone(),
            binaries,
            images,
            programs,
        })
    }
}

impl Build<'_> {
    /// A part's programs, one after the other: a compiler takes all processors there are.
    fn binaries(&self, wanted: &Wanted) -> Result<Vec<Held>> {
        of_kind(wanted, Kind::Binary)
            .map(|recipe| self.ensure(recipe, &Ground::default()))
            .collect()
    }

    /// All of a part.
    pub fn extra(&self, wanted: &Wanted, bases: &[Held]) -> Result<Extra> {
        let binaries = self.binaries(wanted)?;
        let images: Result<Vec<Held>> = std::thread::scope(|scope| {
            let binaries = &binaries;
            let made: Vec<_> = of_kind(wanted, Kind::OciImage)
                .map(|recipe| {
                    scope.spawn(move || self.ensure(recipe, &self.ground(recipe, bases, binaries)?))
                })
                .collect();
            made.into_iter().map(joined).collect()
        });
        let images = images?;
        let programs = on_node(wanted, &binaries).ok_or_else(|| Error::new("a program was not made"))?;
        let programs = match self.found(self.shelf.programs(wanted, &programs), &wanted.name) {
            Some(held) => held,
            None => self.pack(wanted, &programs)?,
        };
        Ok(Extra {
            version: wanted.version.clone(),
            engine: wanted.engine.clone(),
            binaries,
            images,
            programs,
        })
    }

    /// What an image is made on.
    fn ground<'h>(
        &'h self,
        recipe: &'h Recipe,
        bases: &'h [Held],
        binaries: &'h [Held],
    ) -> Result<Ground<'h>> {
        let lacking = || Error::new(format!("{}: something below it was not made", recipe.name));
        let made: Vec<&Held> = bases.iter().chain(binaries).collect();
        let mut below = below(recipe, &made).ok_or_else(lacking)?.into_iter();
        let base = match &recipe.base {
            Some(_) => Some(below.next().ok_or_else(lacking)?),
            None => None,
        };
        let paths = recipe.binaries.keys().map(String::as_str);
        Ok(Ground {
            base,
            binaries: paths.zip(below).collect(),
        })
    }

    /// Packs the programs a node has.
    fn pack(&self, wanted: &Wanted, programs: &BTreeMap<String, &Held>) -> Result<Held> {
        let work = self.sink.work(
            None,
            format!("bundle {}", wanted.name),
            text!("노드의 프로그램 묶기", "pack the programs of nodes"),
        );
        let make = || {
            let temporary = self.shelf.cache.temporary()?;
            let (root, out) = (temporary.path().join("root"), temporary.path().join("out"));
            let made = std::fs::create_dir(&root).and_then(|()| std::fs::create_dir(&out));
            made.map_err(|error| Error::new("cannot write the cache").because(error))?;
            for (path, held) in programs {
                binary::place(held, &root, path)?;
            }
            compare(wanted, &root, temporary.path())?;
            let paths: Vec<String> = tree::scan(&root)?.into_keys().collect();
            tree::pack(&root, &paths, &out.join(PROGRAMS), Compression::Zstd, |percent| {
                work.progress(percent, Some(100), false);
            })?;
            let record = record(&wanted.name, programs, &out)?;
            self.shelf
                .cache
                .store(&out, &record, &programs_key(wanted, programs), &[])
        };
        let made = make();
        work.finish(made)
    }
}

/// Where kubeadm is among the programs of a node.
const KUBEADM: &str = "usr/local/bin/kubeadm";

/// Asks kubeadm which images it is going to want; the recipes have to make these.
fn compare(wanted: &Wanted, root: &Path, temporary: &Path) -> Result<()> {
    let program = root.join(KUBEADM);
    if !program.is_file() {
        return Ok(());
    }
    let argv = [
        program.display().to_string(),
        "config".into(),
        "images".into(),
        "list".into(),
        format!("--kubernetes-version=v{}", wanted.version),
    ];
    let told = program::run(&argv, None, temporary, |_| ())?;
    let asked: BTreeSet<&str> = told
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let made: BTreeSet<&str> = of_kind(wanted, Kind::OciImage)
        .map(|recipe| recipe.name.as_str())
        .collect();
    if asked == made {
        return Ok(());
    }
    let join = |names: Vec<&&str>| names.into_iter().copied().collect::<Vec<_>>().join(" ");
    Err(Error::new(text!(
        "kubeadm {}이(가) 쓰는 이미지와 레시피가 다름",
        "the recipes do not make the images kubeadm {} wants",
        wanted.version
    ))
    .cause(format!(
        "lacking: {}; not asked for: {}",
        join(asked.difference(&made).collect()),
        join(made.difference(&asked).collect())
    )))
}

fn record(name: &str, programs: &BTreeMap<String, &Held>, out: &Path) -> Result<Record> {
    let (files, sha256, size) = inventory(out, &[PROGRAMS.to_owned()])?;
    let packages = programs
        .values()
        .flat_map(|held| held.record.entry.packages.clone())
        .collect();
    let entry = Entry {
        source: "programs of this bundle".into(),
        packages,
        sha256,
        size,
    };
    Ok(Record {
        name: name.to_owned(),
        entry,
        files,
        manifest: None,
        diff_id: None,
    })
}
