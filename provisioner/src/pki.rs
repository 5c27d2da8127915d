//! What is issued: the authority and its leaves. Bytes in, bytes out; files and clocks are the caller's.

pub mod authority;
pub mod leaf;
