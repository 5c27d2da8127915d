//! The keeper's part of the way out: starts pasta, ends it, and says whether it runs. One request at a time, on a socket in the
//! keeper's own directory. Nothing a client does may end it: the cluster ends with the keeper.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};

use super::{ADDRESS, PASTA, PREFIX, RESOLVER, Reply, Request, Settings, TAP, outside};
use crate::error::{Error, Result};
use crate::transport::patient;

const SOCKET: &str = "egress.sock";
/// How the host's resolver is told to pasta, whatever version it is of: as its /etc/resolv.conf.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The keeper's socket, by a name short enough for one.
pub(super) fn socket(keeper: i32) -> PathBuf {
    format!("/proc/{keeper}/cwd/{SOCKET}").into()
}

/// Waits for requests.
#[derive(Debug)]
pub struct Attendant {
    listener: UnixListener,
    /// The network namespace of the host, which the keeper has left.
    outside: File,
    directory: PathBuf,
    running: Option<(Child, Settings)>,
}

impl Attendant {
    /// In the keeper's namespaces; `directory` is its own and becomes its current directory.
    pub fn new(directory: &Path, outside: File) -> Result<Self> {
        let make = || {
            std::env::set_current_dir(directory)?;
            // Where pasta may look: not /proc/PID/ns, which it gives up the right to read.
            fs::write("network", "")?;
            bind(Path::new("/proc/self/ns/net"), Path::new("network"))?;
            UnixListener::bind(SOCKET)
        };
        let listener = make().map_err(|error| Error::new("keeper: cannot listen").because(error))?;
        Ok(Self {
            listener,
            outside,
            directory: directory.to_owned(),
            running: None,
        })
    }

    /// Answers for ever.
    pub fn attend(mut self) -> ! {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => drop(self.answer(stream)),
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    fn answer(&mut self, mut stream: UnixStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        let reply: Reply = match serde_json::from_str(&line)? {
            Request::Look => Ok(self.look()),
            Request::Close => {
                self.close();
                Ok(None)
            }
            Request::Open(settings) => {
                self.close();
                self.open(settings).map(|()| self.look())
            }
        };
        writeln!(stream, "{}", serde_json::json!(reply))
    }

    fn look(&mut self) -> Option<Settings> {
        let (child, settings) = self.running.as_mut()?;
        matches!(child.try_wait(), Ok(None)).then(|| settings.clone())
    }

    fn close(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn open(&mut self, settings: Settings) -> std::result::Result<(), String> {
        let child = self.start(&settings).map_err(|error| error.to_string())?;
        self.running = Some((child, settings));
        let deadline = Instant::now() + patient(Duration::from_secs(10));
        while outside::interface().as_deref() != Some(TAP) {
            if self.look().is_none() || Instant::now() > deadline {
                self.close();
                return Err(fs::read_to_string("egress.log").unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn start(&self, settings: &Settings) -> std::io::Result<Child> {
        self.resolver(settings)?;
        // By a path of the keeper's: the profile that Debian has AppArmor lay on pasta's own lets it read no namespace but Podman's.
        let program = self.directory.join("pasta");
        if !program.exists() {
            fs::write(&program, "")?;
            bind(&settings.program, &program)?;
        }
        let log = File::create("egress.log")?;
        let outside = format!(
            "--net=/proc/{}/fd/{}",
            std::process::id(),
            self.outside.as_raw_fd()
        );
        // The signal before the namespace: had the keeper ended in between, the namespace is not found.
        Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", "nsenter", &outside, "--"])
            .arg(program)
            .args(["--foreground", "--quiet", "--runas", "0", "--ipv4-only"])
            .args([
                "--interface",
                &settings.interface,
                "--config-net",
                "--ns-ifname",
                TAP,
            ])
            .args([
                "--address",
                &ADDRESS.to_string(),
                "--netmask",
                &PREFIX.to_string(),
            ])
            .args([
                "--gateway",
                &PASTA.to_string(),
                "--dns-forward",
                &RESOLVER.to_string(),
            ])
            .args([
                "--mtu",
                "1500",
                "--no-map-gw",
                "--tcp-ports",
                "none",
                "--udp-ports",
                "none",
            ])
            .args(["--tcp-ns", "none", "--udp-ns", "none", "--netns"])
            .arg(self.directory.join("network"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
    }

    /// Only the keeper and pasta see it: they share no mounts with the host.
    fn resolver(&self, settings: &Settings) -> std::io::Result<()> {
        let Some(resolver) = settings.resolver else {
            return Ok(());
        };
        let wanted = format!("nameserver {resolver}\n");
        let own = self.directory.join("resolv.conf");
        fs::write(&own, &wanted)?;
        if fs::read_to_string(RESOLV_CONF)? == wanted {
            return Ok(());
        }
        bind(&own, Path::new(RESOLV_CONF))
    }
}

fn bind(from: &Path, to: &Path) -> std::io::Result<()> {
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)?;
    Ok(())
}
