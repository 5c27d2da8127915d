//! What a check measures: lines of its output, each a name and a number, or a word. Pure.

use crate::event::{Measured, Unit, Value};
use crate::text;
use crate::text::Text;

/// What the numbers or words of a check are, and what they are called together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Their unit.
    pub unit: Unit,
    /// What they are of: "sizes of the four images".
    pub title: Text,
}

impl Measure {
    /// What an output says. Err: the line that holds none.
    pub fn read(&self, output: &str) -> Result<Vec<Measured>, Text> {
        let lines = output.lines().filter(|line| !line.trim().is_empty());
        let read: Vec<Measured> = lines
            .map(|line| {
                self.one(line).ok_or_else(|| {
                    let unit = self.unit.word();
                    text!(
                        "`이름 값({unit})` 꼴의 줄이 아님: {line}",
                        "not a line of a name and a value ({unit}): {line}"
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
        let (name, value) = line.trim().rsplit_once(char::is_whitespace)?;
        let value = match self.unit {
            Unit::Seconds => {
                let seconds = value
                    .parse::<f64>()
                    .ok()
                    .filter(|number| (0.0..1e9).contains(number))?;
                let millis = std::time::Duration::from_secs_f64(seconds).as_millis();
                Value::Number(u64::try_from(millis).ok()?)
            }
            Unit::Bytes | Unit::Count => Value::Number(value.parse().ok()?),
            Unit::Word => Value::Word(value.to_owned()),
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
        use Unit::{Bytes, Count, Seconds, Word};
        let read = |unit, output: &str| {
            let title = text!("가", "a");
            let read = Measure { unit, title }.read(output);
            read.map(|all| {
                let shown = all.iter().map(|one| match &one.value {
                    Value::Number(number) => format!("{}={number}", one.name),
                    Value::Word(word) => format!("{}={word:?}", one.name),
                });
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
            (Word, "docker 7\npodman root", Ok("docker=\"7\" podman=\"root\"")),
            (
                Word,
                "docker",
                Err("not a line of a name and a value (word): docker"),
            ),
            (
                Bytes,
                "basic-img 12MB",
                Err("not a line of a name and a value (bytes): basic-img 12MB"),
            ),
            (
                Seconds,
                "build -1",
                Err("not a line of a name and a value (seconds): build -1"),
            ),
            (Count, "7", Err("not a line of a name and a value (count): 7")),
            (Count, "\n", Err("nothing was measured")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(read(unit, output), expected, "{output}");
        }
    }
}
