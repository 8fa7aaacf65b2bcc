//! Tests that are about one kind of database server, on a run that is about the other.
//!
//! Invariant: what is skipped is said by name, past the test harness, and counted by `make test-databases`.

pub use super::database_server::programs::Kind;
use super::database_server::programs::programs;
use super::depth::report;

/// Whether the run's server is of the kind that this test is about; said where it is not.
pub fn only_on(kind: Kind, test: &str) -> bool {
    let fits = programs().kind == kind;
    if !fits {
        report(&format!("{test}: SKIPPED on {}, it is about {}", programs().name(), kind.name()), "");
    }
    fits
}
