//! Tests that are about one kind of database server, on a run that is about the other.
//!
//! Invariant: what is skipped is said by name, past the test harness, and counted by `make test-databases`.

use super::database_server::DatabaseServer;
pub use super::database_server::programs::Kind;
use super::database_server::programs::programs;
use super::depth::report;

/// Whether the run's server is of the kind that this test is about; said where it is not.
pub fn only_on(kind: Kind, test: &str) -> bool {
    let fits = programs().kind == kind;
    if !fits {
        skipped(test, &format!("it is about {}", kind.name()));
    }
    fits
}

/// Whether the run's server listens on [`DatabaseServer::OTHER_HOST`], too; said where it does not.
pub fn has_other_host(test: &str) -> bool {
    let listens = programs().addresses().contains(&DatabaseServer::OTHER_HOST);
    if !listens {
        skipped(test, "it listens on one address only");
    }
    listens
}

/// Says what is skipped for another reason: a version, or a part of a server that is not here.
pub fn skipped(test: &str, why: &str) {
    report(&format!("{test}: SKIPPED on {}, {why}", programs().name()), "");
}
