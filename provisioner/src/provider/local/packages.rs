//! Debian packages made again from the base that nodes were copied from: what a node lost of its image is put back without
//! a network. Reads the base only; the node installs them itself.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::text;

const STATUS: &str = "var/lib/dpkg/status";
const INFO: &str = "var/lib/dpkg/info";

/// Writes `packages` and all they need that is not among `have` as `.deb` files into a directory; their paths.
pub fn write(base: &Path, packages: &[String], have: &[String], into: &Path) -> Result<Vec<PathBuf>> {
    let one = |Lacking { name, stanza }: Lacking| {
        let path = into.join(format!("{name}.deb"));
        archive(base, &name, &stanza, &path)
            .map_err(|error| Error::new(format!("cannot make the package {name} again")).because(error))?;
        Ok(path)
    };
    lacking(base, packages, have)?.into_iter().map(one).collect()
}

/// A package a node lacks, as dpkg's status file of the base describes it.
pub struct Lacking {
    /// Its name.
    pub name: String,
    /// Its paragraph.
    pub stanza: String,
}

/// `packages` and all they need, as far as the base has them and the node does not.
pub fn lacking(base: &Path, packages: &[String], have: &[String]) -> Result<Vec<Lacking>> {
    let status = fs::read_to_string(base.join(STATUS))
        .map_err(|error| Error::new("cannot read which packages the node's image has").because(error))?;
    let stanzas: BTreeMap<&str, &str> = status
        .split("\n\n")
        .filter_map(|stanza| Some((field(stanza, "Package")?, stanza)))
        .collect();
    if let Some(absent) = packages.iter().find(|name| !stanzas.contains_key(name.as_str())) {
        return Err(Error::new(text!(
            "노드의 이미지에 {absent} 패키지가 없음",
            "the node's image has no package {absent}"
        )));
    }
    let one = |name: &str| Lacking {
        name: name.to_owned(),
        stanza: stanzas.get(name).copied().unwrap_or_default().to_owned(),
    };
    Ok(missing(&stanzas, packages, have).into_iter().map(one).collect())
}

fn field<'a>(stanza: &'a str, name: &str) -> Option<&'a str> {
    stanza
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
}

/// The package and what it needs, as far as the image has it and the node does not.
fn missing<'a>(stanzas: &BTreeMap<&'a str, &'a str>, packages: &[String], have: &[String]) -> Vec<&'a str> {
    let mut wanted: Vec<&str> = packages.iter().map(String::as_str).collect();
    let mut found = vec![];
    while let Some(name) = wanted.pop() {
        let Some((name, stanza)) = stanzas.get_key_value(name) else {
            continue;
        };
        if found.contains(name) || have.iter().any(|have| have == name) {
            continue;
        }
        found.push(*name);
        for group in ["Pre-Depends", "Depends"]
            .iter()
            .filter_map(|kind| field(stanza, kind))
            .flat_map(|list| list.split(','))
        {
            let names = group
                .split('|')
                .map(|one| one.trim().split([' ', ':', '(']).next().unwrap_or_default());
            wanted.extend(names.into_iter().find(|name| stanzas.contains_key(name)));
        }
    }
    found
}

fn archive(base: &Path, name: &str, stanza: &str, path: &Path) -> io::Result<()> {
    let mut data = tempfile::tempfile_in(path.parent().unwrap_or(base))?;
    files(base, &list(base, name, stanza)?, &mut data)?;
    put_together(base, (name, stanza), data, path)
}

/// The files of a package, as dpkg lists them.
pub fn list(base: &Path, name: &str, stanza: &str) -> io::Result<String> {
    for prefix in prefixes(name, stanza) {
        if let Ok(list) = fs::read_to_string(base.join(INFO).join(format!("{prefix}list"))) {
            return Ok(list);
        }
    }
    Ok(String::new())
}

/// A `.deb` is an `ar` of three members: its version, what dpkg reads, and the files (a tar, written to its end).
pub fn put_together(
    base: &Path,
    (name, stanza): (&str, &str),
    mut data: File,
    path: &Path,
) -> io::Result<()> {
    let size = data.stream_position()?;
    data.rewind()?;
    let control = control(base, name, stanza)?;
    let mut deb = File::create(path)?;
    deb.write_all(b"!<arch>\n")?;
    member(&mut deb, "debian-binary", 4, &b"2.0\n"[..])?;
    member(&mut deb, "control.tar", control.len() as u64, control.as_slice())?;
    member(&mut deb, "data.tar", size, data)
}

