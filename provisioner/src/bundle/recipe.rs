//! What to build and from where: labs/bundle/*.yaml.
