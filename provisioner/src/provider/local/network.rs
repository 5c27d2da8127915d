//! The lab network: one namespace and one veth pair per node, at the keeper's bridge. Never the host's network.

use std::path::PathBuf;

use super::bridge::{BRIDGE, gateway};
use super::keeper::Keeper;
use crate::cluster::{Cluster, Node};
use crate::error::Result;
use crate::node::NodeName;

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
