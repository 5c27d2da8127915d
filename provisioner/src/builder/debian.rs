//! Makes root file systems of Debian packages: mmdebstrap, and apt inside the tree.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::meter::Meter;
use super::{origin, program, tree};
use crate::bundle::recipe::Recipe;
use crate::bundle::source::Debian;
use crate::error::{Error, Result};
use crate::provider::local::host::KEYRING;

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

/// Installs a minimal system and the recipe's packages into the new directory `root`.
pub fn bootstrap(
    recipe: &Recipe,
    debian: &Debian,
    root: &Path,
    temporary: &Path,
    meter: &mut Meter<'_>,
) -> Result<()> {
    let keys = match &debian.derived {
        Some(derived) => vec![keyring(&derived.keyring, &temporary.join("keyring"))?],
        None => trusted(),
    };
    let mut argv = mmdebstrap("minbase", &keys);
    argv.push("--dpkgopt=force-unsafe-io".into());
    if recipe.lean {
        argv.extend(LEFT_OUT.map(|path| format!("--dpkgopt=path-exclude={path}")));
        argv.push("--dpkgopt=path-include=/usr/share/doc/*/copyright".into());
    }
    if !debian.packages.is_empty() {
        argv.push(format!("--include={}", debian.packages.join(",")));
    }
    argv.extend([debian.suite.clone(), root.display().to_string()]);
    argv.extend(origin::lines(debian));
    program::run(&argv, None, temporary, |line| meter.line(line))?;
    forget(root).map_err(|error| Error::new(format!("cannot prepare {}", root.display())).because(error))
}

/// Runs mmdebstrap with these options: in no namespace but ours, apt reaching its mirror as the user wants it to, by `keys`.
fn mmdebstrap(variant: &str, keys: &[PathBuf]) -> Vec<String> {
    let mut argv = ["mmdebstrap", "--verbose", "--mode=root", "--format=directory"]
        .map(str::to_owned)
        .to_vec();
    argv.push(format!("--variant={variant}"));
    let authority = origin::authority_file().map(|file| format!("Acquire::https::CAInfo \"{file}\""));
    let options = origin::options().into_iter().chain(authority);
    argv.extend(options.map(|option| format!("--aptopt={option}")));
    argv.extend(keys.iter().map(|path| format!("--keyring={}", path.display())));
    argv
}

/// What vouches for Debian on this host: its own keyring, which only Debian's apt trusts by itself, and what the user has apt trust.
fn trusted() -> Vec<PathBuf> {
    let all = [KEYRING, "/etc/apt/trusted.gpg.d"].map(PathBuf::from);
    all.into_iter().filter(|path| path.exists()).collect()
}

/// The keys of a distribution, out of the package of Debian that has them, in the new directory `place`.
fn keyring(debian: &Debian, place: &Path) -> Result<PathBuf> {
    fs::create_dir(place)
        .map_err(|error| Error::new(format!("cannot write {}", place.display())).because(error))?;
    let keys = place.join("keys.gpg");
    file(debian, place, &keys)?;
    Ok(keys)
}

/// Takes away what was only for building: haste, and paths of this machine. What images leave out stays left out.
fn forget(root: &Path) -> std::io::Result<()> {
    let apt = root.join("etc/apt/apt.conf.d/99mmdebstrap");
    if apt.exists() {
        fs::remove_file(apt)?;
    }
    let dpkg = root.join("etc/dpkg/dpkg.cfg.d/99mmdebstrap");
    if !dpkg.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(&dpkg)?;
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("force-unsafe-io"))
        .collect();
    if kept.is_empty() {
        fs::remove_file(dpkg)
    } else {
        fs::write(dpkg, kept.join("\n") + "\n")
    }
}

/// Installs the recipe's packages into `root`, a tree without /dev, and takes every trace of apt away.
pub fn install(debian: &Debian, root: &Path, temporary: &Path, meter: &mut Meter<'_>) -> Result<()> {
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
    let mut lines = origin::lines(debian);
    if let Some(newer) = &debian.newer {
        lines.push(format!("deb {} {} main", origin::mirror(debian), newer.suite));
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
    let mut configuration: String = origin::options()
        .iter()
        .map(|line| format!("{line};\n"))
        .collect();
    if let Some(authority) = origin::authority()? {
        write("tmp/lab-ca.pem", authority)?;
        configuration.push_str("Acquire::https::CAInfo \"/tmp/lab-ca.pem\";\n");
    }
    write(
        "etc/apt/apt.conf.d/00lab",
        configuration + "APT::Sandbox::User \"root\";\nDpkg::Options:: \"--force-unsafe-io\";\n",
    )?;
    let mut apt = |words: &[&str]| {
        let argv: Vec<String> = std::iter::once("apt-get")
            .chain(words.iter().copied())
            .map(str::to_owned)
            .collect();
        program::run(&argv, Some(root), temporary, |line| meter.line(line))
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

/// Takes one file out of the first package of `debian`, into `target`. Returns the package's version.
pub fn file(debian: &Debian, temporary: &Path, target: &Path) -> Result<BTreeMap<String, String>> {
    let (package, file) = debian
        .packages
        .first()
        .zip(debian.file.as_ref())
        .ok_or_else(|| Error::usage("a program of Debian needs a package and its file"))?;
    let root = temporary.join("root");
    let mut argv = mmdebstrap("extract", &trusted());
    argv.push(format!("--include={package}"));
    argv.extend([debian.suite.clone(), root.display().to_string()]);
    argv.extend(origin::lines(debian));
    let mut version = String::new();
    program::run(&argv, None, temporary, |line| {
        // Get:5 http://host/debian trixie/main amd64 crictl amd64 1.32.0-1 [9000 kB]
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first().is_some_and(|word| word.starts_with("Get:"))
            && words.get(4) == Some(&package.as_str())
        {
            version = words.get(6).copied().unwrap_or_default().to_owned();
        }
    })?;
    let from = root.join(file.trim_start_matches('/'));
    fs::copy(&from, target)
        .map_err(|error| Error::new(format!("{package}: no {file} in it")).because(error))?;
    Ok(BTreeMap::from([(package.clone(), version)]))
}

/// Everything in `root` that is stored, `root` itself excepted.
pub fn stored(root: &Path) -> Result<Vec<String>> {
    Ok(tree::scan(root)?.into_keys().collect())
}
