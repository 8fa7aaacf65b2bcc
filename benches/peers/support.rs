//! What the benchmark takes from the tests: machines of their own with a running NGINX, and database servers.
//!
//! Invariant: nothing is written twice for the benchmark that a test has already; what is started here ends with its
//! value, as there.

#![expect(dead_code, reason = "the tests use more of it")]

#[path = "../../tests/suite/support/binary.rs"]
pub mod binary;
#[path = "../../tests/suite/support/database_server/mod.rs"]
pub mod database_server;
#[path = "../../tests/suite/support/machine.rs"]
pub mod machine;
#[path = "../../tests/suite/support/peak.rs"]
pub mod peak;
#[path = "../../tests/suite/support/port.rs"]
mod port;
#[path = "../../tests/suite/support/said.rs"]
mod said;
#[path = "../../tests/suite/support/schema.rs"]
mod schema;
#[path = "../../tests/suite/support/tree_state.rs"]
mod tree_state;
#[path = "../../tests/suite/support/wait.rs"]
pub mod wait;
