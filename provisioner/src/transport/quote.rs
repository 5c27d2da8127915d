//! argv -> shell words, in the one place that does it.

/// One line that any POSIX shell reads back as exactly `argv`.
pub fn line<S: AsRef<str>>(argv: &[S]) -> String {
    argv.iter()
        .map(|argument| word(argument.as_ref()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One argument as a shell word: as it is where nothing in it means anything to a shell, else in single quotes.
pub fn word(argument: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./:@%+,".contains(character);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{line, word};

    #[test]
    fn plain_words_stay_readable() {
        assert_eq!(
            line(&["docker", "pull", "192.168.1.10:8443/echo-ip"]),
            "docker pull 192.168.1.10:8443/echo-ip"
        );
        assert_eq!(word(""), "''");
        assert_eq!(word("a=b"), "'a=b'");
        assert_eq!(word("~"), "'~'");
        assert_eq!(word("it's"), r"'it'\''s'");
    }

    #[test]
    fn a_real_shell_reads_back_what_was_quoted() {
        let argv = [
            "",
            "it's",
            "$HOME `id` \\ \"x\"",
            "두 줄\n한글",
            "-n",
            "*",
            "#",
            "!",
            "a;b&c|d>e",
        ];
        let script = format!("for word in {}; do printf '%s\\0' \"$word\"; done", line(&argv));
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .unwrap();
        let expected: String = argv.iter().map(|word| format!("{word}\0")).collect();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}
