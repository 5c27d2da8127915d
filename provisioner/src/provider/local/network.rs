//! The lab network: a bridge in the keeper's network namespace, one namespace and one veth pair per node. Never the host's network.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::command;
use super::keeper::Keeper;
use crate::cluster::{Cluster, Node};
use crate::error::{Error, Result};
use crate::node::NodeName;

const BRIDGE: &str = "lab0";
const BRIDGE_MAC: &str = "02:00:00:00:00:01";

/// The gateway's address and prefix: the network's first address, unless a node has it.
pub fn gateway(cluster: &Cluster) -> Option<(Ipv4Addr, u8)> {
    let (first, _) = cluster.network.hosts();
    let taken = cluster.nodes.iter().any(|node| node.address == first);
    (!taken).then_some((first, cluster.network.prefix))
}

/// Makes the bridge in the namespace of the caller, the keeper.
pub fn bridge(gateway: Option<&str>) -> Result<()> {
    ip(&["link", "set", "lo", "up"])?;
    // Its own, or it changes with each node that comes and goes.
    ip(&["link", "add", BRIDGE, "address", BRIDGE_MAC, "type", "bridge"])?;
    if let Some(gateway) = gateway {
        ip(&["addr", "add", gateway, "dev", BRIDGE])?;
    }
    ip(&["link", "set", BRIDGE, "up"])?;
    // Without a way out nodes are told so at once, instead of waiting for an answer.
    ip(&["route", "add", "unreachable", "default", "metric", "4096"])?;
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")
        .map_err(|error| Error::new("cannot forward packets in the lab's network").because(error))
}

fn ip(arguments: &[&str]) -> Result<()> {
    command::run(std::process::Command::new("ip").args(arguments)).map(drop)
}

/// The file of a node's network namespace, in the keeper's mount namespace.
pub fn namespace(keeper: &Keeper, name: &NodeName) -> PathBuf {
    keeper.memory().join("net").join(name.as_str())
}

/// The keeper's end of a node's veth pair: at most 15 bytes, unique by address.
fn link(node: &Node) -> String {
    format!("v{}", hex::encode(node.address.octets()))
}

/// The node's own MAC address, the same after each boot: a new one would not be found until what others remember of the old
/// one is forgotten, most of a minute.
fn mac(node: &Node) -> String {
    let [a, b, c, d] = node.address.octets();
    format!("02:01:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

/// Makes the node's network namespace and its link anew.
pub fn attach(keeper: &Keeper, node: &Node, cluster: &Cluster) -> Result<()> {
    detach(keeper, &node.name)?;
    let file = namespace(keeper, &node.name);
    let file = file.to_string_lossy();
    let link = link(node);
    let _ = keeper.run(&["ip", "link", "del", &link]);
    keeper.run(&["touch", &file])?;
    keeper.run(&["unshare", "-n", "mount", "--bind", "/proc/self/ns/net", &file])?;
    keeper.run(&[
        "ip", "link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &file,
    ])?;
    keeper.run(&["ip", "link", "set", &link, "master", BRIDGE, "up"])?;
    let entered = format!("--net={file}");
    let inside = |arguments: &[&str]| keeper.run(&[&["nsenter", &entered, "ip"], arguments].concat());
    inside(&["link", "set", "lo", "up"])?;
    inside(&[
        "addr",
        "add",
        &format!("{}/{}", node.address, cluster.network.prefix),
        "dev",
        "eth0",
    ])?;
    inside(&["link", "set", "eth0", "address", &mac(node), "up"])?;
    if let Some((gateway, _)) = gateway(cluster) {
        inside(&["route", "add", "default", "via", &gateway.to_string()])?;
    }
    Ok(())
}

/// Removes the node's network namespace; its link goes with it.
pub fn detach(keeper: &Keeper, name: &NodeName) -> Result<()> {
    let file = namespace(keeper, name);
    if !keeper.inside(&file).exists() {
        return Ok(());
    }
    let file = file.to_string_lossy();
    let _ = keeper.run(&["umount", "-l", &file]);
    keeper.run(&["rm", "-f", &file]).map(drop)
}
