//! Sockets, addresses and HTTP of this machine.
//!
//! Invariant: nothing is asked but what a caller names, and every wait has its limit.

pub mod addresses;
pub mod connectable;
pub mod http;
pub mod listen;
pub mod namespace;
