//! What was resolved: versions and digests, written on first build.
