//! The orchestrator. Imports point down only (a test checks it):
//!
//! - [`cli`]: one verb per file, thin;
//! - effects: [`apply`], [`runner`], [`gather`], [`builder`], [`report`], [`authority_store`], [`asked`], [`doctor`], [`journal`], [`session`],
//!   [`privilege`], [`seat`], [`support`], [`interrupt`], [`up`];
//! - decide (no process, no socket): [`config`], [`lab`], [`facts`], [`plan`], [`pki`], [`engine`], [`bundle`], [`render`];
//! - reach (no decisions): [`provider`], [`transport`];
//! - plain types used everywhere: [`node`], [`event`], [`error`], [`text`], [`paths`], [`mod@cluster`], [`artifact`],
//!   [`claim`].

pub mod apply;
pub mod artifact;
pub mod asked;
pub mod authority_store;
pub mod builder;
pub mod bundle;
pub mod claim;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod doctor;
pub mod engine;
pub mod error;
pub mod event;
pub mod facts;
pub mod gather;
pub mod interrupt;
pub mod journal;
pub mod lab;
pub mod node;
pub mod paths;
pub mod pki;
pub mod plan;
pub mod privilege;
pub mod provider;
pub mod render;
pub mod report;
pub mod runner;
pub mod seat;
pub mod session;
pub mod support;
pub mod text;
pub mod transport;
pub mod up;

use std::ffi::OsString;
use std::process::ExitCode;

/// The agent for nodes of this machine's architecture: a static binary built and embedded by `build.rs`.
pub static AGENT: &[u8] = include_bytes!(env!("LAB_AGENT_BINARY"));

/// Runs `lab` with `arguments` (the program's name first) and returns its exit code: see [`error::exit`].
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    cli::run(arguments)
}
