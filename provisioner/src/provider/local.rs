//! Nodes as containers on this Linux machine.

pub mod host;
