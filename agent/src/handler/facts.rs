//! Reads the node's state. Never fails: what cannot be read is empty or absent.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::wire::{ContainerFact, Facts, FactsQuery, FileFact, UnitFact};
use crate::{certificates, digest, docker, engine_table, listeners};

const SYSTEMCTL: Duration = Duration::from_secs(10);

/// Reads all that was asked for, at the same time.
pub(super) async fn read(query: FactsQuery) -> Facts {
    let FactsQuery {
        files,
        units,
        containers,
        kubernetes,
        pods,
        certificates,
        ports,
        programs,
    } = query;
    let there = |name: String| {
        let there = engine_table::installed(std::path::Path::new("/"), &name);
        (name, there)
    };
    let programs = programs.into_iter().map(there).collect();
    let files = tokio::task::spawn_blocking(move || {
        files
            .into_iter()
            .map(|path| (path.clone(), file(&path)))
            .collect::<BTreeMap<_, _>>()
    });
    let read = tokio::task::spawn_blocking(move || {
        let certificates = certificates
            .into_iter()
            .map(|path| (path.clone(), certificates::read(&path)))
            .collect::<BTreeMap<_, _>>();
        (certificates, listeners::find(&ports))
    });
    let nodes = async {
        if kubernetes {
            crate::kubernetes::nodes().await
        } else {
            None
        }
    };
    let own = async {
        if pods {
            crate::kubernetes::pods().await
        } else {
            None
        }
    };
    let (files, read, units, engines, containers, kubernetes, pods) = tokio::join!(
        files,
        read,
        look_up_units(units),
        engine_table::facts(),
        look_up_containers(containers),
        nodes,
        own
    );
    let (certificates, listeners) = read.unwrap_or_default();
    let constant = constant();
    Facts {
        files: files.unwrap_or_default(),
        units,
        engines,
        containers,
        kubernetes,
        pods,
        certificates,
        programs,
        listeners,
        ..constant
    }
}

fn line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn constant() -> Facts {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let disk = nix::sys::statvfs::statvfs("/").ok();
    let blocks = |count: fn(&nix::sys::statvfs::Statvfs) -> u64| {
        disk.as_ref().map_or(0, |disk| count(disk) * disk.fragment_size())
    };
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Facts {
        hostname: line("/proc/sys/kernel/hostname"),
        machine_id: line("/etc/machine-id"),
        boot_id: line("/proc/sys/kernel/random/boot_id"),
        os_id: release_field(&release, "ID"),
        os_version: release_field(&release, "VERSION_ID"),
        kernel: line("/proc/sys/kernel/osrelease"),
        architecture: std::env::consts::ARCH.into(),
        cpus: std::thread::available_parallelism()
            .map_or(0, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        memory: memory_field(&memory, "MemTotal:"),
        memory_available: memory_field(&memory, "MemAvailable:"),
        disk: blocks(|disk| disk.blocks()),
        disk_used: blocks(|disk| disk.blocks().saturating_sub(disk.blocks_free())),
        clock_ms: u64::try_from(clock.as_millis()).unwrap_or(u64::MAX),
        cgroup: if std::path::Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
            2
        } else {
            1
        },
        agent: env!("CARGO_PKG_VERSION").into(),
        capabilities: capabilities(),
        addresses: addresses(),
        overlay: overlay(),
        ..Facts::default()
    }
}

fn release_field(text: &str, key: &str) -> String {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
}

fn capabilities() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    line.and_then(|line| u64::from_str_radix(line.trim(), 16).ok())
        .unwrap_or_default()
}

fn addresses() -> Vec<IpAddr> {
    let all = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let mut found: Vec<IpAddr> = all
        .filter_map(|interface| {
            let address = interface.address?;
            let four = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
            four.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
        })
        .filter(|address| !address.is_loopback())
        .collect();
    found.sort();
    found.dedup();
    found
}

fn overlay() -> bool {
    let loaded = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let modules = format!("/lib/modules/{}/modules.dep", line("/proc/sys/kernel/osrelease"));
    let modules = fs::read_to_string(modules).unwrap_or_default();
    loaded.lines().any(|line| line.ends_with("\toverlay"))
        || modules.lines().any(|line| line.contains("/overlay.ko"))
}

fn memory_field(text: &str, key: &str) -> u64 {
    let words = text.lines().find_map(|line| line.strip_prefix(key));
    let kib = words.and_then(|words| words.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

fn file(path: &str) -> Option<FileFact> {
    let metadata = fs::metadata(path).ok()?;
    let sha256 = if metadata.is_file() {
        digest::of_file(path).unwrap_or_default()
    } else {
        String::new()
    };
    Some(FileFact {
        sha256,
        mode: metadata.permissions().mode() & 0o7777,
        size: metadata.len(),
    })
}

async fn look_up_units(names: Vec<String>) -> BTreeMap<String, UnitFact> {
    if names.is_empty() {
        return BTreeMap::new();
    }
    let mut argv = vec![
        "systemctl",
        "show",
        "--property=Id,LoadState,ActiveState,UnitFileState",
        "--",
    ];
    argv.extend(names.iter().map(String::as_str));
    let said = engine_table::output(&argv, SYSTEMCTL).await.unwrap_or_default();
    units_in(&said, &names)
}

/// One block per unit in the order asked for, an empty line between them.
fn units_in(said: &str, names: &[String]) -> BTreeMap<String, UnitFact> {
    let mut blocks = said.split("\n\n");
    let mut unit = |name: &String| {
        let block = blocks.next().unwrap_or_default();
        let field = |key: &str| {
            let value = block
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            value.unwrap_or_default().to_owned()
        };
        let fact = UnitFact {
            load: field("LoadState"),
            active: field("ActiveState"),
            enabled: field("UnitFileState"),
        };
        (name.clone(), fact)
    };
    names.iter().map(&mut unit).collect()
}

/// Those that Docker said something of. One that hangs is asked once, not once per name.
async fn look_up_containers(names: Vec<String>) -> BTreeMap<String, Option<ContainerFact>> {
    let mut found = BTreeMap::new();
    for name in names {
        let Ok(fact) = docker::container(&name).await else {
            break;
        };
        found.insert(name, fact);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{memory_field, release_field, units_in};

    #[test]
    fn fields_are_read_with_and_without_quotes() {
        let release = "PRETTY_NAME=\"Debian\"\nVERSION_ID=\"13\"\nID=debian\n";
        assert_eq!(
            (release_field(release, "ID"), release_field(release, "VERSION_ID")),
            ("debian".into(), "13".into())
        );
        assert_eq!(memory_field("MemTotal:  2 kB\n", "MemTotal:"), 2048);
    }

    #[test]
    fn units_come_in_the_order_asked_for_and_a_missing_one_is_said_so() {
        let said = "Id=ssh.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\n\
                    Id=x.service\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n";
        let units = units_in(
            said,
            &["sshd.service".into(), "x.service".into(), "y.service".into()],
        );
        assert_eq!(
            (
                units["sshd.service"].enabled.as_str(),
                units["x.service"].load.as_str()
            ),
            ("enabled", "not-found")
        );
        assert_eq!(units["y.service"].load, "");
    }
}
