//! What every end-to-end test works with: a seat of its own, the real `lab`, the host compared before and after, a browser.

pub mod browser;
pub mod host;
pub mod internet;
pub mod machines;
pub mod module;
pub mod seat;
