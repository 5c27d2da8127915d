//! A run as a person watches it.
