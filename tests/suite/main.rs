//! Tests against the real thing: real NGINX, real sockets, the real binary.
//!
//! Invariant: only loopback and private namespaces are used, and only what a
//! test started is signalled.

mod bundle;
mod merge;
mod probes;
mod reload;
mod sandbox;
mod support;
mod wire;
