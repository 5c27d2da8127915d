//! Certificates in files: the first of a PEM file, or the client's of a kubeconfig. Keys that lie beside them are never read on.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// What a kubeconfig calls it, in Base64.
const OF_CLIENT: &str = "client-certificate-data:";

/// The certificate in the file at `path`, as PEM; `None` where there is no file or none in it.
pub(crate) fn read(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    first(&text).or_else(|| {
        let data = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(OF_CLIENT))?;
        let decoded = STANDARD.decode(data.trim()).ok()?;
        first(&String::from_utf8(decoded).ok()?)
    })
}

fn first(text: &str) -> Option<String> {
    let begin = text.find(BEGIN)?;
    let end = begin + text[begin..].find(END)? + END.len();
    Some(format!("{}\n", &text[begin..end]))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_certificate_is_found_in_either_kind_of_file_and_no_key_comes_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            super::read(path.to_str().unwrap())
        };
        let certificate = format!("{BEGIN}\nMIIB\n{END}\n");
        let key = "-----BEGIN EC PRIVATE KEY-----\nsecret\n-----END EC PRIVATE KEY-----\n";
        let both = format!("{key}{certificate}{certificate}");
        assert_eq!(read(&both).as_deref(), Some(certificate.as_str()));
        let (data, secret) = (STANDARD.encode(&both), STANDARD.encode(key));
        let kubeconfig =
            format!("users:\n- user:\n    client-certificate-data: {data}\n    client-key-data: {secret}\n");
        assert_eq!(read(&kubeconfig).as_deref(), Some(certificate.as_str()));
        assert_eq!(read("    client-certificate: /a/file\n"), None);
        assert_eq!(read(BEGIN), None);
        assert_eq!(super::read("/nowhere"), None);
    }
}
