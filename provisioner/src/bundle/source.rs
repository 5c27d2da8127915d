//! Where an artifact can come from, as recipes write it. Pure; trying sources is the builder's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where an artifact can come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// An image of a public registry.
    Upstream(Upstream),
    /// Packages of Debian.
    Debian(Debian),
    /// A file to download, with its digest beside it.
    Download(Download),
    /// A program of a Go module.
    Go(Go),
    /// A program of one C file in a Go module.
    C(C),
}

/// An image of a public registry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// As `docker pull` takes it.
    pub reference: String,
    /// Never tried, so never taken.
    #[serde(default)]
    pub unproved: bool,
}

/// Packages of Debian.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debian {
    /// Codename.
    pub suite: String,
    /// Whether its security suite is used too.
    #[serde(default)]
    pub security: bool,
    /// Packages on top of the minimal system.
    pub packages: Vec<String>,
    /// The mirror, `http://host/debian`; else the one the user names, or Debian's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
    /// The suite is of a distribution made from Debian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<Derived>,
    /// Packages taken from a newer suite, by name; everything else stays.
    #[serde(default)]
    pub newer: Option<Newer>,
    /// Of a program: where the first package has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What it usually takes.
    #[serde(default, skip_serializing)]
    pub usual: Usual,
}

/// A distribution made from Debian: where its packages are, and who signs for them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// Its name, in lower case; `LAB_<NAME>_MIRROR` is the user's mirror of it.
    pub name: String,
    /// Its mirror by architecture, as dpkg calls that.
    pub mirrors: BTreeMap<String, String>,
    /// Components beside `main`.
    #[serde(default)]
    pub components: Vec<String>,
    /// What the suites with its updates are called after: `updates` is `SUITE-updates`.
    #[serde(default)]
    pub pockets: Vec<String>,
    /// The file with its keys in a package of Debian, which vouches for them.
    pub keyring: Box<Debian>,
}

/// Packages of a newer suite.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Newer {
    /// Codename.
    pub suite: String,
    /// Exactly these come from it.
    pub packages: Vec<String>,
}

/// A file to download.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// The file: the program, or a tar (gzip) that holds it.
    pub url: String,
    /// The file that has its SHA-256: alone, or in a line with the file's name.
    pub digest: String,
    /// Of a tar: the program's path in it, or below its one directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Version of what is in it.
    pub version: String,
    /// Its layout was tried against a server of the tests, never against the real one.
    #[serde(default, skip_serializing)]
    pub unproved: bool,
    /// What it usually takes.
    #[serde(default, skip_serializing)]
    pub usual: Usual,
}

/// A program of a Go module.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Go {
    /// The module.
    pub module: String,
    /// Its version, `v1.2.3`.
    pub version: String,
    /// The program's package.
    pub package: String,
    /// Which module is the main one when it is built.
    #[serde(default)]
    pub within: Within,
    /// Modules the module itself replaces by directories of its repository, by the beginning of their names; they are
    /// taken at this version: `{prefix: k8s.io/, version: v0.34.4}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<Staging>,
    /// For the linker.
    #[serde(default)]
    pub ldflags: Vec<String>,
    /// Build tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What it usually takes.
    #[serde(default, skip_serializing)]
    pub usual: Usual,
}

/// Which module is the main one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// A copy of the module's own directory: its go.sum locks everything.
    #[default]
    Itself,
    /// A new module that requires it: for one whose go.mod replaces modules by directories beside it.
    Dependent,
}

/// Modules developed in the directory of another and released beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staging {
    /// How their names begin.
    pub prefix: String,
    /// The version in which all of them are taken.
    pub version: String,
}

/// A program of one C file, linked statically.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct C {
    /// Where the file is.
    pub from: Carrier,
    /// For the compiler.
    #[serde(default)]
    pub flags: Vec<String>,
}

/// Where a file of source code is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Carrier {
    /// In an archive to download.
    Download(Download),
    /// In a Go module.
    Module(Module),
}

/// A file of a Go module.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// The module.
    pub module: String,
    /// Its version.
    pub version: String,
    /// The file in it.
    pub file: String,
    /// Files of it that are compiled with that one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
}

/// What a source usually takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usual {
    /// Seconds on two processors, with nothing cached.
    #[serde(default)]
    pub seconds: u32,
    /// MB to download.
    #[serde(default)]
    pub megabytes: u64,
}

impl Debian {
    /// Whether nothing only Debian has is asked of a distribution made from it, whose keys Debian vouches for.
    pub fn is_coherent(&self) -> bool {
        let debians_own = self.security || self.newer.is_some() || self.mirror.is_some();
        self.derived.as_ref().is_none_or(|derived| {
            !debians_own && derived.keyring.file.is_some() && derived.keyring.derived.is_none()
        })
    }
}

impl Source {
    /// What it usually takes.
    pub fn usual(&self) -> Usual {
        match self {
            Self::Upstream(_) => Usual::default(),
            Self::Debian(debian) => debian.usual,
            Self::Download(download) => download.usual,
            Self::Go(go) => go.usual,
            Self::C(C {
                from: Carrier::Download(download),
                ..
            }) => download.usual,
            Self::C(_) => Usual::default(),
        }
    }

    /// Whether it compiles.
    pub fn compiles(&self) -> bool {
        matches!(self, Self::Go(_) | Self::C(_))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use crate::bundle::recipe::Recipes;

    #[test]
    fn a_distribution_made_from_debian_has_keys_of_debian_and_is_of_a_root_file_system() {
        let parsed = |kind: &str, more: &str, keyring: &str| {
            let text = format!(
                "artifacts: [{{name: 'x:1', kind: {kind}, sources: [{{debian: {{suite: noble, packages: [], {more} derived: {{name: ubuntu, mirrors: {{}}, keyring: {{suite: trixie, packages: [keys], {keyring}}}}}}}}}]}}]"
            );
            Recipes::parse("b.yaml", &text).map(drop)
        };
        parsed("rootfs", "", "file: /keys.gpg").unwrap();
        for (kind, more, keyring) in [
            ("rootfs", "security: true,", "file: /keys.gpg"),
            ("rootfs", "mirror: 'http://here',", "file: /keys.gpg"),
            ("rootfs", "", ""),
            ("binary", "file: /program,", "file: /keys.gpg"),
        ] {
            let error = parsed(kind, more, keyring).unwrap_err();
            assert!(error.to_string().contains("cannot be made of"), "{error}");
        }
    }
}
