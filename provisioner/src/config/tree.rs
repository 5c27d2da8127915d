//! A YAML text as a tree whose keys and values know their place. Knows nothing of clusters or labs.
//! Bounded: a huge file, deep nesting and alias bombs are refused, not read.

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_yaml::{Budget, Error as YamlError, Location, Options, Spanned};

use crate::config::Problem;
use crate::text;
use crate::text::Text;

/// The largest file read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// A value and its place.
pub type Place = Spanned<Value>;

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing: `key:` with no value, or `null`.
    Null,
    /// Text, a number, true or false, as written.
    Scalar(String),
    /// A list.
    List(Vec<Place>),
    /// A mapping, in the order of the file.
    Map(Vec<(Spanned<String>, Place)>),
}

/// Reads a tree. Errors: the one problem that stops reading (syntax, a duplicate key, a limit).
#[expect(clippy::result_large_err, reason = "told once, when reading stops")]
pub fn parse(file: &str, yaml: &str) -> Result<Place, Problem> {
    read(file, yaml)
}

/// Reads any value, within the limits.
#[expect(clippy::result_large_err, reason = "told once, when reading stops")]
pub fn read<T: serde::de::DeserializeOwned>(file: &str, yaml: &str) -> Result<T, Problem> {
    if yaml.len() > MAX_BYTES {
        return Err(Problem::at(file, Location::UNKNOWN, too_large(yaml.len()), None));
    }
    serde_yaml::from_str_with_options(yaml, options()).map_err(|error| problem(file, &error))
}

fn options() -> Options {
    let mut budget = Budget::default();
    budget.max_depth = 32;
    budget.max_nodes = 100_000;
    budget.max_events = 200_000;
    budget.max_aliases = 100;
    budget.max_anchors = 100;
    budget.max_documents = 1;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.with_snippet = false;
    options.alias_limits.max_total_replayed_events = 100_000;
    options
}

/// What is said of a file of more than [`MAX_BYTES`].
pub fn too_large(bytes: usize) -> Text {
    text!(
        "파일이 너무 큼: {bytes} 바이트, 최대 {MAX_BYTES}",
        "the file is too large: {bytes} bytes, at most {MAX_BYTES}"
    )
}

fn problem(file: &str, error: &YamlError) -> Problem {
    let (message, hint) = words(error);
    Problem::at(file, error.location().unwrap_or(Location::UNKNOWN), message, hint)
}

/// Line and column of a location, 1 where it is unknown.
pub fn position(location: Location) -> (usize, usize) {
    let from = |number: u64| usize::try_from(number).unwrap_or(1).max(1);
    (from(location.line()), from(location.column()))
}

fn words(error: &YamlError) -> (Text, Option<Text>) {
    match error {
        YamlError::AliasError { error, .. } | YamlError::WithSnippet { error, .. } => words(error),
        YamlError::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            let hint = text!("하나를 지우세요", "remove one of them");
            (
                text!("키 `{key}`가 두 번 나옴", "the key `{key}` appears twice"),
                Some(hint),
            )
        }
        YamlError::Budget { breach, .. } => (
            text!(
                "파일이 읽을 수 있는 한도를 넘음: {breach:?}",
                "the file exceeds a limit: {breach:?}"
            ),
            Some(text!(
                "중첩, 앵커(&), 별칭(*)을 줄이세요",
                "nest less, use fewer anchors (&) and aliases (*)"
            )),
        ),
        YamlError::AliasReplayLimitExceeded { .. }
        | YamlError::AliasExpansionLimitExceeded { .. }
        | YamlError::AliasReplayStackDepthExceeded { .. } => (
            text!(
                "별칭(*)이 한도를 넘게 펼쳐짐",
                "aliases (*) expand beyond the limit"
            ),
            Some(text!("값을 그대로 적으세요", "write the values out")),
        ),
        YamlError::MultipleDocuments { .. } => (
            text!(
                "한 파일에 YAML 문서가 여럿",
                "more than one YAML document in the file"
            ),
            Some(text!("`---` 줄을 지우세요", "remove the `---` line")),
        ),
        YamlError::Eof { .. } => (
            text!(
                "파일이 비었거나 중간에 끝남",
                "the file is empty or ends too early"
            ),
            None,
        ),
        other => {
            let other = other.to_string();
            let said = other.lines().next().unwrap_or_default();
            let said = said.split_once(" at line ").map_or(said, |(said, _)| said);
            (
                text!("YAML로 읽을 수 없음: {said}", "not readable as YAML: {said}"),
                None,
            )
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

macro_rules! scalars {
    ($($method:ident: $type:ty),*) => {
        $(fn $method<E: serde::de::Error>(self, value: $type) -> Result<Value, E> {
            Ok(Value::Scalar(value.to_string()))
        })*
    };
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128, visit_f64: f64, visit_str: &str);

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = vec![];
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = vec![];
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}
