//! The files of an OCI layout and of distribution's storage: names and bytes. Pure; layers are only described here.

use std::collections::HashMap;

use oci_spec::OciSpecError;
use oci_spec::image::{
    ConfigBuilder, Descriptor, History, HistoryBuilder, ImageConfiguration, ImageConfigurationBuilder,
    ImageIndexBuilder, ImageManifest, ImageManifestBuilder, MediaType, RootFsBuilder,
};
use sha2::{Digest, Sha256};

use crate::bundle::recipe::Run;

/// A layer that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// SHA-256 of the compressed blob, hex.
    pub sha256: String,
    /// Bytes of the compressed blob.
    pub size: u64,
    /// SHA-256 of the tar, hex.
    pub diff_id: String,
    /// What made it.
    pub created_by: String,
}

/// The documents of an image.
#[derive(Clone, Debug)]
pub struct Documents {
    /// The configuration blob.
    pub config: Vec<u8>,
    /// The manifest blob.
    pub manifest: Vec<u8>,
    /// `index.json` of the layout.
    pub index: Vec<u8>,
    /// Digest of the manifest, hex.
    pub digest: String,
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn canonical(value: &impl serde::Serialize) -> Result<Vec<u8>, OciSpecError> {
    // Through Value, whose maps are sorted: the same image always has the same bytes.
    Ok(serde_json::to_vec(&serde_json::to_value(value)?)?)
}

fn descriptor(media: MediaType, size: u64, sha256: &str) -> Result<Descriptor, OciSpecError> {
    let digest: oci_spec::image::Digest = format!("sha256:{sha256}").parse()?;
    Ok(Descriptor::new(media, size, digest))
}

/// The documents of an image with `layers`, run as `run` says.
pub fn documents(
    architecture: &str,
    created: &str,
    layers: &[Layer],
    run: &Run,
    labels: &HashMap<String, String>,
    tag: &str,
) -> Result<Documents, OciSpecError> {
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let mut config = ConfigBuilder::default()
        .env(vec![path.to_owned()])
        .cmd(run.command.clone())
        .labels(labels.clone())
        .exposed_ports(run.ports.clone())
        .volumes(run.volumes.clone());
    if !run.entrypoint.is_empty() {
        config = config.entrypoint(run.entrypoint.clone());
    }
    if let Some(signal) = &run.stop_signal {
        config = config.stop_signal(signal.clone());
    }
    let entry = |by: String, empty: bool| {
        HistoryBuilder::default()
            .created(created)
            .created_by(by)
            .empty_layer(empty)
            .build()
    };
    let mut history = layers
        .iter()
        .map(|layer| entry(layer.created_by.clone(), false))
        .collect::<Result<Vec<_>, _>>()?;
    for port in &run.ports {
        history.push(entry(format!("EXPOSE {port}"), true)?);
    }
    for volume in &run.volumes {
        history.push(entry(format!("VOLUME {volume}"), true)?);
    }
    if let Some(signal) = &run.stop_signal {
        history.push(entry(format!("STOPSIGNAL {signal}"), true)?);
    }
    history.push(entry(format!("ENTRYPOINT {:?}", run.entrypoint), true)?);
    history.push(entry(format!("CMD {:?}", run.command), true)?);
    let configuration = ImageConfigurationBuilder::default()
        .created(created)
        .architecture(architecture)
        .os("linux")
        .config(config.build()?)
        .rootfs(
            RootFsBuilder::default()
                .typ("layers")
                .diff_ids(
                    layers
                        .iter()
                        .map(|layer| format!("sha256:{}", layer.diff_id))
                        .collect::<Vec<_>>(),
                )
                .build()?,
        )
        .history(history)
        .build()?;
    let config = canonical(&configuration)?;
    let described = |layer: &Layer| descriptor(MediaType::ImageLayerGzip, layer.size, &layer.sha256);
    let manifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(
            MediaType::ImageConfig,
            config.len() as u64,
            &sha256(&config),
        )?)
        .layers(layers.iter().map(described).collect::<Result<Vec<_>, _>>()?)
        .build()?;
    let manifest = canonical(&manifest)?;
    let digest = sha256(&manifest);
    let mut named = descriptor(MediaType::ImageManifest, manifest.len() as u64, &digest)?;
    named.set_annotations(Some(HashMap::from([(
        "org.opencontainers.image.ref.name".to_owned(),
        tag.to_owned(),
    )])));
    let index = ImageIndexBuilder::default()
        .schema_version(2u32)
        .manifests(vec![named])
        .build()?;
    Ok(Documents {
        index: canonical(&index)?,
        config,
        manifest,
        digest,
    })
}

