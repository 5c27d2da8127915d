//! The keeper: one process per state directory whose mount and network namespaces hold the lab's disk and bridge. When it ends,
//! the kernel frees them. It starts no node.

use std::fs;
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::egress::attendant::Attendant;
use super::{bridge, command, disk};
use crate::error::{Error, Result};
use crate::transport::patient;

/// A keeper that runs.
#[derive(Debug)]
pub struct Keeper {
    pid: i32,
    instance: String,
    state: PathBuf,
}

impl Keeper {
    /// The keeper of this state directory, if one is ready.
    pub fn find(state: &Path) -> Result<Option<Self>> {
        match recorded(state) {
            Some((pid, started)) if start_time(pid) == Some(started) => Ok(Some(Self {
                pid,
                instance: instance(state)?,
                state: state.to_owned(),
            })),
            _ => Ok(None),
        }
    }

    /// Starts one and waits until it is ready.
    pub fn start(state: &Path, program: &Path, gateway: Option<(Ipv4Addr, u8)>) -> Result<Self> {
        let failed = |what: &str| Error::new(format!("the keeper {what}"));
        let log_path = state.join("keeper.log");
        let log =
            fs::File::create(&log_path).map_err(|error| failed("cannot write its log").because(error))?;
        let errors = log
            .try_clone()
            .map_err(|error| failed("cannot write its log").because(error))?;
        let gateway = gateway.map_or("-".to_owned(), |(address, prefix)| format!("{address}/{prefix}"));
        let mut child = Command::new(program)
            .arg("keeper")
            .args([state.as_os_str(), gateway.as_ref()])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| failed("cannot be started").because(error))?;
        let deadline = Instant::now() + patient(Duration::from_secs(30));
        loop {
            if let Some(keeper) = Self::find(state)? {
                return Ok(keeper);
            }
            // One that ended well made room for another that was being started when its `lab` was killed.
            let ended = child.try_wait().ok().flatten();
            if ended.is_some_and(|status| !status.success()) || Instant::now() > deadline {
                let _ = child.kill();
                let printed = fs::read_to_string(&log_path).unwrap_or_default();
                return Err(failed("did not become ready").output(printed.trim_end()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Names everything of this seat on the host.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The state directory it keeps.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Its network namespace, as a file.
    pub fn network(&self) -> PathBuf {
        format!("/proc/{}/ns/net", self.pid).into()
    }

    /// A private directory in memory that ends with the keeper: runtime state, OCI bundles, network namespaces.
    pub fn memory(&self) -> PathBuf {
        self.state.join("run")
    }

    /// How a path looks from outside the keeper's mount namespace.
    pub fn inside(&self, path: &Path) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.pid)).join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A program in the keeper's namespaces.
    pub fn command(&self, argv: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["-t", &self.pid.to_string(), "-m", "-n", "--"])
            .args(argv)
            .current_dir("/");
        command
    }

    /// Runs a program in the keeper's namespaces; what it printed.
    pub fn run(&self, argv: &[&str]) -> Result<String> {
        command::run(&mut self.command(argv))
    }
}

/// The keeper's own life: namespaces, bridge, disk, ready; then it attends to the way out until it is ended. Call it
/// single-threaded.
pub fn keep(state: &Path, gateway: Option<&str>) -> Result<()> {
    let failed = |what: &str, error: nix::Error| Error::new(format!("keeper: cannot {what}")).because(error);
    let deadline = Instant::now() + patient(Duration::from_secs(20));
    let _lock = loop {
        if let Some(lock) = lock(state)? {
            break lock;
        }
        if Keeper::find(state)?.is_some() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Error::new("another keeper has this state directory"));
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let _ = nix::unistd::setsid();
    let outside = fs::File::open("/proc/self/ns/net")
        .map_err(|error| Error::new("keeper: cannot open its first network namespace").because(error))?;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)
        .map_err(|error| failed("make its namespaces", error))?;
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
    .map_err(|error| failed("make its mounts private", error))?;
    let memory = state.join("run");
    fs::create_dir_all(&memory)
        .map_err(|error| Error::new("cannot create the run directory").because(error))?;
    mount(
        Some("lab"),
        &memory,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=700"),
    )
    .map_err(|error| failed("mount its memory", error))?;
    for directory in ["net", "bundles", "runtime"] {
        fs::create_dir(memory.join(directory))
            .map_err(|error| Error::new("cannot fill the run directory").because(error))?;
    }
    bridge::make(gateway)?;
    disk::mount(state)?;
    let attendant = Attendant::new(&memory, outside)?;
    let pid = nix::unistd::getpid().as_raw();
    let started = start_time(pid).ok_or_else(|| Error::new("cannot read /proc/self/stat"))?;
    write_whole(&state.join("keeper.pid"), format!("{pid} {started}\n").as_bytes())?;
    attendant.attend()
}

