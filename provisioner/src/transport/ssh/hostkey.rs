//! Whether the key a host shows is the one it must show. There is no way to accept any key.

use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::text;
use crate::transport::HostKeys;

/// Key types libssh2 knows, best first, each with the signatures to ask for.
const TYPES: [(&str, &str); 5] = [
    ("ssh-ed25519", "ssh-ed25519"),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"),
    ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"),
    ("ssh-rsa", "rsa-sha2-512,rsa-sha2-256"),
];

/// Keys that are accepted, as `type base64`: none where the host was never seen.
pub fn accepted(keys: &HostKeys) -> Result<Vec<String>> {
    match keys {
        HostKeys::Pinned(keys) => Ok(keys.clone()),
        HostKeys::FirstSight(path) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(text
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(str::to_owned)
                .collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
            Err(error) => Err(Error::new(format!("cannot read {}", path.display())).because(error)),
        },
    }
}

/// Signatures to ask for: those of the accepted keys first, so that a host with several keys shows the one that is known.
pub fn preference(accepted: &[String]) -> String {
    let known = |kind: &str| {
        accepted
            .iter()
            .any(|key| key.split_whitespace().next() == Some(kind))
    };
    let (first, rest): (Vec<(&str, &str)>, Vec<_>) = TYPES.into_iter().partition(|(kind, _)| known(kind));
    first
        .into_iter()
        .chain(rest)
        .map(|(_, signatures)| signatures)
        .collect::<Vec<_>>()
        .join(",")
}

/// Judges the key a host showed. Returns its fingerprint if it was seen for the first time (and is now remembered).
pub fn check(keys: &HostKeys, shown: &[u8]) -> Result<Option<String>> {
    let accepted = accepted(keys)?;
    if accepted.iter().any(|key| blob(key).as_deref() == Some(shown)) {
        return Ok(None);
    }
    match keys {
        HostKeys::FirstSight(path) if accepted.is_empty() => {
            if remember(path, shown)? {
                return Ok(Some(fingerprint(shown)));
            }
            // Another `lab` was first: what it saw counts.
            check(&HostKeys::Pinned(self::accepted(keys)?), shown)
        }
        _ => Err(refused(keys, &accepted, shown)),
    }
}

fn refused(keys: &HostKeys, accepted: &[String], shown: &[u8]) -> Error {
    let seen = format!("{} {}", kind(shown), fingerprint(shown));
    let known = accepted
        .iter()
        .filter_map(|key| blob(key))
        .map(|key| format!("{} {}", kind(&key), fingerprint(&key)));
    let known = known.collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() {
        "nothing".to_owned()
    } else {
        known
    };
    let error = Error::new(text!(
        "호스트 키가 다름: {seen}을(를) 보여 주었지만 {known}이어야 함",
        "wrong host key: it shows {seen}, but must show {known}"
    ));
    error.hint(match keys {
        HostKeys::Pinned(_) => text!(
            "이 주소에서 다른 기계가 대답하고 있습니다. 같은 주소를 쓰는 기계를 찾거나, 노드를 새로 만드세요: `lab down`, `lab up`",
            "another machine answers at this address: find what else uses it, or make the nodes anew with `lab down` and `lab up`"
        ),
        HostKeys::FirstSight(path) => text!(
            "기계를 새로 설치했다면 {0}을(를) 지우고 다시 하세요. 아니라면 다른 기계가 대답하고 있습니다",
            "if the machine was installed anew, remove {0} and try again; if not, another machine answers",
            path.display()
        ),
    })
}

/// Writes the key, unless one is there already (then `false`).
fn remember(path: &Path, shown: &[u8]) -> Result<bool> {
    let failed =
        |error: std::io::Error| Error::new(format!("cannot write {}", path.display())).because(error);
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    writeln!(file, "{} {}", kind(shown), STANDARD.encode(shown)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error.error)),
    }
}

fn blob(key: &str) -> Option<Vec<u8>> {
    STANDARD.decode(key.split_whitespace().nth(1)?).ok()
}

/// The type a key says it is: its first field, behind four bytes of length.
fn kind(blob: &[u8]) -> String {
    let length = blob.get(..4).map_or(0, |length| {
        length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte))
    });
    blob.get(4..4 + length.min(64))
        .map_or_else(|| "?".into(), |name| String::from_utf8_lossy(name).into_owned())
}

/// As `ssh-keygen -l` prints it.
pub fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

/// The same of a key as it is pinned: `ssh-ed25519 AAAA…`.
pub fn fingerprint_of(key: &str) -> Option<String> {
    blob(key).map(|blob| fingerprint(&blob))
}

#[cfg(test)]
mod tests {
    use super::preference;

    #[test]
    fn the_type_that_is_known_is_asked_for_first() {
        assert!(preference(&["ssh-rsa AAAA".into()]).starts_with("rsa-sha2-512,rsa-sha2-256,ssh-ed25519,"));
        assert!(
            preference(&["ecdsa-sha2-nistp256 AAAA".into()]).starts_with("ecdsa-sha2-nistp256,ssh-ed25519,")
        );
        assert!(preference(&[]).starts_with("ssh-ed25519,"));
    }
}
