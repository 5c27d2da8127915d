//! What is issued: the authority and its leaves. Bytes in, bytes out; files and clocks are the caller's.

pub mod authority;
pub mod inspect;
pub mod leaf;
pub mod secret;

pub use authority::Authority;
pub use inspect::{Inspected, inspect, needs_renewal};
pub use leaf::{Leaf, issue_leaf};
pub use secret::Secret;

use time::Duration;

/// Certificates are valid from an hour ago: a node's clock may run behind.
pub const CLOCK_SKEW: Duration = Duration::HOUR;

#[cfg(test)]
mod tests;
