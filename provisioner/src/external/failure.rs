//! What can go wrong when a registry is asked, each with what to do about it.

use crate::cluster::External;
use crate::error::Error;
use crate::text;
use crate::text::Text;

/// Why a registry gave no useful answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection: in the node's words.
    Unreached(String),
    /// TLS, and its certificate is not believed: OpenSSL's number and words.
    Untrusted(i32, String),
    /// No TLS is spoken there.
    NoTls(String),
    /// Nothing, for these seconds.
    Silent(u64),
    /// The connection ended in the middle of an answer, or before it.
    Cut(String),
    /// The answer has another kind of content than a registry's.
    Foreign(String),
    /// More bytes than any such answer has.
    Endless(usize),
    /// Login refused.
    Unauthorized,
    /// The user may not.
    Forbidden,
    /// Too many requests; after how many seconds it would listen again.
    Busy(Option<u64>),
    /// Any other status.
    Status(u16),
    /// It sends us to where there is no TLS, or round in a circle.
    Astray(String),
    /// It has projects, and the address names none.
    Nameless(&'static str),
    /// Its way of logging in is unknown.
    Challenge(String),
}

/// OpenSSL's numbers for what is wrong with a certificate.
const NOT_YET: i32 = 9;
const EXPIRED: i32 = 10;
const SELF_SIGNED: [i32; 2] = [18, 19];
const WRONG_NAME: [i32; 2] = [62, 64];

impl Failure {
    /// What it is and what to do, of this registry; `user`: who logs in.
    pub fn told(&self, external: &External, user: &str) -> (Text, Text) {
        let server = external.server();
        let (ko, en, hint) = match self {
            Self::Unreached(why) => (
                format!("{server}에 연결할 수 없음: {why}"),
                format!("{server} cannot be reached: {why}"),
                text!(
                    "주소와 포트를 확인하고, 그것이 켜져 있는지 보세요: `lab exec NODE -- curl -v https://{server}/v2/`",
                    "check its address and port, and that it runs: `lab exec NODE -- curl -v https://{server}/v2/`"
                ),
            ),
            Self::Untrusted(number, why) => (
                format!("{server}의 인증서를 믿을 수 없음: {why}"),
                format!("the certificate of {server} is not believed: {why}"),
                untrusted(*number, external),
            ),
            Self::NoTls(why) => (
                format!("{server}은(는) TLS로 대답하지 않음: {why}"),
                format!("{server} does not speak TLS: {why}"),
                text!(
                    "https가 아닌 포트일 수 있습니다. TLS 없는 레지스트리는 쓰지 않습니다",
                    "it may be a port without https; a registry without TLS is not used"
                ),
            ),
            Self::Silent(seconds) => (
                format!("{server}이(가) {seconds}초 동안 대답하지 않음"),
                format!("{server} did not answer within {seconds} s"),
                text!(
                    "느린 컴퓨터나 네트워크면 LAB_PATIENCE=4로 더 기다립니다",
                    "where machine or network are slow, LAB_PATIENCE=4 waits longer"
                ),
            ),
            Self::Cut(why) => (
                format!("{server}이(가) 대답하다 끊음: {why}"),
                format!("{server} broke off: {why}"),
                text!(
                    "앞에 있는 프록시나 레지스트리의 로그를 보세요",
                    "see the log of the registry, or of a proxy in front of it"
                ),
            ),
            Self::Foreign(what) => (
                format!("{server}의 대답은 레지스트리의 것이 아님: {what}"),
                format!("what {server} answers is not a registry's: {what}"),
                text!(
                    "레지스트리의 주소인가요? 로그인 화면이나 웹 페이지가 대신 대답하고 있을 수 있습니다",
                    "is that its address? a web page or a login portal may answer in its place"
                ),
            ),
            Self::Endless(most) => (
                format!("{server}의 대답이 {most}바이트를 넘음"),
                format!("the answer of {server} exceeds {most} bytes"),
                text!(
                    "레지스트리의 주소인지 확인하세요",
                    "check that it is a registry's address"
                ),
            ),
            Self::Unauthorized => (
                format!("{server}이(가) `{user}`의 로그인을 거절함 (401)"),
                format!("{server} refuses the login of `{user}` (401)"),
                text!(
                    "사용자와 비밀번호 파일을 확인하세요; 비밀번호가 바뀌었거나 토큰이 만료됐을 수 있습니다",
                    "check user and password file; the password may be another by now, or a token expired"
                ),
            ),
            Self::Forbidden => (
                format!("{server}이(가) `{user}`에게 허락하지 않음 (403)"),
                format!("{server} does not allow that to `{user}` (403)"),
                text!(
                    "관리자에게 권한을 부탁하세요: {}에 올리고 내려받기",
                    "ask its administrator for the right to push and pull in {}",
                    external.prefix()
                ),
            ),
            Self::Busy(after) => {
                let after = after.map(|seconds| format!(", Retry-After: {seconds} s"));
                let after = after.unwrap_or_default();
                (
                    format!("{server}에 요청이 너무 많음 (429{after})"),
                    format!("{server} has had too many requests (429{after})"),
                    text!("잠시 뒤에 다시 하세요", "try again a little later"),
                )
            }
            Self::Status(status) => (
                format!("{server}이(가) {status}로 대답함"),
                format!("{server} answered {status}"),
                status_hint(*status),
            ),
            Self::Astray(place) => (
                format!("{server}이(가) 따라갈 수 없는 곳으로 보냄: {place}"),
                format!("{server} sends us where we do not follow: {place}"),
                text!(
                    "TLS 없는 곳이나 끝없는 이동은 따라가지 않습니다: 주소를 바로 적으세요",
                    "neither to a place without TLS nor round in a circle: write the final address"
                ),
            ),
            Self::Nameless(product) => (
                format!("{server}은(는) {product}인데, 주소에 프로젝트가 없음"),
                format!("{server} is {product}, and the address names no project"),
                text!("예: https://{server}/team", "for example https://{server}/team"),
            ),
            Self::Challenge(what) => (
                format!("{server}의 로그인 방식을 모름: {what}"),
                format!("{server} wants a login of an unknown kind: {what}"),
                text!(
                    "Docker가 아는 것은 Basic과 Bearer입니다",
                    "Basic and Bearer are what Docker knows"
                ),
            ),
        };
        (Text { ko, en }, hint)
    }

