//! Carries a bundle from one machine to another as one file. Nothing is replaced before everything is verified.
