//! An external registry, asked from a node: the way there, the name and the authorities are the node's, so what is seen is what its
//! engine will see. TLS and the login end here, not on the node. What to ask is `registry_product`'s table; what has to change
//! because of it is decided by `plan::external`.

mod challenge;
mod failure;
mod http;
pub mod login;
mod talk;

use std::path::Path;

use agent::client::Client;

pub use failure::Failure;
pub use login::Credentials;

use crate::cluster::{External, Product};
use crate::error::{Error, Result};
use crate::facts::external::{Standing, Trouble};
use crate::registry_product::{Answered, Ask, PRODUCTS, Row, Whom, below, project, row};
use crate::text;
use http::{Answer, Http};
use talk::{Talk, foreign};

/// What a node's system trusts, where no `ca_file` is named.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Where the registry's interface for engines begins.
const BASE: &str = "/v2/";

type Told<T> = std::result::Result<T, Failure>;

/// The authority of `ca_file`, PEM. Errors: it cannot be read, or is none.
pub fn authority(file: &Path) -> Result<String> {
    let shown = file.display();
    let wrong = || {
        Error::usage(text!(
            "`ca_file` {shown}을(를) 쓸 수 없음",
            "cannot use the `ca_file` {shown}"
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong().because(error))?;
    if text.contains("PRIVATE KEY") {
        return Err(wrong()
            .cause("it holds a private key")
            .hint(text!("인증서만 있어야 합니다", "only certificates belong there")));
    }
    let found = openssl::x509::X509::stack_from_pem(text.as_bytes());
    match found {
        Ok(found) if !found.is_empty() => Ok(text),
        _ => Err(wrong().cause("no PEM certificate in it").hint(text!(
            "-----BEGIN CERTIFICATE-----로 시작하는 파일이어야 합니다",
            "it has to be a file that begins with -----BEGIN CERTIFICATE-----"
        ))),
    }
}

/// Looks at the registry from a node: whether it is reached and believed, whether it accepts the login, what it is and holds.
pub async fn look(
    external: &External,
    credentials: &Credentials,
    agent: &Client,
) -> Result<std::result::Result<Standing, Trouble>> {
    let talk = talk(external, credentials, agent).await?;
    let standing = talk.standing().await;
    Ok(standing.map_err(|failure| {
        let (text, hint) = failure.told(external, &credentials.user);
        let unreached = matches!(failure, Failure::Unreached(_));
        Trouble {
            text,
            hint,
            unreached,
        }
    }))
}

/// Makes the project of the namespace, by the product's own interface.
pub async fn make_project(
    external: &External,
    credentials: &Credentials,
    agent: &Client,
    product: Product,
) -> Result<()> {
    let talk = talk(external, credentials, agent).await?;
    let row = row(product);
    let name = project(external.namespace.as_deref());
    let Some(projects) = &row.projects else {
        return Ok(());
    };
    let cannot = |failure: &Failure| {
        let (what, _) = failure.told(external, &credentials.user);
        Error::new(text!(
            "{}에 `{name}`을(를) 만들 수 없음",
            "cannot make `{name}` at {}",
            external.server()
        ))
        .cause(what.en)
        .hint(text!(
            "관리자에게 만들어 달라고 하거나, 있는 것을 `url`에 적으세요",
            "ask its administrator to make it, or name one that is there in `url`"
        ))
    };
    let answer = talk
        .ask(&(projects.make)(name))
        .await
        .map_err(|failure| cannot(&failure))?;
    match answer.status {
        // 409: somebody made it just now.
        200 | 201 | 409 => Ok(()),
        status => Err(cannot(&of_status(status))),
    }
}

async fn talk<'a>(external: &'a External, credentials: &'a Credentials, agent: &Client) -> Result<Talk<'a>> {
    let authorities = match &external.ca_file {
        Some(file) => authority(file)?.into_bytes(),
        None => {
            let mut bytes = vec![];
            let got = agent.get(SYSTEM, &mut bytes).await;
            got.map_err(|error| {
                Error::new(text!(
                    "노드의 {SYSTEM}을(를) 읽을 수 없음",
                    "cannot read {SYSTEM} of the node"
                ))
                .because(error)
                .hint(text!(
                    "레지스트리를 보증하는 인증 기관을 `ca_file`로 적으세요",
                    "name the authority that vouches for the registry as `ca_file`"
                ))
            })?;
            bytes
        }
    };
    Ok(Talk {
        http: Http::new(agent.clone(), &authorities)?,
        external,
        credentials,
    })
}

impl Talk<'_> {
    async fn standing(&self) -> Told<Standing> {
        let base = |as_whom| Ask {
            method: "GET",
            path: BASE.into(),
            body: None,
            as_whom,
        };
        let first = self.ask(&base(Whom::Nobody)).await?;
        let open = first.status == 200;
        if open {
            registry(&first)?;
        } else if first.status == 401 {
            talk::challenge(&first)?;
            let second = self.ask(&base(Whom::Engine(String::new()))).await?;
            match second.status {
                200 => registry(&second)?,
                status => return Err(of_status(status)),
            }
        } else if first.status == 404 {
            return Err(foreign(&first));
        } else {
            return Err(of_status(first.status));
        }
        let row = match self.external.product {
            Some(product) => row(product),
            None => self.recognise().await?,
        };
        if row.projects.is_some() && self.external.namespace.is_none() {
            return Err(Failure::Nameless(row.name));
        }
        Ok(Standing {
            product: row.product,
            user: self.credentials.user.clone(),
            open,
            project: self.project(row).await?,
            repositories: self.catalog(row).await?.map(|names| names.len()),
        })
    }

    /// What it is, from what it says to anybody.
    async fn recognise(&self) -> Told<&'static Row> {
        for row in &PRODUCTS {
            let Some((path, tells)) = row.sign else {
                return Ok(row);
            };
            let ask = Ask {
                method: "GET",
                path: path.into(),
                body: None,
                as_whom: Whom::Nobody,
            };
            let answer = match self.ask(&ask).await {
                Ok(answer) => answer,
                // Only this path leads nowhere.
                Err(Failure::Astray(_) | Failure::Endless(_)) => continue,
                Err(failure) => return Err(failure),
            };
            let seen = Answered {
                status: answer.status,
                server: answer.header("server").unwrap_or_default(),
                body: &answer.json(),
            };
            if tells(&seen) {
                return Ok(row);
            }
        }
        Ok(row(Product::Distribution))
    }

    /// Whether the project is there; `None` where there are none, or this user is not told.
    async fn project(&self, row: &Row) -> Told<Option<bool>> {
        let name = project(self.external.namespace.as_deref());
        let Some(projects) = row
            .projects
            .as_ref()
            .filter(|_| row.lets_in(&self.credentials.user))
        else {
            return Ok(None);
        };
        let answer = self.ask(&(projects.look)(name)).await?;
        match answer.status {
            200 => Ok(Some(true)),
            404 => Ok(Some(false)),
            401 | 403 => Ok(None),
            status => Err(of_status(status)),
        }
    }

    /// The repositories below the namespace; `None` where this user may not list them.
    async fn catalog(&self, row: &Row) -> Told<Option<Vec<String>>> {
        if !row.lets_in(&self.credentials.user) {
            return Ok(None);
        }
        let answer = match self.ask(&(row.catalog)(self.external.namespace.as_deref())).await {
            Ok(answer) => answer,
            Err(Failure::Unauthorized) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        match answer.status {
            200 => {}
            // 404: there is nothing yet.
            401 | 403 | 404 | 405 => return Ok(None),
            status => return Err(of_status(status)),
        }
        let names = (row.names)(&answer.json()).ok_or_else(|| foreign(&answer))?;
        Ok(Some(below(self.external, names)))
    }
}

/// Whether an answer of [`BASE`] is a registry's: a page of a portal has status 200 as well.
fn registry(answer: &Answer) -> Told<()> {
    let page = answer
        .header("content-type")
        .is_some_and(|kind| kind.contains("html"));
    if page { Err(foreign(answer)) } else { Ok(()) }
}

fn of_status(status: u16) -> Failure {
    match status {
        401 => Failure::Unauthorized,
        403 => Failure::Forbidden,
        status => Failure::Status(status),
    }
}

#[cfg(test)]
mod tests;
