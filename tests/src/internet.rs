//! An internet of the test's own: a network namespace with a name server and a web server in it, and another that plays the host
//! whose default route leads there. Both end with [`Internet`]; nothing of it is in the network of this machine.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use lab::provider::local::namespace::enter_network;

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
/// A port of the host's loopback that is listened at.
pub const LOOPBACK_PORT: u16 = 8099;

/// The two namespaces and their servers.
#[derive(Debug)]
pub struct Internet {
    host: Holder,
    _outside: Holder,
    stop: Arc<AtomicBool>,
    servers: Vec<JoinHandle<io::Result<()>>>,
    callers: Arc<Mutex<Vec<IpAddr>>>,
    at_loopback: Arc<Mutex<Vec<IpAddr>>>,
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
        let mut internet = Self {
            host,
            _outside: outside,
            stop: Arc::default(),
            servers: vec![],
            callers: Arc::default(),
            at_loopback: Arc::default(),
        };
        internet.serve()?;
        Ok(internet)
    }

    fn serve(&mut self) -> io::Result<()> {
        let outside = self._outside.pid();
        let callers = (
            self.callers.clone(),
            self.callers.clone(),
            self.at_loopback.clone(),
        );
        let loopback = Ipv4Addr::LOCALHOST;
        let web = inside(&outside, || TcpListener::bind((WEB, 80)))?;
        let names = inside(&outside, || UdpSocket::bind((NAMES, 53)))?;
        let private = inside(&self.host.pid(), || TcpListener::bind((loopback, LOOPBACK_PORT)))?;
        let stop = || self.stop.clone();
        let stops = (stop(), stop(), stop());
        self.servers = vec![
            std::thread::spawn(move || pages(&web, &callers.0, &stops.0)),
            std::thread::spawn(move || answers(&names, &callers.1, &stops.1)),
            std::thread::spawn(move || pages(&private, &callers.2, &stops.2)),
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
        std::mem::take(&mut self.callers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who reached the listener on the host's loopback since the last time.
    pub fn at_loopback(&self) -> Vec<IpAddr> {
        std::mem::take(&mut self.at_loopback.lock().unwrap_or_else(PoisonError::into_inner))
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

const PAUSE: Duration = Duration::from_millis(10);

fn pages(listener: &TcpListener, callers: &Mutex<Vec<IpAddr>>, stop: &AtomicBool) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    while !stop.load(Ordering::Relaxed) {
        let Ok((stream, peer)) = listener.accept() else {
            std::thread::sleep(PAUSE);
            continue;
        };
        callers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(peer.ip());
        let _ = page(stream);
    }
    Ok(())
}

fn page(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut request = [0; 1024];
    let _ = stream.read(&mut request)?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
        PAGE.len()
    )
}

fn answers(socket: &UdpSocket, callers: &Mutex<Vec<IpAddr>>, stop: &AtomicBool) -> io::Result<()> {
    socket.set_read_timeout(Some(PAUSE))?;
    let mut packet = [0; 512];
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, peer)) = socket.recv_from(&mut packet) else {
            continue;
        };
        callers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(peer.ip());
        answer(socket, peer, &packet[..length])?;
    }
    Ok(())
}

/// An address for the name; for a question of another type, that there is none.
fn answer(socket: &UdpSocket, peer: SocketAddr, query: &[u8]) -> io::Result<()> {
    const HEADER: usize = 12;
    let (mut at, mut labels) = (HEADER, vec![]);
    while let Some(length) = query
        .get(at)
        .map(|length| usize::from(*length))
        .filter(|length| *length > 0)
    {
        labels.push(
            String::from_utf8_lossy(query.get(at + 1..at + 1 + length).unwrap_or_default()).into_owned(),
        );
        at += 1 + length;
    }
    let Some(question) = query.get(HEADER..at + 5) else {
        return Ok(());
    };
    let is_address = question.ends_with(&[0, 1, 0, 1]);
    let address = if labels.join(".") == NAME { WEB } else { NOBODY };
    let mut reply = query[..2].to_vec();
    reply.extend([0x81, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    reply.extend(question);
    if is_address {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 4, 0, 4]);
        reply.extend(address.octets());
    }
    socket.send_to(&reply, peer).map(drop)
}
