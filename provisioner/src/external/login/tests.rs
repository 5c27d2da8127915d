//! Password files as people have them, and Docker's configuration.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::error::exit;

fn file(directory: &Path, text: &[u8], mode: u32) -> PathBuf {
    let path = directory.join("password");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn one_end_of_line_does_not_count_and_blanks_do() {
    let directory = tempfile::tempdir().unwrap();
    for text in ["open sesame ", "open sesame \n", "open sesame \r\n"] {
        let path = file(directory.path(), text.as_bytes(), 0o600);
        assert_eq!(password(&path).unwrap().expose(), "open sesame ", "{text:?}");
    }
}

#[test]
fn files_that_hold_no_password_or_show_it_to_others() {
    let directory = tempfile::tempdir().unwrap();
    let check = |path: &Path, word: &str| {
        let error = password(path).unwrap_err();
        assert_eq!(error.exit_code(), exit::USAGE);
        assert!(error.what().en.contains(word), "{error}");
        assert!(!format!("{error:?}").contains("sesame"), "{error:?}");
        error.advice().map(|hint| hint.en.clone()).unwrap_or_default()
    };
    assert!(check(&directory.path().join("none"), "cannot be read").contains("chmod 600"));
    for mode in [0o644, 0o640, 0o604] {
        let readable = file(directory.path(), b"sesame", mode);
        assert!(check(&readable, &format!("can be read by others ({mode:04o})")).contains("chmod 600"));
    }
    for text in ["", "\n", "\r\n"] {
        check(&file(directory.path(), text.as_bytes(), 0o600), "is empty");
    }
    for text in ["open\nsesame", "sesame\n\n", "sesame\rx", "sesame\0"] {
        check(
            &file(directory.path(), text.as_bytes(), 0o600),
            "more than one line",
        );
    }
    check(&file(directory.path(), &[b'x'; 5000], 0o600), "too long");
    check(&file(directory.path(), b"\xff\xfe", 0o600), "cannot be read");
    check(directory.path(), "is no file");
}

#[tokio::test]
async fn docker_of_this_machine_is_asked_where_cluster_yaml_names_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.json");
    let with = |text: &str| std::fs::write(&config, text).unwrap();
    let known = || from_docker(&config, "r.example:5443");
    let error = known().await.unwrap_err();
    assert!(error.advice().unwrap().en.contains("docker login r.example:5443"));
    // robot$lab:open:sesame: a password may have colons.
    let pair = STANDARD.encode("robot$lab:open:sesame");
    for name in ["r.example:5443", "https://r.example:5443"] {
        with(&format!(r#"{{"auths": {{"{name}": {{"auth": "{pair}"}}}}}}"#));
        let found = known().await.unwrap();
        assert_eq!(
            (found.user.as_str(), found.password.expose()),
            ("robot$lab", "open:sesame")
        );
    }
    with(&format!(
        r#"{{"auths": {{"other.example": {{"auth": "{pair}"}}}}}}"#
    ));
    assert!(known().await.is_err());
    with("not json");
    assert!(known().await.unwrap_err().what().en.contains("no JSON"));
    with(r#"{"credHelpers": {"r.example:5443": "lab-test-nobody-has"}}"#);
    let error = known().await.unwrap_err();
    assert!(
        error.what().en.contains("docker-credential-lab-test-nobody-has"),
        "{error}"
    );
    with(r#"{"credsStore": "../../bin/sh"}"#);
    assert!(known().await.is_err());
}
