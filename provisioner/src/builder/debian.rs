//! Makes root file systems of Debian packages: mmdebstrap, and apt inside the tree.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{program, tree};
use crate::bundle::recipe::{Debian, Recipe};
use crate::error::{Error, Result};
use crate::event::Work;

/// What a lean tree leaves out.
const LEFT_OUT: [&str; 7] = [
    "/usr/share/man/*",
    "/usr/share/doc/*",
    "/usr/share/locale/*",
    "/usr/share/info/*",
    "/usr/share/lintian/*",
    "/usr/share/bug/*",
    "/usr/share/zoneinfo/right/*",
];

fn mirror() -> String {
    let given = std::env::var("LAB_DEBIAN_MIRROR")
        .ok()
        .filter(|given| !given.is_empty());
    given
        .unwrap_or_else(|| "http://deb.debian.org/debian".into())
        .trim_end_matches('/')
        .to_owned()
}

fn sources(debian: &Debian) -> Vec<String> {
    let mirror = mirror();
    let mut lines = vec![format!("deb {mirror} {} main", debian.suite)];
    if debian.security {
        lines.push(format!("deb {mirror}-security {}-security main", debian.suite));
    }
    lines
}

fn options() -> Vec<String> {
    let mut options = vec![
        "Acquire::Retries \"3\"".to_owned(),
        "Acquire::Languages \"none\"".to_owned(),
    ];
    let given = |name: &str| std::env::var(name).ok().filter(|file| !file.is_empty());
    if let Some(file) = given("LAB_CA_FILE").or_else(|| given("SSL_CERT_FILE")) {
        options.push(format!("Acquire::https::CAInfo \"{file}\""));
    }
    options
}

/// What a source is called in the lock and in labels.
pub fn name(debian: &Debian) -> String {
    let newer = debian
        .newer
        .as_ref()
        .map(|newer| format!(" with {} of {}", newer.packages.join(", "), newer.suite));
    format!("debian {}{}", debian.suite, newer.unwrap_or_default())
}

/// Installs a minimal Debian and the recipe's packages into the new directory `root`.
pub fn bootstrap(recipe: &Recipe, debian: &Debian, root: &Path, temporary: &Path, work: &Work) -> Result<()> {
    let mut argv: Vec<String> = [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
    ]
    .map(str::to_owned)
    .to_vec();
    argv.extend(options().into_iter().map(|option| format!("--aptopt={option}")));
    if recipe.lean {
        argv.extend(LEFT_OUT.map(|path| format!("--dpkgopt=path-exclude={path}")));
        argv.push("--dpkgopt=path-include=/usr/share/doc/*/copyright".into());
    }
    if !debian.packages.is_empty() {
        argv.push(format!("--include={}", debian.packages.join(",")));
    }
    argv.extend([debian.suite.clone(), root.display().to_string()]);
    argv.extend(sources(debian));
    let stages = [
        ("apt-get update", 3),
        ("downloading", 10),
        ("extracting", 35),
        ("essential", 45),
        ("remaining", 60),
        ("cleaning", 88),
    ];
    program::run(&argv, None, temporary, |line| {
        if let Some((_, percent)) = stages
            .iter()
            .find(|(stage, _)| line.starts_with("I:") && line.contains(stage))
        {
            work.progress(*percent, Some(100), false);
        }
    })?;
    Ok(())
}

/// Installs the recipe's packages into `root`, a tree without /dev, and takes every trace of apt away.
pub fn install(debian: &Debian, root: &Path, temporary: &Path) -> Result<()> {
    let failed =
        |error: std::io::Error| Error::new(format!("cannot prepare {}", root.display())).because(error);
    let write = |path: &str, text: String| fs::write(root.join(path), text).map_err(failed);
    for (device, minor) in [("null", "3"), ("zero", "5"), ("urandom", "9")] {
        let path = root.join("dev").join(device).display().to_string();
        program::run(
            &["mknod", "-m", "666", &path, "c", "1", minor].map(str::to_owned),
            None,
            temporary,
            |_| (),
        )?;
    }
    write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n".into())?;
    fs::set_permissions(
        root.join("usr/sbin/policy-rc.d"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .map_err(failed)?;
    let list = fs::read(root.join("etc/apt/sources.list")).map_err(failed)?;
    let mut lines = sources(debian);
    if let Some(newer) = &debian.newer {
        lines.push(format!("deb {} {} main", mirror(), newer.suite));
        let pins = format!(
            "Package: *\nPin: release n={suite}\nPin-Priority: 50\n\nPackage: {names}\nPin: release n={suite}\nPin-Priority: 900\n",
            suite = newer.suite,
            names = newer.packages.join(" ")
        );
        write("etc/apt/preferences.d/lab", pins)?;
    }
    write("etc/apt/sources.list", lines.join("\n") + "\n")?;
    for file in ["/etc/resolv.conf", "/etc/hosts"] {
        fs::copy(file, root.join(&file[1..])).map_err(failed)?;
    }
    let mut configuration: String = options()
        .iter()
        .filter(|line| !line.contains("CAInfo"))
        .map(|line| format!("{line};\n"))
        .collect();
    if let Some(authority) = authority()? {
        write("tmp/lab-ca.pem", authority)?;
        configuration.push_str("Acquire::https::CAInfo \"/tmp/lab-ca.pem\";\n");
    }
    write(
        "etc/apt/apt.conf.d/00lab",
        configuration + "APT::Sandbox::User \"root\";\n",
    )?;
    let apt = |words: &[&str]| {
        let argv: Vec<String> = std::iter::once("apt-get")
            .chain(words.iter().copied())
            .map(str::to_owned)
            .collect();
        program::run(&argv, Some(root), temporary, |_| ())
    };
    apt(&["-q", "update"])?;
    let mut words = vec!["-q", "-y", "--no-install-recommends", "install"];
    words.extend(debian.packages.iter().map(String::as_str));
    apt(&words)?;
    apt(&["clean"])?;
    fs::write(root.join("etc/apt/sources.list"), list).map_err(failed)?;
    for path in [
        "usr/sbin/policy-rc.d",
        "etc/apt/preferences.d/lab",
        "etc/apt/apt.conf.d/00lab",
        "etc/resolv.conf",
        "etc/hosts",
    ] {
        let path = root.join(path);
        if path.exists() {
            fs::remove_file(path).map_err(failed)?;
        }
    }
    Ok(())
}

fn authority() -> Result<Option<String>> {
    let given = |name: &str| std::env::var(name).ok().filter(|file| !file.is_empty());
    given("LAB_CA_FILE")
        .or_else(|| given("SSL_CERT_FILE"))
        .map(|file| {
            fs::read_to_string(&file)
                .map_err(|error| Error::new(format!("cannot read {file}")).because(error))
        })
        .transpose()
}

/// Versions of the packages in `root`.
pub fn versions(root: &Path, temporary: &Path) -> Result<BTreeMap<String, String>> {
    let argv = ["dpkg-query", "-W", "-f", "${Package}=${Version}\n"].map(str::to_owned);
    let printed = program::run(&argv, Some(root), temporary, |_| ())?;
    Ok(printed
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, version)| (name.into(), version.into()))
        .collect())
}

/// Everything in `root` that is stored, `root` itself excepted.
pub fn stored(root: &Path) -> Result<Vec<String>> {
    Ok(tree::scan(root)?.into_keys().collect())
}
