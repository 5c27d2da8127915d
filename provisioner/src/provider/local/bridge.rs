//! The bridge of the lab network, in the keeper's network namespace, with the gateway's address.

use std::net::Ipv4Addr;

use super::command;
use crate::cluster::Cluster;
use crate::error::{Error, Result};

/// Its name.
pub const BRIDGE: &str = "lab0";
const BRIDGE_MAC: &str = "02:00:00:00:00:01";

/// The gateway's address and prefix: the network's first address, unless a node has it.
pub fn gateway(cluster: &Cluster) -> Option<(Ipv4Addr, u8)> {
    let (first, _) = cluster.network.hosts();
    let taken = cluster.nodes.iter().any(|node| node.address == first);
    (!taken).then_some((first, cluster.network.prefix))
}

/// Makes the bridge in the namespace of the caller, the keeper.
pub fn make(gateway: Option<&str>) -> Result<()> {
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
