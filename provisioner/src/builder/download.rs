//! Downloads a file with apt's own downloader (the proxies and authorities apt uses), and takes it only if it is what the
//! digest beside it says.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use super::program::{self, Manner};
use super::{meter, origin, tree};
use crate::bundle::source::Download;
use crate::error::{Error, Result};
use crate::text;

/// No digest file is larger, in bytes.
const DIGEST_MOST: u64 = 1 << 20;

/// What the digest file says of the download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    sha256: String,
    /// Seconds the server may be silent.
    silence: u64,
}

/// How a source failed.
pub struct Failure {
    /// Why.
    pub error: Error,
    /// Whether it took so long that the same server is not worth asking again.
    pub silent: bool,
}

fn fetch(
    url: &str,
    target: &Path,
    (temporary, silence): (&Path, u64),
    on_line: impl FnMut(&str),
) -> Result<()> {
    let argv = origin::fetching(url, target, silence);
    let told = program::run_so(&argv, Manner::default(), temporary, on_line).map(drop);
    told.map_err(|error| {
        let failed = Error::new(text!("{url}을(를) 받을 수 없음", "cannot download {url}"));
        failed.cause(reason(error.printed(), url)).hint(text!(
            "네트워크를 확인하세요: https_proxy, LAB_CA_FILE. 네트워크가 없으면 `lab bundle import FILE`",
            "see whether it can be reached: https_proxy, LAB_CA_FILE; without a network: `lab bundle import FILE`"
        ))
    })
}

/// What apt's downloader said of `url`, for a person.
fn reason(printed: Option<&str>, url: &str) -> String {
    let said = printed.unwrap_or_default();
    let failed = said.lines().find_map(|line| line.split_once("Failed to fetch "));
    let reason = failed.map_or(said, |(_, rest)| rest.trim_start_matches(url));
    reason.trim().to_owned()
}

/// Asks the server for the digest, and gives up when it is silent for `silence` seconds.
pub fn reach(download: &Download, temporary: &Path, silence: u64) -> std::result::Result<Promise, Failure> {
    let since = Instant::now();
    promise(download, temporary, silence).map_err(|error| Failure {
        error,
        silent: since.elapsed() >= Duration::from_secs(silence),
    })
}

fn promise(download: &Download, temporary: &Path, silence: u64) -> Result<Promise> {
    let target = temporary.join("digest");
    fetch(&download.digest, &target, (temporary, silence), |_| ())?;
    let mut text = String::new();
    let read = fs::File::open(&target).and_then(|file| file.take(DIGEST_MOST).read_to_string(&mut text));
    read.map_err(|error| {
        Error::new(text!("{}: 다이제스트가 아님", "{}: no digest", download.digest)).because(error)
    })?;
    let sha256 = digest_of(&text, &download.url).ok_or_else(|| {
        Error::new(text!(
            "{}: 다이제스트가 없음",
            "{}: no digest in it",
            download.digest
        ))
    })?;
    Ok(Promise { sha256, silence })
}

/// Bytes so far, and of how many if the server said.
pub type Arrived<'a> = &'a mut dyn FnMut(u64, Option<u64>);

/// Downloads the program into `target`. Returns its version and the digest it was verified by.
pub fn download(
    download: &Download,
    promise: &Promise,
    temporary: &Path,
    target: &Path,
    on_bytes: Arrived<'_>,
) -> Result<String> {
    let file = temporary.join("download");
    let mut total = None;
    fetch(&download.url, &file, (temporary, promise.silence), |line| {
        if line.starts_with("Get:") {
            total = line
                .rsplit_once('[')
                .and_then(|(_, size)| meter::size(size.trim_end_matches(']')));
        }
        on_bytes(fs::metadata(&file).map_or(0, |file| file.len()), total);
    })?;
    let failed = |error: io::Error| Error::new(format!("cannot write {}", target.display())).because(error);
    let (found, _) = tree::digest(&file).map_err(failed)?;
    if found != promise.sha256 {
        return Err(
            Error::new(text!("{}: 다이제스트가 다름", "{}: digest differs", download.url)).cause(format!(
                "sha256 {found}, not {} as {} says",
                promise.sha256, download.digest
            )),
        );
    }
    match &download.member {
        None => fs::rename(&file, target).map_err(failed)?,
        Some(member) => extract(&file, member, target).map_err(|error| {
            Error::new(text!(
                "{}: {member}이(가) 없음",
                "{}: no {member} in it",
                download.url
            ))
            .because(error)
        })?,
    }
    Ok(format!("{} sha256:{found}", download.version))
}

fn extract(archive: &Path, member: &str, target: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(archive)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry
            .path()?
            .to_string_lossy()
            .trim_start_matches("./")
            .to_owned();
        let below = path.split_once('/').map_or("", |(_, below)| below);
        if (path == member || below == member) && entry.header().entry_type().is_file() {
            return io::copy(&mut entry, &mut fs::File::create(target)?).map(drop);
        }
    }
    Err(io::Error::from(io::ErrorKind::NotFound))
}

/// The digest of `url`'s file in a digest file: one that stands alone, or in the line that ends with the file's name.
fn digest_of(text: &str, url: &str) -> Option<String> {
    let name = url.rsplit('/').next()?;
    let is_digest = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let digest = words.next().filter(is_digest)?;
        let names = words
            .next()
            .is_none_or(|named| named.trim_start_matches(['*', '.', '/']) == name);
        names.then(|| digest.to_lowercase())
    };
    text.lines().find_map(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_in_each_official_layout() {
        let (one, other) = ("ab".repeat(32), "CD".repeat(32));
        let check = |text: &str, expected: Option<&str>| {
            let found = digest_of(text, "https://example.org/v1/etcd-v1-linux-amd64.tar.gz");
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check(&one, Some(&one));
        check(&format!("{one}\n"), Some(&one));
        check(
            &format!("{one}  etcd-v1-linux-arm64.tar.gz\n{other}  etcd-v1-linux-amd64.tar.gz\n"),
            Some(&other.to_lowercase()),
        );
        check(&format!("{one} *etcd-v1-linux-amd64.tar.gz"), Some(&one));
        check(&format!("{one}  another"), None);
        check("<html>Not here</html>", None);
        check(&one[..63], None);
    }
}