/// The lock a keeper holds for life; `None` if another has it.
fn lock(state: &Path) -> Result<Option<Flock<fs::File>>> {
    let file = fs::File::create(state.join("keeper.lock"))
        .map_err(|error| Error::new("cannot open keeper.lock").because(error))?;
    Ok(Flock::lock(file, FlockArg::LockExclusiveNonblock).ok())
}

/// Ends the keeper, if it runs or is being started, and waits until it is gone.
pub fn end(state: &Path) -> Result<()> {
    let deadline = Instant::now() + patient(Duration::from_secs(30));
    loop {
        match Keeper::find(state)? {
            Some(keeper) => drop(kill(Pid::from_raw(keeper.pid), Signal::SIGKILL)),
            None if lock(state)?.is_some() => return Ok(()),
            None => {}
        }
        if Instant::now() > deadline {
            return Err(Error::new(format!(
                "the keeper of {} does not end",
                state.display()
            )));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Removes the keeper's files from the state directory.
pub fn erase(state: &Path) -> Result<()> {
    for name in ["keeper.pid", "keeper.lock", "keeper.log", "instance"] {
        let _ = fs::remove_file(state.join(name));
    }
    let _ = fs::remove_dir(state.join("run"));
    Ok(())
}

/// The instance id of this state directory: six hex digits, made when first asked for.
pub fn instance(state: &Path) -> Result<String> {
    let path = state.join("instance");
    if let Ok(known) = fs::read_to_string(&path)
        && known.len() == 6
        && known.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return Ok(known);
    }
    let mut random = [0; 3];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| std::io::Read::read_exact(&mut source, &mut random))
        .map_err(|error| Error::new("cannot read /dev/urandom").because(error))?;
    let id = hex::encode(random);
    write_whole(&path, id.as_bytes())?;
    Ok(id)
}

/// Writes a file (mode 0600) so that it is there whole or not at all, also where a symbolic link was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lab-new");
    let fresh = path.with_file_name(name);
    let write = || {
        let _ = fs::remove_file(&fresh);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(bytes)?;
        fs::rename(&fresh, path)
    };
    write().map_err(|error| Error::new(format!("cannot write {}", path.display())).because(error))
}

fn recorded(state: &Path) -> Option<(i32, u64)> {
    let text = fs::read_to_string(state.join("keeper.pid")).ok()?;
    let (pid, started) = text.trim().split_once(' ')?;
    Some((pid.parse().ok()?, started.parse().ok()?))
}

/// When the process started, in ticks since boot; `None` if it is not there or dead.
fn start_time(pid: i32) -> Option<u64> {
    parse_start_time(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_start_time(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse_start_time;

    #[test]
    fn start_time_is_field_22_whatever_the_program_is_called() {
        let rest: Vec<String> = (4..=30).map(|field| field.to_string()).collect();
        assert_eq!(
            parse_start_time(&format!("7 (a) b) S {}", rest.join(" "))),
            Some(22)
        );
        assert_eq!(parse_start_time(&format!("7 (lab) Z {}", rest.join(" "))), None);
    }
}
