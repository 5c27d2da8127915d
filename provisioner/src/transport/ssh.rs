//! SSH by libssh2: one thread per session, non-blocking.