    /// The same as an error.
    pub fn error(&self, external: &External, user: &str) -> Error {
        let (what, hint) = self.told(external, user);
        Error::new(what).hint(hint)
    }
}

fn untrusted(number: i32, external: &External) -> Text {
    let host = &external.host;
    if number == EXPIRED || number == NOT_YET {
        return text!(
            "인증서를 새로 받아야 합니다; 이 컴퓨터의 시계도 확인하세요",
            "it has to be renewed; check this machine's clock as well"
        );
    }
    if WRONG_NAME.contains(&number) {
        return text!(
            "인증서에 `{host}`라는 이름이 없습니다: 인증서에 있는 이름으로 적으세요",
            "the certificate is not for `{host}`: write a name that is in it"
        );
    }
    if SELF_SIGNED.contains(&number) && external.ca_file.is_none() {
        return text!(
            "스스로 서명한 인증서입니다: 관리자에게 받은 인증서를 `ca_file`로 적으세요",
            "it is self-signed: name the certificate its administrator gives you as `ca_file`"
        );
    }
    match external.ca_file {
        Some(_) => text!(
            "`ca_file`이 이 레지스트리를 보증하는 인증 기관의 것인지 확인하세요",
            "check that `ca_file` is of the authority that vouches for this registry"
        ),
        None => text!(
            "회사의 인증 기관이 보증한다면 그 인증서를 `ca_file`로 적으세요",
            "if an authority of your company vouches for it, name its certificate as `ca_file`"
        ),
    }
}

fn status_hint(status: u16) -> Text {
    match status {
        500.. => text!(
            "레지스트리 쪽의 문제입니다: 그 로그를 보거나 관리자에게 알리세요",
            "the trouble is at its end: see its log, or tell its administrator"
        ),
        _ => text!(
            "레지스트리의 주소인지 확인하세요",
            "check that it is a registry's address"
        ),
    }
}
