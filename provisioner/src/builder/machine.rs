//! Makes boxes for Vagrant: the node image as a machine with the user vagrant, in the form a hypervisor takes. What is on such
//! a machine the recipes say; nothing of it is kept in the cache.

mod container;
mod content;
mod disk;
mod efi;
mod grub;
mod platform;
mod vagrant;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::cache::{Cache, Held};
use super::meter::{INSTALLED, Meter};
use super::shelf::Parts;
use super::{Extent, architecture, debian, file, program, tree};
use crate::bundle::machine::{self, EMBEDDED, Hypervisor, file_name};
use crate::bundle::recipe::Recipe;
use crate::error::{Error, Result};
use crate::event::{Sink, Work};
use crate::paths::Paths;
use crate::text;
use crate::text::Text;

/// How far a machine is when the node image is unpacked, in hundredths.
const UNPACKED: u64 = 15;

/// A box that was written.
#[derive(Clone, Debug)]
pub struct Made {
    /// For whom.
    pub hypervisor: Hypervisor,
    /// Its file.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |error| Error::new(format!("cannot write {}", path.display())).because(error)
}

/// What is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Of this node image.
    pub node: &'a Held,
    /// With `lab` in it and these parts of the bundle, which are of this extent; `None`: bare.
    pub content: Option<(&'a Parts, &'a Extent)>,
    /// For these; those with a disk have the same one.
    pub hypervisors: &'a [Hypervisor],
    /// In this directory.
    pub output: &'a Path,
}

/// Makes boxes of one node image.
struct Making<'a> {
    order: Order<'a>,
    paths: &'a Paths,
    cache: &'a Cache,
    recipes: (String, String),
    sink: &'a Sink,
}

/// Makes boxes.
pub fn boxes(paths: &Paths, order: Order<'_>, sink: &Sink) -> Result<Vec<Made>> {
    let Order {
        hypervisors, output, ..
    } = order;
    fs::create_dir_all(output).map_err(failed(output))?;
    let making = Making {
        order,
        paths,
        cache: &Cache::open(&paths.cache)?,
        recipes: file(paths, "box.yaml", EMBEDDED)?,
        sink,
    };
    let (disks, containers): (Vec<Hypervisor>, Vec<Hypervisor>) =
        hypervisors.iter().partition(|hypervisor| hypervisor.boots());
    let mut made = vec![];
    if let Some(&hypervisor) = containers.first() {
        made.push(making.container(hypervisor)?);
    }
    if !disks.is_empty() {
        made.extend(making.disks(&disks)?);
    }
    Ok(made)
}

impl Making<'_> {
    fn image(&self) -> &str {
        &self.order.node.record.name
    }

    fn recipe(&self, disk: bool) -> Result<Recipe> {
        let (name, text) = &self.recipes;
        machine::recipe(name, text, architecture(), disk)
    }

    fn target(&self, hypervisor: Hypervisor) -> PathBuf {
        self.order
            .output
            .join(file_name(self.image(), architecture(), hypervisor))
    }

    fn container(&self, hypervisor: Hypervisor) -> Result<Made> {
        let work = self.work(
            "container",
            text!("컨테이너인 기계 만들기", "make the machine as a container"),
        );
        let make = || {
            let temporary = self.cache.temporary()?;
            let root = temporary.path().join("root");
            self.furnish(&self.recipe(false)?, &root, temporary.path(), &work)?;
            let target = self.target(hypervisor);
            container::archive(self.image(), &root, temporary.path(), &target, &work)?;
            made(hypervisor, target)
        };
        let made = make();
        work.finish(made)
    }

    fn disks(&self, hypervisors: &[Hypervisor]) -> Result<Vec<Made>> {
        let temporary = self.cache.temporary()?;
        let (root, raw) = (temporary.path().join("root"), temporary.path().join("disk"));
        let work = self.work(
            "disk",
            text!(
                "디스크에서 부팅하는 기계 만들기",
                "make the machine that boots from a disk"
            ),
        );
        let make = || {
            self.furnish(&self.recipe(true)?, &root, temporary.path(), &work)?;
            let versions = debian::versions(&root, temporary.path())?;
            let platform = platform::platform(architecture())?;
            disk::disk(platform, &root, temporary.path(), &raw)?;
            fs::remove_dir_all(&root).map_err(failed(&root))?;
            Ok(info(self.image(), &versions))
        };
        let made_disk: Result<vagrant::Info> = make();
        let info = work.finish(made_disk)?;
        let pack = |&hypervisor: &Hypervisor| {
            let work = self.work(
                hypervisor.name(),
                text!("{} box로 묶기", "pack the box for {}", hypervisor.name()),
            );
            let target = self.target(hypervisor);
            let written = vagrant::write((self.image(), &info), hypervisor, &raw, temporary.path(), &target);
            work.finish(written.and_then(|()| made(hypervisor, target)))
        };
        hypervisors.iter().map(pack).collect()
    }

    fn work(&self, id: &str, text: Text) -> Work {
        self.sink.work(None, format!("box {id}"), text)
    }

    /// Puts the node image into the new directory `root`, and on it what the recipe says.
    fn furnish(&self, recipe: &Recipe, root: &Path, temporary: &Path, work: &Work) -> Result<()> {
        fs::create_dir(root).map_err(failed(root))?;
        let image = self.order.node.artifact("rootfs.tar.zst")?.path;
        let unpack = ["tar", "--numeric-owner", "--xattrs", "--xattrs-include=*", "-xpf"];
        let paths = [&image.display().to_string(), "-C", &root.display().to_string()].map(str::to_owned);
        let argv: Vec<String> = unpack.map(str::to_owned).into_iter().chain(paths).collect();
        program::run(&argv, None, temporary, |_| ())?;
        work.progress(UNPACKED, Some(100), false);
        if let Some(debian) = recipe.debian().find(|debian| !debian.packages.is_empty()) {
            let mut meter = Meter::new(self.sink, work, &recipe.name, root, vec![(UNPACKED, INSTALLED)]);
            debian::install(debian, root, temporary, &mut meter)?;
        }
        let inside = |script: &str| {
            let argv = ["sh", "-c", script].map(str::to_owned);
            program::run(&argv, Some(root), temporary, |_| ()).map(drop)
        };
        inside("useradd --uid 1000 --create-home --shell /bin/bash --groups sudo,docker vagrant")?;
        tree::furnish(root, recipe)?;
        if let Some(parts) = self.order.content {
            content::place((self.paths, self.cache), parts, root, temporary)?;
        }
        inside("chmod 700 /home/vagrant/.ssh && chown --recursive vagrant:vagrant /home/vagrant")
    }
}

fn made(hypervisor: Hypervisor, path: PathBuf) -> Result<Made> {
    let (sha256, size) = tree::digest(&path).map_err(failed(&path))?;
    Ok(Made {
        hypervisor,
        path,
        size,
        sha256,
    })
}

/// What a box says of itself.
fn info(image: &str, versions: &BTreeMap<String, String>) -> vagrant::Info {
    let told = ["docker.io", "containerd", "systemd", "openssh-server"];
    let kernel = versions
        .iter()
        .find(|(name, _)| name.starts_with("linux-image-6"));
    let found = told.iter().filter_map(|name| versions.get_key_value(*name));
    let all: BTreeMap<&String, &String> = found.chain(kernel).collect();
    serde_json::json!({"image": image, "versions": all})
}
