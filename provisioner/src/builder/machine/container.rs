//! A machine as a container: an archive that `docker load` takes, of one layer. The same tree gives the same bytes.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::super::mirror::append;
use super::super::tree::{self, Compression};
use super::super::{architecture, debian};
use super::failed;
use crate::bundle::layout::{self, Layer};
use crate::bundle::machine::reference;
use crate::bundle::recipe::Run;
use crate::error::{Error, Result};
use crate::event::Work;
use crate::provider::local::root::settle;

/// Where Docker, containerd, and Podman with CRI-O keep images.
const STORAGE: [&str; 3] = ["/var/lib/docker", "/var/lib/containerd", "/var/lib/containers"];

/// systemd, which ends at a signal of its own; what engines store is in volumes, as overlays do not lie on overlays.
fn run() -> Run {
    Run {
        command: vec!["/usr/local/sbin/lab-init".into()],
        ports: vec!["22/tcp".into()],
        volumes: STORAGE.map(Into::into).into(),
        stop_signal: Some("SIGRTMIN+3".into()),
        ..Run::default()
    }
}

/// Writes the archive of the machine in `root`, named after the node image `image`, to `target`.
pub fn archive(image: &str, root: &Path, temporary: &Path, target: &Path, work: &Work) -> Result<()> {
    settle(root)?;
    let blob = temporary.join("layer.tar.gz");
    let packed = tree::pack(
        root,
        &debian::stored(root)?,
        &blob,
        Compression::Gzip,
        |percent| {
            work.progress(20 + percent * 70 / 100, Some(100), false);
        },
    )?;
    let layer = Layer {
        sha256: packed.sha256,
        size: packed.size,
        diff_id: packed.diff_id,
        created_by: format!("lab box build: {image}"),
    };
    let config = layout::documents(
        architecture(),
        tree::CREATED,
        std::slice::from_ref(&layer),
        &run(),
        &HashMap::new(),
        "",
    )
    .map_err(|error| Error::new(format!("{image}: cannot describe the image")).because(error))?
    .config;
    let partial = target.with_extension("partial");
    let write = || {
        let (config_name, layer_name) = (
            format!("{}.json", layout::sha256(&config)),
            format!("{}/layer.tar", layer.sha256),
        );
        let manifest =
            json!([{"Config": config_name, "RepoTags": [reference(image)], "Layers": [layer_name]}]);
        let manifest = manifest.to_string();
        let mut tar = tar::Builder::new(fs::File::create(&partial)?);
        append(
            &mut tar,
            "manifest.json",
            manifest.len() as u64,
            manifest.as_bytes(),
        )?;
        append(&mut tar, &config_name, config.len() as u64, config.as_slice())?;
        append(&mut tar, &layer_name, layer.size, fs::File::open(&blob)?)?;
        tar.into_inner()?.sync_all()?;
        fs::rename(&partial, target)
    };
    write().map_err(failed(target))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::event::Sink;

    /// An archive of a small machine: its digest, and the tags in it.
    fn archived(message: &str) -> (String, String) {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root");
        for directory in ["dev", "etc/systemd/system", "proc", "run", "sys", "tmp", "var"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        fs::write(root.join("etc/motd"), message).unwrap();
        fs::write(root.join("tmp/left"), "not stored").unwrap();
        let target = home.path().join("x.tar");
        let work = Sink::default().work(None, "x", "x".to_owned().into());
        archive("debian-13", &root, home.path(), &target, &work).unwrap();
        work.finish(Ok::<(), Error>(())).unwrap();
        let mut read = tar::Archive::new(fs::File::open(&target).unwrap());
        let mut manifest = read.entries().unwrap().next().unwrap().unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut manifest, &mut text).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        let tag = manifest[0]["RepoTags"][0].as_str().unwrap().to_owned();
        (tree::digest(&target).unwrap().0, tag)
    }

    #[test]
    fn the_same_machine_is_the_same_archive_under_the_name_the_vagrantfile_asks_for() {
        let (digest, tag) = archived("hello");
        assert_eq!(tag, "lab-node:debian-13");
        assert_eq!(archived("hello").0, digest);
        assert_ne!(archived("other").0, digest);
        let vagrantfile = include_str!("../../../../Vagrantfile");
        assert!(vagrantfile.contains("\"lab-node:#{image}\""));
    }
}