fn member(into: &mut File, name: &str, size: u64, mut from: impl Read) -> io::Result<()> {
    writeln!(
        into,
        "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`",
        0, 0, 0, "100644"
    )?;
    io::copy(&mut from, into)?;
    if size % 2 == 1 {
        into.write_all(b"\n")?;
    }
    Ok(())
}

/// How the files of a package in dpkg's directory begin.
fn prefixes(name: &str, stanza: &str) -> [String; 2] {
    let architecture = field(stanza, "Architecture").unwrap_or_default();
    [format!("{name}."), format!("{name}:{architecture}.")]
}

fn control(base: &Path, name: &str, stanza: &str) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(vec![]);
    let (mut text, mut skipping) = (String::new(), false);
    for line in stanza.lines() {
        if !line.starts_with(' ') {
            skipping = ["Status:", "Conffiles:", "Config-Version:"]
                .iter()
                .any(|field| line.starts_with(field));
        }
        if !skipping {
            text.push_str(line);
            text.push('\n');
        }
    }
    let mut put = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, name, bytes)
    };
    put("control", text.as_bytes())?;
    for entry in fs::read_dir(base.join(INFO))? {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let kind = prefixes(name, stanza)
            .iter()
            .find_map(|prefix| file.strip_prefix(prefix.as_str()).map(str::to_owned));
        if let Some(kind) = kind.filter(|kind| kind != "list" && !kind.contains('.')) {
            put(&kind, &fs::read(entry.path())?)?;
        }
    }
    tar.into_inner()
}

/// What the image left out (manual pages) is left out again.
fn files(base: &Path, list: &str, into: &mut File) -> io::Result<()> {
    let mut tar = tar::Builder::new(into);
    tar.follow_symlinks(false);
    for line in list.lines().filter(|line| *line != "/.") {
        let inside = line.trim_start_matches('/');
        let place = base.join(inside);
        if place.symlink_metadata().is_ok() {
            tar.append_path_with_name(&place, inside)?;
        }
    }
    tar.finish()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const DPKG: &str = "Package: engine\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nMaintainer: a <a@b>\n\
        Description: e\nDepends: shim (>= 1), other | gone, base:any\nConffiles:\n /etc/engine abc\n\n\
        Package: shim\nArchitecture: all\nVersion: 1\nDepends: engine\n\nPackage: other\nVersion: 1\n\nPackage: base\n";

    #[test]
    fn what_is_needed_is_found_once_and_what_is_there_is_not() {
        let stanzas = DPKG
            .split("\n\n")
            .map(|one| (field(one, "Package").unwrap(), one))
            .collect();
        let mut found = missing(&stanzas, &["engine".into()], &["base".into()]);
        found.sort_unstable();
        assert_eq!(found, ["engine", "other", "shim"]);
        assert!(missing(&stanzas, &["unknown".into()], &[]).is_empty());
    }

    #[test]
    fn a_package_is_an_archive_of_three_members() {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put(STATUS, DPKG);
        put(
            "var/lib/dpkg/info/engine.list",
            "/.\n/usr\n/usr/bin\n/usr/bin/engine\n/usr/share/left-out\n",
        );
        put("var/lib/dpkg/info/engine.postinst", "#!/bin/sh\n");
        put("usr/bin/engine", "engine");
        let have = ["shim", "other", "base"].map(str::to_owned);
        let made = write(root.path(), &["engine".into()], &have, root.path()).unwrap();
        assert_eq!(made, [root.path().join("engine.deb")]);
        let bytes = fs::read(&made[0]).unwrap();
        assert!(bytes.starts_with(b"!<arch>\ndebian-binary   "));
        let said = String::from_utf8_lossy(&bytes);
        for there in [
            "control.tar",
            "data.tar",
            "postinst",
            "usr/bin/engine",
            "Depends: shim",
        ] {
            assert!(said.contains(there), "no {there}");
        }
        for absent in ["Status: install", "/etc/engine abc", "left-out"] {
            assert!(!said.contains(absent), "{absent} is there");
        }
    }
}
