//! The first text of a lab and of an exercise, and the line that lists an exercise. Reads and writes no file.

use super::raw;
use crate::config::tree;
use crate::config::tree::position;

/// An exercise that runs one container: it lints, runs, and its check can fail.
pub fn exercise(id: &str) -> String {
    include_str!("skeleton.yaml").replace("NAME", id)
}

/// A lab of one exercise.
pub fn lab(name: &str, exercise: &str) -> String {
    format!("title: {{ko: \"{name}\", en: \"{name}\"}}\nexercises:\n- {exercise}.yaml\n")
}

/// The text of a lab.yaml with one more exercise at the end of its list; nothing else changes. `None` where the list is not written
/// with an exercise on each line.
pub fn listed(text: &str, exercise: &str) -> Option<String> {
    let lab: raw::Lab = tree::read("lab.yaml", text).ok()?;
    let last = lab.exercises?.pop()?;
    let (number, _) = position(last.location);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (before, after) = lines.split_at_checked(number)?;
    let line = before.last()?;
    let dash = line.len() - line.trim_start().len();
    if !line[dash..].starts_with("- ") {
        return None;
    }
    let ending = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
    let closed = if line.ends_with('\n') { "" } else { ending };
    let indent = &line[..dash];
    Some(format!(
        "{}{closed}{indent}- {exercise}.yaml{ending}{}",
        before.concat(),
        after.concat()
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::files::Files;
    use super::super::load::load;
    use super::*;

    #[test]
    fn a_skeleton_lints_whatever_its_name() {
        for id in ["hello", "1", "true", "a-b"] {
            let files: Files = [
                ("lab.yaml".into(), lab("1", id)),
                (format!("{id}.yaml"), exercise(id)),
            ]
            .into();
            let lab = load("1", &files, None)
                .map_err(|problems| format!("{problems:#?}"))
                .unwrap();
            assert_eq!(lab.exercises[0].id, id);
            assert_eq!(lab.exercises[0].containers, [format!("lab-{id}")]);
        }
    }

    #[test]
    fn a_lab_lists_one_more_and_keeps_the_rest() {
        let head = "# mine\ntitle: {ko: 장, en: t}\nexercises:\n";
        for (text, expected) in [
            ("- a.yaml\n", Some("- a.yaml\n- b.yaml\n")),
            ("- a.yaml", Some("- a.yaml\n- b.yaml\n")),
            ("  - a.yaml # one\r\n", Some("  - a.yaml # one\r\n  - b.yaml\r\n")),
            (
                "- a.yaml\nclaims: c.yaml\n",
                Some("- a.yaml\n- b.yaml\nclaims: c.yaml\n"),
            ),
            ("  [a.yaml]\n", None),
            ("  []\n", None),
        ] {
            let expected = expected.map(|expected| format!("{head}{expected}"));
            assert_eq!(listed(&format!("{head}{text}"), "b"), expected, "{text}");
        }
    }
}
