//! The node's end of the channel: reads requests, hands each to its handler.
