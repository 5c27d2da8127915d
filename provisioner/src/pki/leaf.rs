//! Leaves: ECDSA P-256, 90 days, IP and DNS SANs.
