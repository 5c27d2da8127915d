//! Words for people, always in both languages: a text that lacks one cannot be built from Rust, and [`Text`] read from
//! YAML says which language is missing when `lab lint` asks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language a person reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Korean.
    Ko,
    /// English.
    #[default]
    En,
}

impl Lang {
    /// The language of the environment: `LC_ALL`, `LC_MESSAGES`, `LANG`, in this order; English unless it starts with `ko`.
    pub fn from_environment() -> Self {
        let value = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        if value.is_some_and(|value| value.starts_with("ko")) {
            Self::Ko
        } else {
            Self::En
        }
    }
}

/// A text in both languages. Made by [`text!`](crate::text!), or read from YAML as a string (both) or `{ko: …, en: …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(with = "TextOrMap")]
pub struct Text {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
}

impl Text {
    /// The words in `lang`.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ko => &self.ko,
            Lang::En => &self.en,
        }
    }
}

/// A technical text that is the same in both languages: a file name, a tool's own message.
impl From<String> for Text {
    fn from(both: String) -> Self {
        Self {
            ko: both.clone(),
            en: both,
        }
    }
}

impl From<&str> for Text {
    fn from(both: &str) -> Self {
        both.to_owned().into()
    }
}

/// English, for errors on their way to a log. What a person reads goes through [`Text::get`].
impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.en)
    }
}

/// `text!("한국어 {name}", "English {name}")`: a [`Text`], both languages required by construction.
#[macro_export]
macro_rules! text {
    ($ko:literal, $en:literal $(, $($argument:tt)*)?) => {
        $crate::text::Text { ko: format!($ko $(, $($argument)*)?), en: format!($en $(, $($argument)*)?) }
    };
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum TextOrMap {
    Both(String),
    Each { ko: String, en: String },
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Text;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text, or {ko: …, en: …}")
            }
            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Text, E> {
                Ok(value.into())
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Each {
                    ko: String,
                    en: String,
                }
                let each = Each::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Text {
                    ko: each.ko,
                    en: each.en,
                })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
