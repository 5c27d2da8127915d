//! Makes the mirror's storage: all images in the layout distribution's registry keeps, as one archive.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::cache::{Held, Record, inventory};
use crate::bundle::layout;
use crate::bundle::lock::Entry;
use crate::error::{Error, Result};

/// The file of the mirror's artifact.
pub const STORAGE: &str = "storage.tar.zst";

/// Makes the mirror's storage of `images` in `out`.
pub fn mirror(images: &[Held], out: &Path) -> Result<Record> {
    let target = out.join(STORAGE);
    let write = || -> io::Result<()> {
        let encoder = zstd::Encoder::new(fs::File::create(&target)?, 1)?;
        let mut tar = tar::Builder::new(encoder);
        let mut seen = std::collections::BTreeSet::new();
        for image in images {
            let (name, tag) = image
                .record
                .name
                .split_once(':')
                .unwrap_or((&image.record.name, "latest"));
            let manifest = image.record.manifest.clone().unwrap_or_default();
            let blobs: Vec<String> = image
                .record
                .files
                .keys()
                .filter_map(|file| file.strip_prefix("blobs/sha256/"))
                .map(str::to_owned)
                .collect();
            for blob in &blobs {
                if seen.insert(blob.clone()) {
                    let path = image.directory.join("blobs/sha256").join(blob);
                    append(
                        &mut tar,
                        &layout::storage_blob(blob),
                        path.metadata()?.len(),
                        fs::File::open(path)?,
                    )?;
                }
            }
            let layers: Vec<String> = blobs.into_iter().filter(|blob| *blob != manifest).collect();
            for (path, content) in layout::storage_links(name, tag, &manifest, &layers) {
                if seen.insert(path.clone()) {
                    append(&mut tar, &path, content.len() as u64, content.as_bytes())?;
                }
            }
        }
        tar.into_inner()?.finish().map(drop)
    };
    write().map_err(|error| Error::new(format!("cannot write {}", target.display())).because(error))?;
    let (files, sha256, size) = inventory(out, &[STORAGE.to_owned()])?;
    let entry = Entry {
        source: "images of this bundle".into(),
        packages: BTreeMap::new(),
        sha256,
        size,
    };
    Ok(Record {
        name: "mirror".into(),
        entry,
        files,
        manifest: None,
        diff_id: None,
    })
}

/// Adds a plain file to an archive, with the time all files have.
pub fn append<W: io::Write>(
    tar: &mut tar::Builder<W>,
    path: &str,
    size: u64,
    data: impl io::Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(1_735_689_600);
    tar.append_data(&mut header, path, data)
}
