//! The nodes' way out: one pasta process between the keeper's network and the host's, with a tap of its own in the keeper's
//! namespace, where all that leaves for it is masqueraded. It forwards no port, maps no address of the host, and changes nothing
//! in the host's network. The keeper starts it and ends with it; here it is looked at and asked for.

pub mod attendant;
pub mod outside;

use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keeper::Keeper;
use super::{bridge, host, subvolume};
use crate::cluster::{Cluster, Lack, Standing, WayOut};
use crate::error::{Error, Result};
use crate::text;
use crate::transport::patient;

/// The tap in the keeper's network namespace.
const TAP: &str = "egress0";
/// A network for three: pasta, the tap, and the resolver pasta plays. Of the range for benchmarks (RFC 2544), which is nobody's
/// LAN, and at the end of it: VPN programs that hand out such addresses begin at its start.
const PREFIX: u8 = 29;
const PASTA: Ipv4Addr = Ipv4Addr::new(198, 19, 255, 249);
const ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 19, 255, 250);
const RESOLVER: Ipv4Addr = Ipv4Addr::new(198, 19, 255, 251);

/// Table, chain and rule of the keeper's network.
const RULES: [(&str, &str, &[&str]); 2] = [
    // pasta knows one address in the namespace: what nodes send leaves with that of the tap.
    ("nat", "POSTROUTING", &["-o", TAP, "-j", "MASQUERADE"]),
    // Debian 12's pasta sends segments without any flag, where a server is slow to acknowledge. They belong to no connection, so
    // they end here; answered, they would end the node's connection as well.
    (
        "filter",
        "INPUT",
        &["-i", TAP, "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP"],
    ),
];

/// What pasta is started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// pasta itself.
    program: PathBuf,
    /// The host's interface it takes.
    interface: String,
    /// The host's resolver.
    resolver: Option<Ipv4Addr>,
}

/// What the keeper is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Request {
    Look,
    Open(Settings),
    Close,
}

/// What pasta runs with, if it does; or why that could not be.
type Reply = std::result::Result<Option<Settings>, String>;

/// How the way out is, and whether there can be one.
pub fn look(keeper: Option<&Keeper>, cluster: &Cluster, offline: bool) -> Result<WayOut> {
    let settings = settings(cluster, offline);
    let open = keeper
        .map(|keeper| ask(keeper, &Request::Look))
        .transpose()?
        .flatten();
    let standing = match (&open, &settings) {
        (None, _) => Standing::Closed,
        (Some(open), Ok(settings)) if open != settings => Standing::Outdated,
        (Some(_), _) => Standing::Open,
    };
    Ok(WayOut {
        standing,
        lack: settings.err(),
        resolver: RESOLVER,
    })
}

/// Opens the way out, anew if it is open.
pub fn open(keeper: &Keeper, state: &Path, cluster: &Cluster) -> Result<()> {
    let settings = settings(cluster, false).map_err(|lack| Error::new(format!("no way out: {lack:?}")))?;
    rules(keeper, state)?;
    ask(keeper, &Request::Open(settings)).map(drop)
}

/// Closes the way out, if it is open.
pub fn close(keeper: &Keeper) -> Result<()> {
    ask(keeper, &Request::Close).map(drop)
}

fn settings(cluster: &Cluster, offline: bool) -> std::result::Result<Settings, Lack> {
    if offline {
        return Err(Lack::Offline);
    }
    bridge::gateway(cluster).ok_or(Lack::Gateway)?;
    let mut places = host::search()
        .into_iter()
        .map(|directory| directory.join("pasta"));
    Ok(Settings {
        program: places.find(|path| path.is_file()).ok_or(Lack::Program)?,
        interface: outside::interface().ok_or(Lack::Route)?,
        resolver: outside::resolver(),
    })
}

/// By the node image's iptables, which nodes use as well and no host needs to have.
fn rules(keeper: &Keeper, state: &Path) -> Result<()> {
    let base = subvolume::newest_base(keeper, state)?;
    let base = base.to_string_lossy();
    for (table, chain, words) in RULES {
        let rule = |verb| {
            let argv = ["chroot", &base, "iptables", "-w", "-t", table, verb, chain];
            keeper.run(&[argv.as_slice(), words].concat())
        };
        rule("-C").or_else(|_| rule("-A"))?;
    }
    Ok(())
}

fn ask(keeper: &Keeper, request: &Request) -> Result<Option<Settings>> {
    let failed = |error: std::io::Error| {
        Error::new(text!(
            "클러스터의 keeper가 답하지 않음",
            "the cluster's keeper does not answer"
        ))
        .because(error)
        .hint(text!(
            "다시 해 보세요; 다른 판의 `lab`이 띄운 클러스터라면 `lab down` 뒤 `lab up` (노드를 새로 만듦)",
            "try again; if another version of `lab` brought the cluster up: `lab down`, then `lab up` (makes the nodes anew)"
        ))
    };
    let talk = || {
        let mut stream = UnixStream::connect(attendant::socket(keeper.pid()))?;
        stream.set_read_timeout(Some(patient(Duration::from_secs(30))))?;
        writeln!(stream, "{}", serde_json::json!(request))?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        serde_json::from_str::<Reply>(&line).map_err(std::io::Error::other)
    };
    talk().map_err(failed)?.map_err(|output| {
        Error::new(text!(
            "노드가 인터넷으로 나갈 길을 열 수 없음: pasta가 시작되지 않음",
            "cannot open the nodes' way out: pasta does not start"
        ))
        .output(output)
        .hint(text!(
            "없어도 되면 cluster.yaml에 `egress: off`를 쓰세요",
            "write `egress: off` in cluster.yaml if you can do without"
        ))
    })
}
