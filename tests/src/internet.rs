//! An internet of the test's own: a network namespace with a name server and a web server in it, and another that plays the host
//! whose default route leads there. Both end with [`Internet`]; nothing of it is in the network of this machine.

mod servers;

use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use lab::provider::local::namespace::enter_network;

use servers::Book;

/// The host's address there.
pub const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);
/// Where the host's default route leads.
const ROUTER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
/// The name server.
pub const NAMES: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 53);
/// The web server.
pub const WEB: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 80);
/// The one name the name server knows, of the web server. Every other name has an address that nobody answers at.
pub const NAME: &str = "hub.example";
const NOBODY: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
/// What the web server says.
pub const PAGE: &str = "a page from outside";
/// Where it says so only after somebody else has asked for the page.
pub const LATER: &str = "/later";
/// A port of the host's loopback that is listened at.
pub const LOOPBACK_PORT: u16 = 8099;

/// The two namespaces and their servers.
#[derive(Debug)]
pub struct Internet {
    host: Holder,
    _outside: Holder,
    stop: Arc<AtomicBool>,
    servers: Vec<JoinHandle<io::Result<()>>>,
    names: Arc<Book>,
    web: Arc<Book>,
    loopback: Arc<Book>,
}

/// A process that holds namespaces until its input ends.
#[derive(Debug)]
struct Holder(Child, Option<ChildStdin>);

impl Holder {
    /// In new namespaces, once `script` has run there.
    fn new(script: &str, argument: &str) -> io::Result<Self> {
        let mut child = Command::new("unshare")
            .args(["--net", "--mount", "--propagation", "private", "--", "sh", "-ec"])
            .arg(format!("ip link set lo up; {script}; echo ready; exec cat"))
            .arg(argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        child
            .stdout
            .take()
            .map(BufReader::new)
            .map_or(Ok(0), |mut said| said.read_line(&mut line))?;
        let input = child.stdin.take();
        let holder = Self(child, input);
        if line.trim() == "ready" {
            Ok(holder)
        } else {
            Err(io::Error::other(format!("no namespace: {script}")))
        }
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.1.take());
        let _ = self.0.wait();
    }
}

impl Internet {
    /// Makes it. `directory` is for a file of its own: the host's /etc/resolv.conf, which names a stub first, as many do.
    pub fn new(directory: &Path) -> io::Result<Self> {
        let resolver = directory.join("resolv.conf");
        std::fs::write(&resolver, format!("nameserver 127.0.0.53\nnameserver {NAMES}\n"))?;
        let outside = Holder::new("true", "")?;
        let link = format!(
            "mount --bind \"$0\" /etc/resolv.conf
             ip link add outer type veth peer name inner netns {}
             ip addr add {HOST}/24 dev outer; ip link set outer up; ip route add default via {ROUTER}",
            outside.pid()
        );
        let host = Holder::new(&link, &resolver.to_string_lossy())?;
        let addresses = format!(
            "for address in {ROUTER} {NAMES} {WEB}; do ip addr add $address/24 dev inner; done; ip link set inner up"
        );
        let set_up = Command::new("nsenter")
            .args(["--target", &outside.pid(), "--net", "--", "sh", "-ec", &addresses])
            .status()?;
        if !set_up.success() {
            return Err(io::Error::other("the outside has no addresses"));
        }
        // The kernel tells a little later that the other end is up: whoever compares this host meanwhile sees a change.
        let up = "for _ in $(seq 400); do if ip link show outer | grep -q 'state UP'; then exit; fi; sleep 0.05; done; exit 1";
        let is_up = Command::new("nsenter")
            .args(["--target", &host.pid(), "--net", "--", "sh", "-ec", up])
            .status()?;
        if !is_up.success() {
            return Err(io::Error::other("the host's link does not come up"));
        }
        let mut internet = Self {
            host,
            _outside: outside,
            stop: Arc::default(),
            servers: vec![],
            names: Arc::default(),
            web: Arc::default(),
            loopback: Arc::default(),
        };
        internet.serve()?;
        Ok(internet)
    }

    fn serve(&mut self) -> io::Result<()> {
        let outside = self._outside.pid();
        let loopback = Ipv4Addr::LOCALHOST;
        let web = inside(&outside, || TcpListener::bind((WEB, 80)))?;
        let names = inside(&outside, || UdpSocket::bind((NAMES, 53)))?;
        let private = inside(&self.host.pid(), || TcpListener::bind((loopback, LOOPBACK_PORT)))?;
        let with = |book: &Arc<Book>| (book.clone(), self.stop.clone());
        let (of_web, of_names, of_private) = (with(&self.web), with(&self.names), with(&self.loopback));
        self.servers = vec![
            std::thread::spawn(move || servers::pages(&web, &of_web.0, &of_web.1)),
            std::thread::spawn(move || servers::answers(&names, &of_names.0, &of_names.1)),
            std::thread::spawn(move || servers::pages(&private, &of_private.0, &of_private.1)),
        ];
        Ok(())
    }

    /// `command` with this internet's host around it. Its current directory is not kept: nsenter cannot.
    pub fn on_host(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside
            .args(["--target", &self.host.pid(), "--net", "--mount", "--"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    /// What `look` sees in the host's network.
    pub fn seen_on_host<T: Send>(&self, look: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        inside(&self.host.pid(), look)
    }

    /// Who asked the name server or the web server since the last time.
    pub fn callers(&self) -> Vec<IpAddr> {
        [self.names.take(), self.web.take()].concat()
    }

    /// Who reached the listener on the host's loopback since the last time.
    pub fn at_loopback(&self) -> Vec<IpAddr> {
        self.loopback.take()
    }

    /// Whether somebody has asked for [`LATER`].
    pub fn somebody_waits(&self) -> bool {
        self.web.waits()
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for server in self.servers.drain(..) {
            let _ = server.join();
        }
    }
}

/// Runs `work` on a thread in the network namespace of a process. What it binds stays there.
fn inside<T: Send>(pid: &str, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    let namespace = format!("/proc/{pid}/ns/net");
    let enter = || enter_network(Path::new(&namespace)).map_err(|error| io::Error::other(error.to_string()));
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| enter().and_then(|()| work()));
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("a thread ended early")))
    })
}
