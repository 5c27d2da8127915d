//! The authority: path length 0, critical name constraints.
