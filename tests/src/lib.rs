//! What every end-to-end test works with: a seat of its own, the real `lab`, and the host compared before and after.

pub mod host;
pub mod internet;
pub mod seat;
