//! Nodes as OCI containers on this Linux machine: systemd as pid 1, each root a btrfs subvolume.

pub mod host;
pub mod namespace;
