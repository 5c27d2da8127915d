//! A notes file beside the ledger: which of its lines state something, and which of those no claim accounts for. Pure; the
//! file's words are only pointed at, never kept.

use std::ops::Range;

use crate::claim::Claim;

/// A line of the notes, the first being 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Line<'notes> {
    /// Its number.
    pub line: usize,
    /// Its text.
    pub text: &'notes str,
}

/// The lines that state something: all but empty ones, headings, rulers and the heads of tables, fences of code, and what is
/// markup only.
pub fn statements(notes: &str) -> Vec<Line<'_>> {
    let lines: Vec<&str> = notes.lines().collect();
    let mut fenced = false;
    let mut found = vec![];
    for (at, text) in lines.iter().enumerate() {
        if is_fence(text) {
            fenced = !fenced;
            continue;
        }
        let head = !fenced
            && lines.get(at + 1).is_some_and(|next| is_ruler(next))
            && text.trim_start().starts_with('|');
        let silent = if fenced {
            text.trim().is_empty()
        } else {
            head || is_ruler(text) || is_heading(text) || without_markup(text).is_empty()
        };
        if !silent {
            found.push(Line { line: at + 1, text });
        }
    }
    found
}

/// The lines that state something and that no claim accounts for.
pub fn unaccounted<'notes>(claims: &[Claim], notes: &'notes str) -> Vec<Line<'notes>> {
    let held = |line: usize| {
        claims
            .iter()
            .flat_map(|claim| &claim.lines)
            .any(|lines| lines.holds(line))
    };
    let mut lines = statements(notes);
    lines.retain(|line| !held(line.line));
    lines
}

/// Claims whose lines are not under their section's heading, or not in the notes at all.
pub fn misplaced<'ledger>(claims: &'ledger [Claim], notes: &str) -> Vec<&'ledger Claim> {
    let sections = sections(notes);
    let fits = |claim: &&Claim| {
        let under = |line: usize| {
            let mut named = sections.iter().filter(|(heading, _)| *heading == claim.section);
            named.any(|(_, lines)| lines.contains(&line))
        };
        claim
            .lines
            .iter()
            .all(|lines| under(lines.first) && under(lines.last))
    };
    claims.iter().filter(|claim| !fits(claim)).collect()
}

/// Each heading, and the lines up to the next heading of its level or above.
fn sections(notes: &str) -> Vec<(String, Range<usize>)> {
    let mut fenced = false;
    let mut headings: Vec<(usize, String, usize)> = vec![];
    for (at, text) in notes.lines().enumerate() {
        fenced ^= is_fence(text);
        if !fenced && is_hash_heading(text) {
            let level = text.bytes().take_while(|byte| *byte == b'#').count();
            headings.push((level, text.trim_start_matches('#').trim().to_owned(), at + 1));
        }
    }
    let end = |at: usize| {
        let level = headings[at].0;
        let next = headings[at + 1..].iter().find(|(other, ..)| *other <= level);
        next.map_or(notes.lines().count() + 1, |(_, _, line)| *line)
    };
    let section = |(at, (_, text, line)): (usize, &(usize, String, usize))| (text.clone(), *line..end(at));
    headings.iter().enumerate().map(section).collect()
}

fn is_fence(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("```") || text.starts_with("~~~")
}

fn is_ruler(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.contains("---") && text.chars().all(|one| "|-: ".contains(one))
}

fn is_hash_heading(text: &str) -> bool {
    text.starts_with('#') && text.trim_start_matches('#').starts_with(' ')
}

/// `# …`, or a line that is bold as a whole.
fn is_heading(text: &str) -> bool {
    let bold = text
        .trim()
        .strip_prefix("**")
        .and_then(|rest| rest.strip_suffix("**"));
    is_hash_heading(text) || bold.is_some_and(|inner| !inner.contains("**"))
}

/// What is left of a line without tags and the signs of lists, emphasis and tables.
fn without_markup(text: &str) -> String {
    let (mut left, mut tag) = (String::new(), false);
    for one in text.chars() {
        match one {
            '<' => tag = true,
            '>' if tag => tag = false,
            '-' | '*' | '_' | '|' | '\\' | '+' => {}
            one if !tag && !one.is_whitespace() => left.push(one),
            _ => {}
        }
    }
    left
}

#[cfg(test)]
mod tests;