/// The digest of the configuration a manifest names, hex.
pub fn config_of(manifest: &[u8]) -> Result<String, OciSpecError> {
    let manifest = ImageManifest::from_reader(manifest)?;
    Ok(manifest.config().digest().digest().to_owned())
}

/// The layers of an image, from its manifest and its configuration, the lowest first.
pub fn layers(manifest: &[u8], config: &[u8]) -> Result<Vec<Layer>, OciSpecError> {
    let manifest = ImageManifest::from_reader(manifest)?;
    let config = ImageConfiguration::from_reader(config)?;
    let hex = |digest: &String| digest.trim_start_matches("sha256:").to_owned();
    let entries = config.history().iter().flatten();
    let made = entries.filter(|entry| entry.empty_layer() != Some(true));
    let rest = config.rootfs().diff_ids().iter().zip(made);
    let layer = |(blob, (diff_id, made)): (&Descriptor, (&String, &History))| Layer {
        sha256: blob.digest().digest().to_owned(),
        size: blob.size(),
        diff_id: hex(diff_id),
        created_by: made.created_by().clone().unwrap_or_default(),
    };
    Ok(manifest.layers().iter().zip(rest).map(layer).collect())
}

/// Where distribution keeps a blob.
pub fn storage_blob(sha256: &str) -> String {
    format!(
        "docker/registry/v2/blobs/sha256/{}/{sha256}/data",
        sha256.get(..2).unwrap_or_default()
    )
}

/// The link files of distribution's storage for one tagged image, each with its content.
pub fn storage_links(name: &str, tag: &str, manifest: &str, blobs: &[String]) -> Vec<(String, String)> {
    let repository = format!("docker/registry/v2/repositories/library/{name}");
    let link = |path: String, digest: &str| (format!("{repository}/{path}/link"), format!("sha256:{digest}"));
    let mut links = vec![
        link(format!("_manifests/revisions/sha256/{manifest}"), manifest),
        link(format!("_manifests/tags/{tag}/current"), manifest),
        link(format!("_manifests/tags/{tag}/index/sha256/{manifest}"), manifest),
    ];
    links.extend(
        blobs
            .iter()
            .map(|blob| link(format!("_layers/sha256/{blob}"), blob)),
    );
    links
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_same_image_has_the_same_digest_and_its_ports() {
        let layer = Layer {
            sha256: sha256(b"x"),
            size: 1,
            diff_id: sha256(b"y"),
            created_by: "base".into(),
        };
        let run = Run {
            ports: vec!["80/tcp".into()],
            ..Run::default()
        };
        let labels: HashMap<_, _> = (0..9)
            .map(|index| (format!("l{index}"), "v".to_owned()))
            .collect();
        let make = || {
            documents(
                "amd64",
                "2025-01-01T00:00:00Z",
                std::slice::from_ref(&layer),
                &run,
                &labels.clone(),
                "1",
            )
            .unwrap()
        };
        assert_eq!(make().digest, make().digest);
        let again = layers(&make().manifest, &make().config).unwrap();
        assert_eq!(again, std::slice::from_ref(&layer));
        assert_eq!(config_of(&make().manifest).unwrap(), sha256(&make().config));
        assert!(
            String::from_utf8(make().config)
                .unwrap()
                .contains(r#""ExposedPorts":{"80/tcp":{}}"#)
        );
    }

    #[test]
    fn storage_names_are_distributions() {
        assert_eq!(
            storage_blob("abcd"),
            "docker/registry/v2/blobs/sha256/ab/abcd/data"
        );
        let links = storage_links("nginx", "stable", "m", &["b".into()]);
        assert_eq!(
            links[1].0,
            "docker/registry/v2/repositories/library/nginx/_manifests/tags/stable/current/link"
        );
        assert_eq!(links[3].1, "sha256:b");
    }
}
