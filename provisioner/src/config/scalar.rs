//! Single values of cluster.yaml: amounts of memory, image names, and words from a list.

use serde::de::DeserializeOwned;

use super::suggest;
use crate::text;
use crate::text::Text;

/// What is wrong with a value, and a hint.
pub type Wrong = (Text, Option<Text>);

/// The least memory a node boots with: systemd, sshd and an idle engine.
const LEAST_MEMORY: u64 = 256 << 20;
const MOST_MEMORY: u64 = 1 << 40;

/// Bytes: `2GiB`, `2Gi` and `2G` are the same, as are `512MiB`, `512Mi` and `512M`.
pub fn memory(word: &str) -> Result<u64, Wrong> {
    let example = || Some(text!("예: 2GiB, 512MiB", "for example 2GiB or 512MiB"));
    let malformed = || {
        (
            text!(
                "`{word}`은(는) 메모리 크기가 아님",
                "`{word}` is not an amount of memory"
            ),
            example(),
        )
    };
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = word.split_at(digits);
    let shift = match unit.trim_start() {
        "GiB" | "Gi" | "G" => 30,
        "MiB" | "Mi" | "M" => 20,
        _ => return Err(malformed()),
    };
    let number: u64 = number.parse().map_err(|_| malformed())?;
    match number.checked_mul(1 << shift) {
        Some(bytes) if bytes < LEAST_MEMORY => {
            let message = text!("{word}는 노드에 너무 적음", "{word} is too little for a node");
            Err((message, Some(text!("적어도 256MiB", "at least 256MiB"))))
        }
        Some(bytes) if bytes <= MOST_MEMORY => Ok(bytes),
        _ => Err((
            text!("{word}는 너무 큼", "{word} is too much"),
            Some(text!("많아야 1024GiB", "at most 1024GiB")),
        )),
    }
}

/// A number in a range.
pub fn number(word: &str, least: u32, most: u32) -> Result<u32, Wrong> {
    let message = || {
        text!(
            "`{word}`은(는) {least}에서 {most} 사이의 수가 아님",
            "`{word}` is not a number from {least} to {most}"
        )
    };
    word.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| (message(), None))
}

/// One of an enum's words.
pub fn choice<T: DeserializeOwned>(word: &str, known: &[&str]) -> Result<T, Wrong> {
    let unknown = || {
        let list = known.join(" | ");
        let message = text!(
            "`{word}`은(는) {list} 중 하나가 아님",
            "`{word}` is not one of {list}"
        );
        let close = suggest::closest(word, known.iter().copied());
        (
            message,
            close.map(|close| text!("`{close}`인가요?", "did you mean `{close}`?")),
        )
    };
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|_| unknown())
}

/// A container image's name: `[host[:port]/]path[:tag]` in lower case.
pub fn image_reference(word: &str) -> Result<String, Wrong> {
    let (path, tag) = match word.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (word, None),
    };
    let (host, path) = match path.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
        _ => (None, path),
    };
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let component = |part: &str| {
        let ends = [part.bytes().next(), part.bytes().last()];
        ends.iter().all(|end| end.is_some_and(allowed))
            && part.bytes().all(|byte| allowed(byte) || b"._-".contains(&byte))
    };
    let good_host = host.is_none_or(|host| {
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".:-".contains(&byte))
    });
    let word_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let good_tag = tag.is_none_or(|tag| {
        let rest = tag.bytes().all(|byte| word_byte(byte) || b".-".contains(&byte));
        tag.len() <= 128 && tag.bytes().next().is_some_and(word_byte) && rest
    });
    if good_host && good_tag && word.len() <= 255 && path.split('/').all(component) {
        return Ok(word.to_owned());
    }
    let message = text!(
        "`{word}`은(는) 이미지 이름이 아님",
        "`{word}` is not an image name"
    );
    Err((
        message,
        Some(text!(
            "예: registry:2 (소문자)",
            "for example registry:2 (lower case)"
        )),
    ))
}

/// A node image's name: `debian-13`.
pub fn node_image(word: &str) -> Result<String, Wrong> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let starts = word.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if starts && word.len() <= 64 && word.bytes().all(allowed) {
        return Ok(word.to_owned());
    }
    let message = text!(
        "`{word}`은(는) 노드 이미지 이름이 아님",
        "`{word}` is not the name of a node image"
    );
    Err((message, Some(text!("예: debian-13", "for example debian-13"))))
}
