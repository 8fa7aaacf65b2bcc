//! The integration tests: one crate, one module an area, real things wherever
//! they can be run.

mod backup;
mod files;
mod lock;
mod reload;
mod root;
mod support;
