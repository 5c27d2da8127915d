//! `registry.external` of cluster.yaml: an https address nothing secret is in, and a login that is whole.

use std::path::PathBuf;

use serde_yaml::{Location, Spanned};

use super::check::Checker;
use super::raw::{self, Word};
use super::scalar::{self, Wrong};
use super::{External, Login, Product};
use crate::text;

/// What an address says.
type Address = (String, u16, Option<String>);

impl Checker<'_> {
    /// What is named, if it is right. `own`: name and address of the node with the lab's own registry, and its port.
    pub(super) fn external(
        &mut self,
        raw: &Spanned<raw::External>,
        own: Option<(&(String, String), u16)>,
    ) -> Option<External> {
        let (place, word, more) = match &raw.value {
            raw::External::Address(word) => (raw.referenced, word, None),
            raw::External::More(more) => {
                let url = more.url.as_ref()?;
                (url.referenced, &url.value, Some(more))
            }
        };
        let (host, port, namespace) = self.accept(place, address(word))?;
        if own.is_some_and(|((name, address), own)| port == own && (host == *name || host == *address)) {
            self.own(place);
        }
        let product = more.and_then(|more| self.product(&more.product));
        if let (Some(product @ (Product::Harbor | Product::Quay)), None) = (product, &namespace) {
            self.nameless(place, product);
        }
        let path = |word: &Option<Word>| word.as_ref().map(|word| PathBuf::from(&word.value));
        Some(External {
            host,
            port,
            namespace,
            product,
            login: more.and_then(|more| self.login(more)),
            ca_file: more.and_then(|more| path(&more.ca_file)),
        })
    }

    fn product(&mut self, word: &Option<Word>) -> Option<Product> {
        self.read(word, |word| {
            scalar::choice(word, &["distribution", "harbor", "quay", "nexus"])
        })
    }

    fn own(&mut self, place: Location) {
        let message = text!("이것은 이 실습의 레지스트리임", "this is the lab's own registry");
        let hint = text!(
            "`external`에는 다른 레지스트리를 적으세요",
            "`external` is for another one"
        );
        self.report(place, (message, Some(hint)));
    }

    fn nameless(&mut self, place: Location, product: Product) {
        let name = match product {
            Product::Quay => "Quay",
            _ => "Harbor",
        };
        let message = text!(
            "{name} 주소에 프로젝트나 조직이 없음",
            "the address of {name} names no project or organization"
        );
        let hint = text!(
            "예: https://registry.example.com/team",
            "for example https://registry.example.com/team"
        );
        self.report(place, (message, Some(hint)));
    }

    /// Both or neither; a user that basic authentication can carry.
    fn login(&mut self, raw: &raw::ExternalMore) -> Option<Login> {
        let (given, missing) = match (&raw.user, &raw.password_file) {
            (Some(user), None) => (user, "password_file"),
            (None, Some(file)) => (file, "user"),
            (user, file) => {
                let user = self.read(user, user_name)?;
                let password_file = PathBuf::from(&file.as_ref()?.value);
                return Some(Login { user, password_file });
            }
        };
        let message = text!("`{missing}`도 있어야 함", "`{missing}` is needed as well");
        let hint = text!(
            "둘 다 없으면 이 컴퓨터의 `docker login`을 씁니다",
            "without both, `docker login` of this machine is used"
        );
        self.report(given.referenced, (message, Some(hint)));
        None
    }
}

fn user_name(word: &str) -> Result<String, Wrong> {
    let wrong = |message, hint| Err((message, Some(hint)));
    if word.contains(':') {
        return wrong(
            text!("사용자 이름에 `:`가 있음", "the user has a colon in it"),
            text!(
                "HTTP 로그인은 첫 `:`에서 이름과 비밀번호를 나눕니다: 다른 계정을 쓰세요",
                "HTTP separates user and password at the first one: use another account"
            ),
        );
    }
    if word.is_empty() || word.chars().any(char::is_control) {
        return wrong(
            text!(
                "사용자 이름이 비었거나 제어 문자가 있음",
                "the user is empty or has control characters"
            ),
            text!("예: robot$lab", "for example robot$lab"),
        );
    }
    Ok(word.to_owned())
}

/// `https://HOST[:PORT][/NAMESPACE]`.
fn address(word: &str) -> Result<Address, Wrong> {
    let wrong = |message| (message, None);
    let Some(rest) = word.strip_prefix("https://") else {
        let message = text!("`{word}`은(는) https 주소가 아님", "`{word}` is no https address");
        let hint = text!(
            "예: https://registry.example.com/team (TLS 없이는 쓰지 않습니다)",
            "for example https://registry.example.com/team (never without TLS)"
        );
        return Err((message, Some(hint)));
    };
    let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
    if place.contains('@') {
        // Not repeated: it may hold a password.
        let message = text!(
            "주소에 사용자나 비밀번호가 있음",
            "the address has a user or a password in it"
        );
        let hint = text!(
            "`user`와 `password_file`로 적으세요",
            "write `user` and `password_file`"
        );
        return Err((message, Some(hint)));
    }
    let (host, port) = place.rsplit_once(':').unwrap_or((place, "443"));
    let port = scalar::number(port, 1, 65535)?;
    let port = u16::try_from(port).unwrap_or(u16::MAX);
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let ends = [label.bytes().next(), label.bytes().last()];
        ends.iter().all(|end| end.is_some_and(letter))
            && label.bytes().all(|byte| letter(byte) || byte == b'-')
    };
    if host.len() > 253 || !host.split('.').all(label) {
        return Err(wrong(text!(
            "`{host}`은(는) 소문자로 된 이름이나 IPv4 주소가 아님",
            "`{host}` is no lower-case name and no IPv4 address"
        )));
    }
    if port == 443 && !host.contains('.') {
        let message = text!(
            "Docker는 `{host}/…`을(를) Docker Hub의 이름으로 읽음",
            "Docker takes `{host}/…` for a name at Docker Hub"
        );
        let hint = text!("점이 있는 이름을 쓰세요", "use a name with a dot");
        return Err((message, Some(hint)));
    }
    let path = path.trim_end_matches('/');
    let part = |part: &str| {
        let ends = [part.bytes().next(), part.bytes().last()];
        ends.iter().all(|end| end.is_some_and(letter))
            && part.bytes().all(|byte| letter(byte) || b"._-".contains(&byte))
    };
    let fits = path.split('/').all(part) && path.len() <= 128;
    if !fits && !path.is_empty() {
        return Err(wrong(text!(
            "`{path}`은(는) 이미지 이름의 앞부분이 될 수 없음",
            "`{path}` cannot begin an image's name"
        )));
    }
    let namespace = (!path.is_empty()).then(|| path.to_owned());
    Ok((host.to_owned(), port, namespace))
}
