//! A YAML file of the user's, read whole: bounded, in UTF-8, and never waiting for what is no file. What it says is for others to read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_yaml::Location;

use crate::config::Problem;
use crate::config::tree::{MAX_BYTES, too_large};
use crate::text;
use crate::text::Text;

/// The text of a file; `shown` is its name for people. Errors: why it is not read, with the place.
#[expect(clippy::result_large_err, reason = "told once, when reading stops")]
pub fn read(path: &Path, shown: &str) -> Result<String, Problem> {
    let wrong = |message: Text| Problem::at(shown, Location::UNKNOWN, message, None);
    let unread = |error: std::io::Error| wrong(text!("읽을 수 없음: {error}", "cannot be read: {error}"));
    let about = std::fs::metadata(path).map_err(unread)?;
    if !about.is_file() {
        return Err(wrong(text!("일반 파일이 아님", "not a regular file")));
    }
    let mut bytes = vec![];
    // What is said to be small may be endless all the same (a file that grows, a file system that does not say).
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    let size = usize::try_from(about.len()).unwrap_or(usize::MAX);
    if size <= MAX_BYTES {
        let file = File::open(path).map_err(unread)?;
        file.take(most + 1).read_to_end(&mut bytes).map_err(unread)?;
    }
    let size = size.max(bytes.len());
    if size > MAX_BYTES {
        return Err(wrong(too_large(size)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let mut problem = wrong(text!("UTF-8이 아님", "not UTF-8"));
        problem.line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        problem.column = 1 + String::from_utf8_lossy(line).chars().count();
        problem
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn only_a_small_text_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.yaml");
        let said = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path, "x.yaml").map_err(|problem| {
                let Problem {
                    line,
                    column,
                    message,
                    ..
                } = problem;
                format!("{line}:{column}: {message}")
            })
        };
        assert_eq!(said("a: 가\n".as_bytes()), Ok("a: 가\n".into()));
        assert_eq!(said(b"a: b\nc: \xea\xb0\x80\xff\n"), Err("2:5: not UTF-8".into()));
        let huge = said(&vec![b'#'; MAX_BYTES + 1]).unwrap_err();
        assert_eq!(huge, "1:1: the file is too large: 1048577 bytes, at most 1048576");
        let unread = read(directory.path(), "x.yaml").unwrap_err();
        assert_eq!(unread.message.en, "not a regular file");
    }
}
