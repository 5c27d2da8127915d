//! A Go module as a module proxy would serve it, in a directory for `GOPROXY=file://…`.

use std::fs;
use std::io;
use std::path::Path;

use flate2::Crc;

/// Writes `module` at `version` with these files into `proxy`.
pub fn serve(proxy: &Path, module: &str, version: &str, files: &[(&str, &str)]) -> io::Result<()> {
    let directory = proxy.join(module).join("@v");
    fs::create_dir_all(&directory)?;
    let write = |ending: &str, bytes: &[u8]| fs::write(directory.join(format!("{version}.{ending}")), bytes);
    fs::write(directory.join("list"), format!("{version}\n"))?;
    write(
        "info",
        format!(r#"{{"Version": "{version}", "Time": "2025-01-01T00:00:00Z"}}"#).as_bytes(),
    )?;
    let go_mod = files
        .iter()
        .find(|(name, _)| *name == "go.mod")
        .map_or("", |(_, text)| text);
    write("mod", go_mod.as_bytes())?;
    let named: Vec<(String, &str)> = files
        .iter()
        .map(|(name, text)| (format!("{module}@{version}/{name}"), *text))
        .collect();
    write("zip", &archive(&named))
}

/// A zip archive of files, uncompressed.
fn archive(files: &[(String, &str)]) -> Vec<u8> {
    let (mut all, mut directory) = (vec![], vec![]);
    for (name, text) in files {
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        let start = all.len() as u32;
        // Version 2.0, no flags, stored, no time.
        let mut about: Vec<u8> = [20u16, 0, 0, 0, 0x21]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        let sizes = [crc.sum(), text.len() as u32, text.len() as u32];
        about.extend(sizes.iter().flat_map(|word| word.to_le_bytes()));
        about.extend((name.len() as u16).to_le_bytes());
        about.extend(0u16.to_le_bytes());
        all.extend(b"PK\x03\x04");
        all.extend(&about);
        all.extend(name.as_bytes());
        all.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&about);
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, size, count) = (all.len() as u32, directory.len() as u32, files.len() as u16);
    all.extend(directory);
    all.extend(b"PK\x05\x06\0\0\0\0");
    all.extend([count, count].iter().flat_map(|word| word.to_le_bytes()));
    all.extend([size, at].iter().flat_map(|word| word.to_le_bytes()));
    all.extend([0, 0]);
    all
}
