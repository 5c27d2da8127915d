//! What a check measures: lines of its output, each a name and a number. Pure.

use crate::event::{Measured, Unit};
use crate::text;
use crate::text::Text;

/// What the numbers of a check are, and what they are called together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Their unit.
    pub unit: Unit,
    /// What they are of: "sizes of the four images".
    pub title: Text,
}

impl Measure {
    /// The numbers of an output. Err: the line that holds none.
    pub fn read(&self, output: &str) -> Result<Vec<Measured>, Text> {
        let lines = output.lines().filter(|line| !line.trim().is_empty());
        let read: Vec<Measured> = lines
            .map(|line| {
                self.one(line).ok_or_else(|| {
                    let unit = self.unit.word();
                    text!(
                        "`이름 수({unit})` 꼴의 줄이 아님: {line}",
                        "not a line of a name and a number ({unit}): {line}"
                    )
                })
            })
            .collect::<Result<_, Text>>()?;
        if read.is_empty() {
            return Err(text!("잰 것이 없음", "nothing was measured"));
        }
        Ok(read)
    }

    fn one(&self, line: &str) -> Option<Measured> {
        let (name, number) = line.trim().rsplit_once(char::is_whitespace)?;
        let value = match self.unit {
            Unit::Seconds => {
                let seconds = number
                    .parse::<f64>()
                    .ok()
                    .filter(|number| (0.0..1e9).contains(number))?;
                u64::try_from(std::time::Duration::from_secs_f64(seconds).as_millis()).ok()?
            }
            Unit::Bytes | Unit::Count => number.parse().ok()?,
        };
        Some(Measured {
            name: name.trim().to_owned(),
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_through_one_table() {
        use Unit::{Bytes, Count, Seconds};
        let read = |unit, output: &str| {
            let title = text!("가", "a");
            let read = Measure { unit, title }.read(output);
            read.map(|all| {
                let shown = all.iter().map(|one| format!("{}={}", one.name, one.value));
                shown.collect::<Vec<_>>().join(" ")
            })
            .map_err(|wrong| wrong.en)
        };
        for (unit, output, expected) in [
            (
                Bytes,
                "basic-img 12\n\noptimal-img  3\n",
                Ok("basic-img=12 optimal-img=3"),
            ),
            (Seconds, "build 1.25", Ok("build=1250")),
            (Count, "two words 7", Ok("two words=7")),
            (
                Bytes,
                "basic-img 12MB",
                Err("not a line of a name and a number (bytes): basic-img 12MB"),
            ),
            (
                Seconds,
                "build -1",
                Err("not a line of a name and a number (seconds): build -1"),
            ),
            (Count, "7", Err("not a line of a name and a number (count): 7")),
            (Count, "\n", Err("nothing was measured")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(read(unit, output), expected, "{output}");
        }
    }
}
