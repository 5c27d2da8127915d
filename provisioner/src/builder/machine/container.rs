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

/// systemd, which ends at a signal of its own; Docker's storage is a volume, as overlays do not lie on overlays.
fn run() -> Run {
    Run {
        command: vec!["/usr/local/sbin/lab-init".into()],
        ports: vec!["22/tcp".into()],
        volumes: vec!["/var/lib/docker".into()],
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
