//! "Did you mean": the closest of the words that would have been right.

use crate::text;
use crate::text::Text;

/// The known word closest to `word`, if it is close enough to be a slip.
pub fn closest<'word>(word: &str, known: impl IntoIterator<Item = &'word str>) -> Option<&'word str> {
    let allowed = (word.chars().count() / 3).max(1);
    let scored = known.into_iter().map(|candidate| {
        (
            distance(&word.to_lowercase(), &candidate.to_lowercase()),
            candidate,
        )
    });
    scored
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `nodes`?``, else the list of what is known.
pub fn hint<'word>(word: &str, known: impl IntoIterator<Item = &'word str> + Clone) -> Text {
    match closest(word, known.clone()) {
        Some(meant) => text!("`{meant}`인가요?", "did you mean `{meant}`?"),
        None => {
            let list = known.into_iter().collect::<Vec<_>>().join(", ");
            text!("쓸 수 있는 것: {list}", "known here: {list}")
        }
    }
}

/// Levenshtein's distance, in characters; two swapped neighbours count one.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![(0..=right.len()).collect::<Vec<_>>()];
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(a != b))
                .min(rows[i][j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let check = |word, expected| {
            assert_eq!(
                closest(word, ["nodes", "network", "registry"]),
                expected,
                "{word}"
            )
        };
        check("node", Some("nodes"));
        check("ndoes", Some("nodes"));
        check("Network", Some("network"));
        check("regsitry", Some("registry"));
        check("kubernetes", None);
    }
}
