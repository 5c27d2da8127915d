//! An OCI runtime for engines that ask for more than a node can give: takes from a container's bundle what the kernel would
//! refuse here, then becomes runc. Where nothing is lacking it changes nothing. Called under its own name, as runc is.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::Value;

/// The name it is called by.
pub const NAME: &str = "lab-oci-runtime";
/// What it becomes.
const RUNTIME: &str = "runc";
/// Number of CAP_SYS_RESOURCE.
const SYS_RESOURCE: u64 = 24;
/// Capabilities by number, as bundles name them.
const CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What this node can give.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// The bounding set.
    capabilities: u64,
    /// Whether huge pages can be limited.
    huge_pages: bool,
}

impl Limits {
    fn may(self, number: u64) -> bool {
        self.capabilities >> number & 1 == 1
    }
}

/// Edits the bundle if the arguments create a container, then becomes runc; returns only if that fails.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let edited = bundle(&arguments).map_or(Ok(()), |bundle| {
        limits().and_then(|limits| edit(&bundle.join("config.json"), limits))
    });
    let error = match edited {
        Ok(()) => Command::new(RUNTIME).args(&arguments).exec().to_string(),
        Err(error) => error,
    };
    // Whoever called shows this as the runtime's own words.
    let said = format!("{NAME}: {error}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
    ExitCode::FAILURE
}

/// The bundle that `create` or `run` is told of; without a word of it, the directory it runs in.
fn bundle(arguments: &[OsString]) -> Option<PathBuf> {
    let verb = arguments
        .iter()
        .position(|word| word == "create" || word == "run")?;
    let after = &arguments[verb + 1..];
    let named = after.iter().enumerate().find_map(|(place, word)| {
        let word = word.to_str()?;
        match word {
            "--bundle" | "-b" => after.get(place + 1).map(OsString::as_os_str),
            _ => word.strip_prefix("--bundle=").map(OsStr::new),
        }
    });
    Some(PathBuf::from(named.unwrap_or(OsStr::new("."))))
}

fn limits() -> Result<Limits, String> {
    let read =
        |path: &str| std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"));
    let status = read("/proc/self/status")?;
    let capabilities = status
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("CapBnd:")?.trim(), 16).ok())
        .ok_or("/proc/self/status names no capabilities")?;
    let unified = std::fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").ok();
    let huge_pages = match unified {
        Some(controllers) => controllers.split_whitespace().any(|one| one == "hugetlb"),
        None => read("/proc/self/mountinfo")?
            .lines()
            .any(|line| line.split(' ').nth(4) == Some("/sys/fs/cgroup/hugetlb")),
    };
    Ok(Limits {
        capabilities,
        huge_pages,
    })
}

fn edit(file: &Path, limits: Limits) -> Result<(), String> {
    let failed = |what: &str, error: String| format!("cannot {what} {}: {error}", file.display());
    let text = std::fs::read(file).map_err(|error| failed("read", error.to_string()))?;
    let mut config: Value =
        serde_json::from_slice(&text).map_err(|error| failed("read", error.to_string()))?;
    if !within(&mut config, limits) {
        return Ok(());
    }
    let text = serde_json::to_vec(&config).map_err(|error| failed("write", error.to_string()))?;
    let fresh = file.with_extension("json.lab");
    std::fs::write(&fresh, text)
        .and_then(|()| std::fs::rename(&fresh, file))
        .map_err(|error| failed("write", error.to_string()))
}

/// Takes out what the limits do not allow. Returns whether anything was.
fn within(config: &mut Value, limits: Limits) -> bool {
    let before = config.clone();
    if let Some(process) = config.get_mut("process").and_then(Value::as_object_mut) {
        let low = process
            .get("oomScoreAdj")
            .and_then(Value::as_i64)
            .is_some_and(|score| score < 0);
        if low && !limits.may(SYS_RESOURCE) {
            process.insert("oomScoreAdj".into(), 0.into());
        }
        let sets = process.get_mut("capabilities").and_then(Value::as_object_mut);
        for set in sets
            .into_iter()
            .flat_map(|sets| sets.values_mut())
            .filter_map(Value::as_array_mut)
        {
            set.retain(|name| name.as_str().is_none_or(|name| allowed(name, limits)));
        }
    }
    if !limits.huge_pages
        && let Some(resources) = config
            .pointer_mut("/linux/resources")
            .and_then(Value::as_object_mut)
    {
        resources.remove("hugepageLimits");
    }
    *config != before
}

fn allowed(name: &str, limits: Limits) -> bool {
    let plain = name.trim_start_matches("CAP_");
    let number = CAPABILITIES.iter().position(|known| *known == plain);
    number.is_none_or(|number| limits.may(number as u64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_cannot_be_given_is_taken_out() {
        let all = Limits {
            capabilities: u64::MAX,
            huge_pages: true,
        };
        let few = Limits {
            capabilities: !(1 << SYS_RESOURCE),
            huge_pages: false,
        };
        let asked = json!({
            "process": {"oomScoreAdj": -998, "capabilities": {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"]}},
            "linux": {"resources": {"hugepageLimits": [{"pageSize": "2MB", "limit": 0}], "memory": {}}},
        });
        let mut config = asked.clone();
        assert!(!within(&mut config, all));
        assert_eq!(config, asked);
        assert!(within(&mut config, few));
        assert_eq!(
            config,
            json!({
                "process": {"oomScoreAdj": 0, "capabilities": {"bounding": ["CAP_CHOWN"]}},
                "linux": {"resources": {"memory": {}}},
            })
        );
        assert!(!within(&mut config, few), "not stable");
    }

    #[test]
    fn the_bundle_is_found_as_runc_finds_it() {
        for (line, expected) in [
            ("--root /run/runc create --bundle /b --pid-file p id", Some("/b")),
            ("create -b /b id", Some("/b")),
            ("run --bundle=/b id", Some("/b")),
            ("create id", Some(".")),
            ("--root /run/runc start id", None),
            ("state id", None),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(bundle(&words), expected.map(PathBuf::from), "{line}");
        }
    }
}
