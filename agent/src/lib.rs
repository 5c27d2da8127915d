//! The node side of the lab, and the protocol both sides speak.
//!
//! [`wire`] says what crosses the channel, [`client`] is the orchestrator's end, [`server`] the node's.
//! The library carries no decision of the lab: it is told what to do and reports what happened.

pub mod client;
pub mod server;
pub mod wire;
