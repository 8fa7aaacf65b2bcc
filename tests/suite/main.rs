//! The integration tests: one crate, one module an area, real things wherever
//! they can be run.

#![expect(clippy::disallowed_methods, reason = "tests set servers up and look at what became of them")]

mod bundle;
mod support;
mod tidy;
