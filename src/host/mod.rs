//! Everything that touches the machine: files, processes, sockets, clocks.
//!
//! Invariant: effects happen here and nowhere else. This room must not know
//! NGINX or Motion.

pub mod http;
pub mod listen;
