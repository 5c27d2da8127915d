//! Decides what to change. Does no I/O: facts come in, a plan goes out.
