//! Registries as a table: how each is recognised, how a project is made there, how it is asked what it holds, whether it takes
//! charts. Pure: says what to ask and what an answer means; asking is `external`'s.
//!
//! Distribution was seen here; the others follow their public documentation and were tried against the tests' servers only.

use std::fmt;

use serde_json::{Value as Json, json};

use crate::cluster::{External, Product};

/// A request to a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// `GET`, `HEAD` or `POST`.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// JSON, where there is a body.
    pub body: Option<String>,
    /// Who asks.
    pub as_whom: Whom,
}

/// How a request says who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Nobody.
    Nobody,
    /// User and password, as the product's own interface takes them.
    User,
    /// As engines do it: whatever the registry demands, a token of this scope among it.
    Engine(String),
    /// The password is a token of the product's interface.
    Bearer,
}

/// What of an answer tells a product.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Status.
    pub status: u16,
    /// The header `Server`.
    pub server: &'a str,
    /// The body, where it is JSON.
    pub body: &'a Json,
}

/// Whether an answer is of this product.
pub type Tells = fn(&Answered<'_>) -> bool;

/// How a project is found and made.
#[derive(Clone, Copy)]
pub struct Projects {
    /// Whether it is there: 200, else 404.
    pub look: fn(&str) -> Ask,
    /// Makes it.
    pub make: fn(&str) -> Ask,
}

/// What is to be known of a product.
pub struct Row {
    /// Which.
    pub product: Product,
    /// As its people write it.
    pub name: &'static str,
    /// Whether it was seen at work, not only its documentation.
    pub proved: bool,
    /// Whether it takes a Helm chart as an OCI artifact.
    pub charts: bool,
    /// Asked of nobody in particular, and what says that it is this product. `None`: what is none of the others.
    pub sign: Option<(&'static str, Tells)>,
    /// `None`: whatever name is pushed to is there then.
    pub projects: Option<Projects>,
    /// Asks for the names of all repositories below a namespace.
    pub catalog: fn(Option<&str>) -> Ask,
    /// Those names, without the server.
    pub names: fn(&Json) -> Option<Vec<String>>,
    /// The user whose password is a token of the product's interface, where that takes nothing else.
    pub token_user: Option<&'static str>,
}

/// Every product; the one without a sign is the last.
pub const PRODUCTS: [Row; 4] = [
    Row {
        product: Product::Harbor,
        name: "Harbor",
        proved: false,
        charts: true,
        sign: Some(("/api/v2.0/systeminfo", |answer| {
            answer.status == 200 && answer.body.get("auth_mode").is_some()
        })),
        projects: Some(Projects {
            look: |project| by_user("HEAD", format!("/api/v2.0/projects?project_name={project}"), None),
            make: |project| {
                let body = json!({"project_name": project, "metadata": {"public": "false"}});
                by_user("POST", "/api/v2.0/projects".into(), Some(body))
            },
        }),
        catalog: |namespace| {
            let project = project(namespace);
            let path = format!("/api/v2.0/projects/{project}/repositories?page_size=100");
            by_user("GET", path, None)
        },
        names: |answer| named(answer, "name"),
        token_user: None,
    },
    Row {
        product: Product::Nexus,
        name: "Nexus",
        proved: false,
        charts: false,
        sign: Some(("/service/rest/v1/status", |answer| {
            answer.status == 200 && answer.server.starts_with("Nexus/")
        })),
        projects: None,
        catalog: |namespace| {
            let below = namespace
                .map(|namespace| format!("&name={namespace}/*"))
                .unwrap_or_default();
            by_user(
                "GET",
                format!("/service/rest/v1/search?format=docker{below}"),
                None,
            )
        },
        names: |answer| named(answer.get("items")?, "name"),
        token_user: None,
    },
    Row {
        product: Product::Quay,
        name: "Quay",
        proved: false,
        charts: true,
        sign: Some(("/api/v1/discovery", |answer| {
            let paths = answer.body.get("paths");
            answer.status == 200 && paths.is_some_and(|paths| paths.get("/api/v1/repository").is_some())
        })),
        projects: Some(Projects {
            look: |project| by_token("GET", format!("/api/v1/organization/{project}"), None),
            make: |project| {
                by_token(
                    "POST",
                    "/api/v1/organization/".into(),
                    Some(json!({"name": project})),
                )
            },
        }),
        catalog: |namespace| {
            by_token(
                "GET",
                format!("/api/v1/repository?namespace={}", project(namespace)),
                None,
            )
        },
        names: |answer| {
            let all = answer.get("repositories")?.as_array()?;
            let text = |one: &Json, key: &str| one.get(key).and_then(Json::as_str).map(str::to_owned);
            all.iter()
                .map(|one| Some(format!("{}/{}", text(one, "namespace")?, text(one, "name")?)))
                .collect()
        },
        token_user: Some("$oauthtoken"),
    },
    Row {
        product: Product::Distribution,
        name: "distribution",
        proved: true,
        charts: true,
        sign: None,
        projects: None,
        catalog: |_| Ask {
            method: "GET",
            path: "/v2/_catalog?n=1000".into(),
            body: None,
            as_whom: Whom::Engine("registry:catalog:*".into()),
        },
        names: |answer| {
            let all = answer.get("repositories")?.as_array()?;
            all.iter().map(|one| one.as_str().map(str::to_owned)).collect()
        },
        token_user: None,
    },
];

/// What is known of a product.
pub fn row(product: Product) -> &'static Row {
    let found = PRODUCTS.iter().find(|row| row.product == product);
    found.unwrap_or(&PRODUCTS[PRODUCTS.len() - 1])
}

impl Row {
    /// Its name; with a word where only its documentation is known.
    pub fn told(&self) -> String {
        let doubt = if self.proved { "" } else { " (unproved)" };
        format!("{}{doubt}", self.name)
    }

    /// Whether this user can use the product's own interface.
    pub fn lets_in(&self, user: &str) -> bool {
        self.token_user.is_none_or(|token_user| token_user == user)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// The project of a namespace: its first part, where a product has projects.
pub fn project(namespace: Option<&str>) -> &str {
    namespace
        .unwrap_or_default()
        .split('/')
        .next()
        .unwrap_or_default()
}

/// The names of a catalog that are below the namespace.
pub fn below(external: &External, names: Vec<String>) -> Vec<String> {
    let Some(namespace) = &external.namespace else {
        return names;
    };
    let start = format!("{namespace}/");
    names
        .into_iter()
        .filter(|name| name.starts_with(&start))
        .collect()
}

fn by_user(method: &'static str, path: String, body: Option<Json>) -> Ask {
    Ask {
        method,
        path,
        body: body.map(|body| body.to_string()),
        as_whom: Whom::User,
    }
}

fn by_token(method: &'static str, path: String, body: Option<Json>) -> Ask {
    Ask {
        as_whom: Whom::Bearer,
        ..by_user(method, path, body)
    }
}

fn named(list: &Json, key: &str) -> Option<Vec<String>> {
    let name = |one: &Json| one.get(key)?.as_str().map(str::to_owned);
    list.as_array()?.iter().map(name).collect()
}

#[cfg(test)]
mod tests;
