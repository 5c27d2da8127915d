//! Where packages come from: the mirror, how apt is to reach it, and whether it can be reached.

use std::fs;
use std::path::Path;

use super::{architecture, program};
use crate::bundle::source::Debian;
use crate::error::{Error, Result};

/// Where apt keeps its helper, on every distribution that packages apt.
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// A variable, unless it is empty.
pub fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What the distribution is called.
fn distribution(debian: &Debian) -> &str {
    debian
        .derived
        .as_ref()
        .map_or("debian", |derived| derived.name.as_str())
}

/// The mirror: `LAB_DEBIAN_MIRROR` (`LAB_UBUNTU_MIRROR`), else the recipe's, else Debian's own. Without a slash at its end.
pub fn mirror(debian: &Debian) -> String {
    let derived = debian.derived.as_ref();
    given(&format!(
        "LAB_{}_MIRROR",
        distribution(debian).to_ascii_uppercase()
    ))
    .or_else(|| derived?.mirrors.get(architecture()).cloned())
    .or_else(|| debian.mirror.clone())
    .unwrap_or_else(|| "http://deb.debian.org/debian".into())
    .trim_end_matches('/')
    .to_owned()
}

/// Lines of a sources.list.
pub fn lines(debian: &Debian) -> Vec<String> {
    let (mirror, suite) = (mirror(debian), &debian.suite);
    let Some(derived) = &debian.derived else {
        let security = debian
            .security
            .then(|| format!("deb {mirror}-security {suite}-security main"));
        let main = format!("deb {mirror} {suite} main");
        return std::iter::once(main).chain(security).collect();
    };
    let pockets = derived.pockets.iter().map(|pocket| format!("{suite}-{pocket}"));
    let components: String = derived
        .components
        .iter()
        .map(|component| format!(" {component}"))
        .collect();
    std::iter::once(suite.clone())
        .chain(pockets)
        .map(|suite| format!("deb {mirror} {suite} main{components}"))
        .collect()
}

/// Settings of apt for every build, without those of this machine.
pub fn options() -> Vec<String> {
    vec![
        "Acquire::Retries \"3\"".to_owned(),
        "Acquire::Languages \"none\"".to_owned(),
    ]
}

/// The file with the certificates apt is to trust, if the user named one.
pub fn authority_file() -> Option<String> {
    given("LAB_CA_FILE").or_else(|| given("SSL_CERT_FILE"))
}

/// What that file holds.
pub fn authority() -> Result<Option<String>> {
    let read = |file: String| {
        fs::read_to_string(&file).map_err(|error| Error::new(format!("cannot read {file}")).because(error))
    };
    authority_file().map(read).transpose()
}

/// What a source is called in the lock and in labels.
pub fn name(debian: &Debian) -> String {
    let newer = debian
        .newer
        .as_ref()
        .map(|newer| format!(" with {} of {}", newer.packages.join(", "), newer.suite));
    let at = debian.mirror.as_ref().map(|mirror| format!(" at {mirror}"));
    format!(
        "{} {}{}{}",
        distribution(debian),
        debian.suite,
        newer.unwrap_or_default(),
        at.unwrap_or_default()
    )
}

/// Asks the mirror for the suite, the way apt will: through proxies, with the authorities given.
pub fn reach(debian: &Debian, temporary: &Path) -> Result<()> {
    if !Path::new(HELPER).is_file() {
        return Ok(()); // Then apt itself will find out.
    }
    let url = format!("{}/dists/{}/InRelease", mirror(debian), debian.suite);
    program::run_beside(&fetching(&url, &temporary.join("InRelease"), 15), temporary).map(drop)
}

/// The argv that downloads `url` to `target` the way apt does, giving up on a server that is silent for `silence` seconds.
pub fn fetching(url: &str, target: &Path, silence: u64) -> Vec<String> {
    let mut argv: Vec<String> = [HELPER, "-q", "-o", "Acquire::Retries=0"]
        .map(str::to_owned)
        .to_vec();
    for method in ["http", "https"] {
        argv.extend(["-o".into(), format!("Acquire::{method}::Timeout={silence}")]);
    }
    if let Some(file) = authority_file() {
        argv.extend(["-o".into(), format!("Acquire::https::CAInfo={file}")]);
    }
    argv.extend([
        "download-file".into(),
        url.to_owned(),
        target.display().to_string(),
    ]);
    argv
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::bundle::recipe::{EMBEDDED, Recipes};

    /// The lines of a node image, with the mirror's address left out: it may be the user's.
    fn of(image: &str) -> (String, Vec<String>) {
        let recipes = Recipes::parse("bundle.yaml", EMBEDDED).unwrap();
        let debian = recipes.find(image).unwrap().debian().next().unwrap().clone();
        let short = |line: String| line.replace(&mirror(&debian), "MIRROR");
        (name(&debian), lines(&debian).into_iter().map(short).collect())
    }

    #[test]
    fn security_updates_are_beside_debian_and_in_the_archive_of_what_derives_from_it() {
        let (name, lines) = of("debian-12");
        assert_eq!(name, "debian bookworm");
        let expected = [
            "deb MIRROR bookworm main",
            "deb MIRROR-security bookworm-security main",
        ];
        assert_eq!(lines, expected);
        let (name, lines) = of("ubuntu-24.04");
        assert_eq!(name, "ubuntu noble");
        let expected = ["noble", "noble-updates", "noble-security"];
        assert_eq!(
            lines,
            expected.map(|suite| format!("deb MIRROR {suite} main universe"))
        );
    }
}
