//! Somebody's machines: a bare node image in containers that boot systemd and sshd, in a network of the test's own. They end with
//! [`Machines`]; nothing of them is in the network of this computer.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use lab::builder;
use lab::config::Cluster;
use lab::paths::Paths;
use lab::provider::local::container;
use lab::provider::local::egress::outside;

use crate::seat::{Ran, Seat};

/// Whom machines with a way out ask for names: pasta, for the resolver of this computer.
const RESOLVER: &str = "198.19.255.251";

/// What boots them and takes them away.
const BOOT: &str = include_str!("machines/boot.sh");

/// Prints whatever on a machine the lab could have changed, a line each.
const ALL_OF_IT: &str = r#"
dpkg-query -W | sort
sort /etc/passwd /etc/group /etc/shadow
cat /etc/hosts /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ip_local_reserved_ports
ls /sys/class/net
ip route
systemctl list-unit-files --no-legend --no-pager | grep -v " transient"
find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /run -o -path /var/log -o -path /var/cache -o -path /var/lib/systemd -o -name .updated \) -prune \
    -o -printf '%p %y %m %u %g %l\n' | sort
"#;

/// Two machines of a cluster: reached by SSH as `debian`, who may use sudo, or as `asked`, whom sudo asks for a password.
#[derive(Debug)]
pub struct Machines {
    directory: tempfile::TempDir,
    holder: Child,
    input: Option<ChildStdin>,
    egress: Option<Child>,
}

impl Machines {
    /// Boots a machine for each node of a cluster.yaml, from the node image it names, of the user's cache.
    pub fn boot(cluster: &str) -> io::Result<Self> {
        Self::begin(cluster, "")
    }

    /// The same, with a way out to the internet by pasta: for machines whose own apt-get brings what they lack.
    pub fn boot_with_a_way_out(cluster: &str) -> io::Result<Self> {
        let mut machines = Self::begin(cluster, RESOLVER)?;
        machines.egress = Some(machines.way_out()?);
        Ok(machines)
    }

    fn begin(cluster: &str, resolver: &str) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("lab-machines-").tempdir()?;
        let here = directory.path();
        let cluster = Cluster::parse("cluster.yaml", cluster)
            .map_err(|problems| io::Error::other(format!("{problems:?}")))?;
        let keygen = ["-q", "-t", "ed25519", "-N", "", "-f"];
        let made = Command::new("ssh-keygen")
            .args(keygen)
            .arg(here.join("key"))
            .status()?;
        if !made.success() {
            return Err(io::Error::other("no key"));
        }
        let instance = format!("machines-{}", std::process::id());
        let mut arguments = vec![];
        for node in &cluster.nodes {
            let root = here.join("disk").join(node.name.as_str());
            let network = Path::new("/run/netns").join(node.name.as_str());
            let described = container::describe(&root, &network, &instance, node);
            fs::write(here.join(format!("{}.json", node.name)), described.to_string())?;
            arguments.push(format!("{}={}", node.name, node.address));
        }
        let mut holder = Command::new("unshare")
            .args([
                "--net",
                "--mount",
                "--propagation",
                "private",
                "--",
                "sh",
                "-euc",
                BOOT,
                "machines",
            ])
            .arg(here)
            .arg(node_image(here, &cluster.master().image)?)
            .arg(&instance)
            .args(&arguments)
            .env("RESOLVER", resolver)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(said) = holder.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let input = holder.stdin.take();
        let machines = Self {
            directory,
            holder,
            input,
            egress: None,
        };
        if line.trim() == "ready" {
            for node in &cluster.nodes {
                // What systemd writes at a first boot is there before anybody looks. A unit that failed is no matter.
                machines.on(
                    node.name.as_str(),
                    "timeout 120 systemctl is-system-running --wait || test $? -ne 124",
                )?;
            }
            Ok(machines)
        } else {
            let log = fs::read_to_string(machines.directory.path().join("purge.log")).unwrap_or_default();
            Err(io::Error::other(format!(
                "the machines do not boot: {line}\n{log}"
            )))
        }
    }

    /// As the local provider's, which gives nodes theirs.
    fn way_out(&self) -> io::Result<Child> {
        let interface = outside::interface().ok_or_else(|| io::Error::other("no default route"))?;
        let arguments = "--foreground --quiet --runas 0 --ipv4-only --config-net --ns-ifname egress0 --address 198.19.255.250 \
            --netmask 29 --gateway 198.19.255.249 --mtu 1500 --no-map-gw --tcp-ports none --udp-ports none --tcp-ns none --udp-ns none";
        Command::new("nsenter")
            .arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()))
            .args(["--", "pasta"])
            .args(arguments.split_whitespace())
            .args(["--dns-forward", RESOLVER, "--interface", &interface, "--netns"])
            .arg(self.directory.path().join("network"))
            .stdin(Stdio::null())
            .spawn()
    }

    /// The private key both users are reached with.
    pub fn key(&self) -> String {
        self.directory.path().join("key").display().to_string()
    }

    /// `lab ARGUMENTS` of a seat, run where the machines can be reached, by a user with a home of its own.
    pub fn lab(&self, seat: &Seat, arguments: &[&str]) -> Ran {
        seat.run(self.command(seat, arguments))
    }

    /// The same, ready to run.
    pub fn command(&self, seat: &Seat, arguments: &[&str]) -> Command {
        let command = seat.command(arguments);
        let mut inside = seat.in_here(Command::new("nsenter"));
        inside
            .arg(format!("--net=/proc/{}/ns/net", self.holder.id()))
            .arg("--")
            .arg(command.get_program())
            .args(arguments)
            .env("HOME", self.directory.path());
        if let Ok(cache) = cache() {
            inside.env("XDG_CACHE_HOME", cache);
        }
        inside
    }

    /// Runs a shell script as root on a machine, without SSH; what it printed.
    pub fn on(&self, machine: &str, script: &str) -> io::Result<String> {
        let output = Command::new("nsenter")
            .arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()))
            .args(["--", "runc", "--root"])
            .arg(self.directory.path().join("runc"))
            .args(["exec", machine, "sh", "-euc", script])
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    /// All of a machine that the lab could have changed, a line each.
    pub fn all_of(&self, machine: &str) -> io::Result<Vec<String>> {
        let printed = self.on(machine, ALL_OF_IT)?;
        Ok(printed.lines().map(str::to_owned).collect())
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        if let Some(mut egress) = self.egress.take() {
            let _ = egress.kill();
            let _ = egress.wait();
        }
        drop(self.input.take());
        let _ = self.holder.wait();
    }
}

/// The directory that holds `lab`, the user's cache.
fn cache() -> io::Result<std::path::PathBuf> {
    let own = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty());
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    own.map(Into::into)
        .or(home)
        .ok_or_else(|| io::Error::other("no HOME"))
}

/// A node image of the bundle that `lab` has built.
fn node_image(here: &Path, image: &str) -> io::Result<std::path::PathBuf> {
    let paths = Paths {
        project: here.into(),
        state: here.join("state"),
        cache: cache()?.join("lab"),
        reports: here.join("reports"),
    };
    let extent = builder::Extent {
        node_image: image.to_owned(),
        ..builder::Extent::default()
    };
    let bundle = builder::cached(&paths, &extent).map_err(|error| io::Error::other(error.to_string()))?;
    let bundle = bundle.ok_or_else(|| io::Error::other("no bundle in the cache: `lab bundle build`"))?;
    Ok(bundle.node_image.path)
}
