//! The one test crate: real binary, real nginx, private namespaces.

mod sandbox;
mod support;
