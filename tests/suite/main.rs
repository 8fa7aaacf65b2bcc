//! Tests against the real thing: real NGINX, real sockets, the real binary.
//!
//! Invariant: only loopback and private namespaces are used, and only what a
//! test started is signalled.

mod backup;
mod bundle;
mod files;
mod oracle;
mod probes;
mod reload;
mod routes;
mod sandbox;
mod support;
mod wire;
