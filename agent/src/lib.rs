//! The node side of the lab, and the protocol both sides speak.
//!
//! [`wire`] says what crosses the channel, [`client`] is the orchestrator's end, [`server`] the node's, [`cli`] the
//! same powers for a person on the node. The library carries no decision of the lab: it is told what to do and reports
//! what happened.

mod certificates;
pub mod cli;
pub mod client;
mod digest;
mod docker;
mod engine_table;
mod handler;
mod kubernetes;
mod listeners;
pub mod oci_runtime;
mod outbox;
mod process;
pub mod server;
mod stream;
mod trust_store;
pub mod wire;
