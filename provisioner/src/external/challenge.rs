//! How a registry says that it wants a login: the header `WWW-Authenticate`, read; and what goes into a query, written.

use std::fmt::Write;

/// A way to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// User and password.
    Basic,
    /// A token from elsewhere.
    Bearer {
        /// Where tokens are.
        realm: String,
        /// Whom they are for.
        service: Option<String>,
    },
}

impl Challenge {
    /// From a header; `None` for what engines do not know.
    pub fn of(header: &str) -> Option<Self> {
        let (scheme, parameters) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        Some(Self::Bearer {
            realm: parameter(parameters, "realm")?,
            service: parameter(parameters, "service"),
        })
    }
}

/// The quoted value of `name`.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"')?;
        if key.trim_start_matches([',', ' ']).eq_ignore_ascii_case(name) {
            return Some(value.to_owned());
        }
        rest = after;
    }
    None
}

/// Percent-encoded, for a value in a query.
pub fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:*/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_registries() {
        let check = |header: &str, expected: Option<(&str, Option<&str>)>| {
            let expected = expected.map(|(realm, service)| Challenge::Bearer {
                realm: realm.to_owned(),
                service: service.map(str::to_owned),
            });
            assert_eq!(Challenge::of(header), expected, "{header}");
        };
        check(
            r#"Bearer realm="https://auth.example.com/token",service="registry, the one",scope="a:b:c,d""#,
            Some(("https://auth.example.com/token", Some("registry, the one"))),
        );
        check(
            r#"bearer service="s", REALM="https://a""#,
            Some(("https://a", Some("s"))),
        );
        check(r#"Bearer service="s""#, None);
        check(r#"Bearer realm="cut off"#, None);
        check("Negotiate", None);
        assert_eq!(Challenge::of(r#"Basic realm="Registry""#), Some(Challenge::Basic));
    }

    #[test]
    fn a_query_holds_no_other_parameter() {
        assert_eq!(encoded("robot$lab&scope=x y"), "robot%24lab%26scope%3Dx%20y");
        assert_eq!(encoded("registry:catalog:*"), "registry:catalog:*");
    }
}
