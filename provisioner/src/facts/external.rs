//! What is known of an external registry, and of a node's dealings with it. Data only; no password is ever here.

use agent::wire::TrustFact;

use crate::cluster::{External, Product};
use crate::registry_product::row;
use crate::text::Text;

/// What is seen of the external registry that cluster.yaml names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// As a node sees it; `None`: there was no node to ask from.
    pub asked: Option<Result<Standing, Trouble>>,
    /// SHA-256 of the authority that vouches for it, hex; `None` where none is named.
    pub authority: Option<String>,
}

/// An external registry that answers and accepts the login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is.
    pub product: Product,
    /// Who logged in.
    pub user: String,
    /// Whether it lets in anybody.
    pub open: bool,
    /// Whether the project of the namespace is there; `None` where there are none, or the user is not told.
    pub project: Option<bool>,
    /// How many repositories are below the namespace; `None` where the user may not list them.
    pub repositories: Option<usize>,
}

impl Standing {
    /// What a person is told of it.
    pub fn told(&self, external: &External) -> Text {
        let prefix = external.prefix();
        let product = row(self.product).told();
        let user = &self.user;
        let (open_ko, open) = match self.open {
            true => (" (로그인하지 않아도 열려 있음)", " (it lets in anybody)"),
            false => ("", ""),
        };
        let (held_ko, held) = match self.repositories {
            Some(count) => (format!(", 저장소 {count}개"), format!(", repositories: {count}")),
            None => (String::new(), String::new()),
        };
        Text {
            ko: format!("{prefix}: {product}, `{user}`(으)로 로그인{open_ko}{held_ko}"),
            en: format!("{prefix}: {product}, logged in as `{user}`{open}{held}"),
        }
    }
}

/// Why it is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong.
    pub text: Text,
    /// What to do.
    pub hint: Text,
    /// Whether no connection came about.
    pub unreached: bool,
}

/// A node's dealings with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dealings {
    /// Registries the node was made ready for, as engines name them; normally one or none.
    pub ready_for: Vec<String>,
    /// Whether its engine is logged in with the very login that is wanted.
    pub logged_in: bool,
    /// What its engines trust for that registry.
    pub trust: Vec<TrustFact>,
}
