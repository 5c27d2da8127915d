//! argv -> shell words, in the one place that does it.
