//! Compares a tree with a JSON Schema and reports every unknown and missing key and every value of the wrong kind at once.
//! The schema is the one printed by `lab schema`, derived from the structs that are read: they cannot disagree.
//! Knows the keywords those schemas use: properties, required, additionalProperties, items, anyOf, oneOf, enum, $ref, type.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value as Json;

use crate::config::tree::{Place, Value};
use crate::config::{Problem, suggest};
use crate::text;
use crate::text::Text;

/// The JSON Schema (draft-07) of a file read as `T`.
pub fn schema<T: JsonSchema>() -> Json {
    SchemaSettings::draft07()
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// Every place where `tree` has another shape than `schema`.
pub fn problems(file: &str, tree: &Place, schema: &Json) -> Vec<Problem> {
    let mut walk = Walk {
        file,
        root: schema,
        problems: vec![],
    };
    walk.value(tree, schema);
    walk.problems
}

struct Walk<'walk> {
    file: &'walk str,
    root: &'walk Json,
    problems: Vec<Problem>,
}

impl<'walk> Walk<'walk> {
    fn value(&mut self, place: &Place, schema: &'walk Json) {
        let schema = self.resolve(schema);
        if let Some(choices) = choices(schema) {
            let fitting = choices
                .iter()
                .map(|choice| self.resolve(choice))
                .find(|choice| fits(&place.value, choice));
            return match fitting {
                Some(choice) => self.value(place, choice),
                None => self.wrong_kind(place, schema),
            };
        }
        if !fits(&place.value, schema) {
            return self.wrong_kind(place, schema);
        }
        match &place.value {
            Value::Map(entries) => self.map(place, entries, schema),
            Value::List(items) => {
                let Some(schema) = schema.get("items") else { return };
                items.iter().for_each(|item| self.value(item, schema));
            }
            Value::Null | Value::Scalar(_) => {}
        }
    }

    fn map(&mut self, place: &Place, entries: &[(serde_yaml::Spanned<String>, Place)], schema: &'walk Json) {
        let properties = schema.get("properties").and_then(Json::as_object);
        let known = || {
            properties
                .into_iter()
                .flat_map(|properties| properties.keys().map(String::as_str))
        };
        for (key, value) in entries {
            match properties.and_then(|properties| properties.get(&key.value)) {
                Some(schema) => self.value(value, schema),
                None => match schema.get("additionalProperties") {
                    Some(Json::Bool(false)) => {
                        let name = &key.value;
                        let message = text!("모르는 키 `{name}`", "unknown key `{name}`");
                        let present = |known: &&str| entries.iter().any(|(key, _)| key.value == *known);
                        let free: Vec<&str> = known().filter(|known| !present(known)).collect();
                        self.report(
                            key.referenced,
                            message,
                            Some(suggest::hint(name, free.iter().copied())),
                        );
                    }
                    Some(schema @ Json::Object(_)) => self.value(value, schema),
                    _ => {}
                },
            }
        }
        let required = schema
            .get("required")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str);
        for missing in required.filter(|name| !entries.iter().any(|(key, _)| key.value == *name)) {
            let described = properties
                .and_then(|all| all.get(missing))
                .and_then(|one| one.get("description"));
            let hint = described
                .and_then(Json::as_str)
                .map(|said| text!("{missing}: {said}", "{missing}: {said}"));
            self.report(
                place.referenced,
                text!("키 `{missing}`이(가) 없음", "the key `{missing}` is missing"),
                hint,
            );
        }
    }

    fn wrong_kind(&mut self, place: &Place, schema: &Json) {
        let (found_ko, found) = kind(&place.value);
        let (wanted_ko, wanted) = wanted(schema);
        let message = text!(
            "{wanted_ko}이(가) 있어야 할 곳에 {found_ko}",
            "{found} where {wanted} should be"
        );
        let described = schema.get("description").and_then(Json::as_str);
        self.report(place.referenced, message, described.map(Text::from));
    }

    fn report(&mut self, location: serde_yaml::Location, message: Text, hint: Option<Text>) {
        self.problems
            .push(Problem::at(self.file, location, message, hint));
    }

    fn resolve(&self, schema: &'walk Json) -> &'walk Json {
        // draft-07 puts a $ref that has siblings into a single allOf.
        let inner = schema
            .get("allOf")
            .and_then(Json::as_array)
            .and_then(|all| all.first())
            .unwrap_or(schema);
        let target = inner
            .get("$ref")
            .and_then(Json::as_str)
            .and_then(|path| path.strip_prefix('#'));
        target
            .and_then(|path| self.root.pointer(path))
            .map_or(schema, |target| self.resolve(target))
    }
}

fn choices(schema: &Json) -> Option<&Vec<Json>> {
    let choices = schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()?;
    // Enums with documented variants are a oneOf of constants: a scalar, whose value is checked by its reader.
    choices
        .iter()
        .any(|choice| choice.get("const").is_none() && choice.get("enum").is_none())
        .then_some(choices)
}

fn fits(value: &Value, schema: &Json) -> bool {
    let types: Vec<&str> = match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => return true,
    };
    let scalar = |kind: &&str| matches!(*kind, "string" | "integer" | "number" | "boolean");
    match value {
        Value::Null => types.contains(&"null"),
        Value::Scalar(_) => types.iter().any(scalar),
        Value::List(_) => types.contains(&"array"),
        Value::Map(_) => types.contains(&"object"),
    }
}

fn kind(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Null => ("빈 값", "nothing"),
        Value::Scalar(_) => ("값 하나", "a single value"),
        Value::List(_) => ("목록", "a list"),
        Value::Map(_) => ("키와 값의 묶음", "a mapping"),
    }
}

fn wanted(schema: &Json) -> (&'static str, &'static str) {
    match schema
        .get("type")
        .and_then(|kind| kind.as_str().or_else(|| kind.get(0).and_then(Json::as_str)))
    {
        Some("array") => kind(&Value::List(vec![])),
        Some("object") => kind(&Value::Map(vec![])),
        Some("integer" | "number") => ("수", "a number"),
        _ => ("값", "a value"),
    }
}
