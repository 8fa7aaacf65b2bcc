//! The integration tests: one crate, one module an area, real things wherever
//! they can be run.

mod oracle;
mod routes;
mod support;
