//! events.jsonl.
