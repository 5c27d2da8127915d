//! Checks that cannot fail, as far as reading them tells: a script that looks at nothing, an exit code thrown away, a pattern that
//! fits anything. What only running tells, `lab test` proves.

use regex::Regex;

use super::Reader;
use crate::lab::place::At;
use crate::lab::raw;
use crate::text;

/// Commands that do the same whatever the node is like, unless something of the node is put into their arguments.
const BLIND: [&str; 6] = ["true", "false", ":", "exit", "echo", "printf"];
/// Every printable ASCII character, and Hangul: what fits this, its reverse and nothing at all fits anything.
const ANYTHING: &str =
    "~}|{zyxwvutsrqponmlkjihgfedcba`_^]\\[ZYXWVUTSRQPONMLKJIHGFEDCBA@?>=<;:9876543210/.-,+*)('&%$#\"! 가\n";

impl Reader<'_> {
    /// Reports what of a check makes it pass, or fail, whatever it sees.
    pub(super) fn vacuous(&mut self, raw: &At<raw::Check>) {
        if let Some(run) = raw.run.as_ref().filter(|run| sees_nothing(run)) {
            let hint = text!(
                "단계가 만든 것을 보세요. 예: docker inspect 이름",
                "look at what the step makes, for example docker inspect NAME"
            );
            let message = text!(
                "이 점검은 노드가 어떻든 결과가 같음",
                "this check says the same whatever the node is like"
            );
            self.report(run.location, message, Some(hint));
        }
        let judged_by_code = raw.measure.is_none()
            && raw.expect.as_ref().is_some_and(|expect| {
                let code = expect.exit_code.as_ref().map_or("0", |code| code.as_str());
                code == "0"
                    && expect.stdout.is_none()
                    && expect.stderr.is_none()
                    && expect.across_hosts.is_none()
            });
        if let Some(run) = raw.run.as_ref().filter(|run| judged_by_code && forgives(run)) {
            let hint = text!(
                "`|| true`를 지우거나, 출력을 기대로 적으세요",
                "remove `|| true`, or expect something of the output"
            );
            let message = text!(
                "이 점검은 실패할 수 없음: 종료 코드를 버리고 그것만 봄",
                "this check cannot fail: it throws its exit code away and looks at nothing else"
            );
            self.report_word(run.location, "||", message, Some(hint));
        }
        let streams = raw
            .expect
            .iter()
            .flat_map(|expect| [&expect.stdout, &expect.stderr]);
        for pattern in streams.flatten().filter_map(|stream| stream.matches.as_ref()) {
            if fits_anything(pattern) {
                let message = text!(
                    "정규식 `{}`은(는) 무엇에나 맞음",
                    "the pattern `{}` fits anything",
                    **pattern
                );
                self.report(pattern.location, message, None);
            }
        }
    }
}

/// The lines that are commands.
fn lines(script: &str) -> impl Iterator<Item = &str> {
    script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether nothing of a node is in what the script does.
fn sees_nothing(script: &str) -> bool {
    let blind = |command: &str| {
        let first = command.split_whitespace().next().unwrap_or_default();
        first.is_empty() || BLIND.contains(&first) && !command.contains(['$', '`', '<', '>', '|', '*', '?'])
    };
    let commands = lines(script)
        .flat_map(|line| line.split(';'))
        .flat_map(|part| part.split("&&"));
    commands.flat_map(|part| part.split("||")).all(blind)
}

/// Whether the script is one command whose failure counts for nothing.
fn forgives(script: &str) -> bool {
    let mut all = lines(script);
    let (Some(only), None) = (all.next(), all.next()) else {
        return false;
    };
    let tail = only.rsplit_once("||").map(|(_, tail)| tail.trim());
    tail.is_some_and(|tail| matches!(tail, "true" | ":" | "exit 0"))
}

fn fits_anything(pattern: &str) -> bool {
    let reverse: String = ANYTHING.chars().rev().collect();
    // A variable stands for some word: a pattern that holds one does not fit anything.
    !pattern.contains("${")
        && Regex::new(pattern)
            .is_ok_and(|regex| ["", ANYTHING, &reverse].iter().all(|text| regex.is_match(text)))
}

#[cfg(test)]
mod tests {
    use super::{fits_anything, forgives, sees_nothing};

    #[test]
    fn a_script_that_sees_nothing_is_known() {
        for (script, blind) in [
            ("true", true),
            ("# really\nexit 0\n", true),
            ("echo ok && true", true),
            ("printf 'a\\n'; :", true),
            ("", true),
            ("echo $(hostname)", false),
            ("echo \"$node\"", false),
            ("test -e /x || true", false),
            ("docker ps", false),
            ("true < /x", false),
            ("echo /var/*", false),
        ] {
            assert_eq!(sees_nothing(script), blind, "{script}");
        }
    }

    #[test]
    fn an_exit_code_thrown_away_is_known() {
        for (script, thrown) in [
            ("docker ps || true", true),
            ("docker ps ||:", true),
            ("docker ps || exit 0", true),
            ("docker ps", false),
            ("test -e /x || docker ps", false),
            ("test -e /x\ndocker ps || true", false),
        ] {
            assert_eq!(forgives(script), thrown, "{script}");
        }
    }

    #[test]
    fn a_pattern_that_fits_anything_is_known() {
        for (pattern, anything) in [
            ("", true),
            (".*", true),
            ("(ok)?", true),
            ("^", true),
            ("(?s)^.*$", true),
            ("^$", false),
            ("^[^x]*$", false),
            ("ok", false),
            ("^[0-9a-f]{64}$", false),
            (".", false),
            ("${registry}|", false),
        ] {
            assert_eq!(fits_anything(pattern), anything, "{pattern}");
        }
    }
}
