//! The line a problem is in, cut to a width a person can read, and how far the token there reaches; where a word is written.
//! Pure: text in, places out. Lines and columns count from 1, columns in characters, as the YAML reader counts them.

use unicode_width::UnicodeWidthStr;

/// The most characters of a line that are shown.
const MOST: usize = 100;
/// How many lines below a place a word is looked for.
const NEAR: usize = 200;

/// A line of a file and the token in it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or the part of it around the token. Nothing in it moves a terminal's cursor.
    pub line: String,
    /// Columns of a terminal before the token.
    pub before: usize,
    /// Columns the token takes, at least 1.
    pub width: usize,
}

impl Excerpt {
    /// The excerpt of a place; `None` where the text has no such line, or an empty one.
    pub fn of(text: &str, line: usize, column: usize) -> Option<Self> {
        let source: Vec<char> = text
            .lines()
            .nth(line.checked_sub(1)?)?
            .chars()
            .map(plain)
            .collect();
        let start = column.saturating_sub(1).min(source.len().checked_sub(1)?);
        let first = if source.len() > MOST {
            start.saturating_sub(MOST / 3)
        } else {
            0
        };
        let last = source.len().min(first + MOST);
        let end = token_end(&source, start).min(last);
        let cut = |from: usize, to: usize| source[from..to].iter().collect::<String>();
        let (left, right) = (dots(first > 0), dots(last < source.len()));
        let before = format!("{left}{}", cut(first, start));
        Some(Self {
            line: format!("{before}{}{right}", cut(start, last)),
            before: before.width(),
            width: cut(start, end).width().max(1),
        })
    }
}

/// Where `word` is written first at or soon after a place, as a whole word, with the quotes it is in; the place itself where it is
/// not.
pub fn find(text: &str, (line, column): (usize, usize), word: &str) -> (usize, usize) {
    let part = |one: char| one.is_alphanumeric() || "-_.".contains(one);
    let whole = |source: &str, at: usize| {
        let (before, after) = (
            source[..at].chars().last(),
            source[at + word.len()..].chars().next(),
        );
        let inside =
            |neighbour: Option<char>, end: Option<char>| neighbour.is_some_and(part) && end.is_some_and(part);
        !inside(before, word.chars().next()) && !inside(after, word.chars().last())
    };
    let lines = text.lines().enumerate().skip(line.saturating_sub(1)).take(NEAR);
    for (index, source) in lines {
        let from = if index + 1 == line { column } else { 1 };
        let found = source
            .match_indices(word)
            .map(|(at, _)| (at, source[..at].chars().count() + 1))
            .find(|(at, here)| *here >= from && whole(source, *at));
        if let Some((at, here)) = found {
            let quoted =
                |quote: char| source[..at].ends_with(quote) && source[at + word.len()..].starts_with(quote);
            let quote = usize::from(quoted('"') || quoted('\''));
            return (index + 1, here - quote);
        }
    }
    (line, column)
}

/// One past the token's last character: a quoted text, `${name}`, a sign, or a word.
fn token_end(source: &[char], start: usize) -> usize {
    let rest = &source[start..];
    let through = |end: char| {
        let found = rest.iter().skip(1).position(|one| *one == end);
        found.map_or(rest.len(), |at| at + 2)
    };
    let word = || {
        let ends = |(at, one): (usize, &char)| {
            let next = rest.get(at + 1);
            one.is_whitespace()
                || ",]}'\"".contains(*one)
                || (*one == ':' && next.is_none_or(|next| *next == ' '))
        };
        let end = rest.iter().enumerate().position(|(at, one)| ends((at, one)));
        end.unwrap_or(rest.len()).max(1)
    };
    start
        + match rest {
            ['"', ..] => through('"'),
            ['\'', ..] => through('\''),
            ['$', '{', ..] => through('}'),
            ['|', '|', ..] => 2,
            ['[' | '{' | ']' | '}' | ',' | ':' | '|' | '>', ..] => 1,
            _ => word(),
        }
}

/// A tab is one blank; what else a terminal would act on is shown as unknown.
fn plain(one: char) -> char {
    match one {
        '\t' => ' ',
        one if one.is_control() => '\u{fffd}',
        one => one,
    }
}

fn dots(cut: bool) -> &'static str {
    if cut { "…" } else { "" }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The line, and below it carets at the token.
    fn drawn(text: &str, line: usize, column: usize) -> String {
        let excerpt = Excerpt::of(text, line, column).unwrap();
        let (blanks, carets) = (" ".repeat(excerpt.before), "^".repeat(excerpt.width));
        format!("{}\n{blanks}{carets}", excerpt.line)
    }

    #[test]
    fn carets_stand_under_the_token() {
        for (line, column, carets) in [
            ("slove: docker ps", 1, "^^^^^"),
            ("  - {id: a, needs: [bb, c]}", 21, "                    ^^"),
            ("title: {ko: 씨, en: c}", 13, "            ^^"),
            ("ko: 가나, en: \"x y\"", 13, "              ^^^^^"),
            ("expect: {stdout: {}}", 18, "                 ^"),
            ("run: echo ${nmae}!", 11, "          ^^^^^^^"),
            ("run: 'open", 6, "     ^^^^^"),
            ("short", 99, "    ^"),
            ("a\tb", 3, "  ^"),
        ] {
            let shown = line.replace('\t', " ");
            assert_eq!(
                drawn(&format!("first\n{line}\n"), 2, column),
                format!("{shown}\n{carets}")
            );
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_token_and_nothing_moves_the_cursor() {
        let line = format!("{}token {}", "x ".repeat(5000), "y".repeat(5000));
        let drawn = drawn(&line, 1, 10_001);
        let (shown, carets) = drawn.split_once('\n').unwrap();
        assert!(
            shown.starts_with('…') && shown.ends_with('…') && shown.chars().count() < 110,
            "{shown}"
        );
        let at = carets.find('^').unwrap();
        let word: String = shown.chars().skip(at).take(5).collect();
        assert_eq!((word.as_str(), carets.trim()), ("token", "^^^^^"));
        assert_eq!(Excerpt::of("a\u{1b}[2Jb", 1, 1).unwrap().line, "a\u{fffd}[2Jb");
        assert_eq!((Excerpt::of("", 1, 1), Excerpt::of("a\n\n", 2, 1)), (None, None));
    }

    #[test]
    fn a_word_is_found_whole_and_not_before_its_place() {
        let text = "w1: w1-k8s\nhosts: [w1-k8s, w1]\n- \"가 ${x}\"\n";
        for (from, word, found) in [
            ((1, 3), "w1", (2, 17)),
            ((2, 8), "w1-k8s", (2, 9)),
            ((2, 1), "${x}", (3, 6)),
            ((2, 1), "absent", (2, 1)),
            ((2, 1), "가 ${x}", (3, 3)),
        ] {
            assert_eq!(find(text, from, word), found, "{word}");
        }
    }
}
