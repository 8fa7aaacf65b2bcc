//! Laws over generated configurations, hand-written cases, and the real nginx as the judge of both.
//!
//! Invariant: nothing is started but `nginx -t`, on files in temporary folders.

#![expect(clippy::disallowed_methods, reason = "tests read cases and run `nginx -t`")]
#![expect(clippy::unwrap_used, reason = "what a helper cannot do fails its test")]

mod deep;
#[expect(dead_code, reason = "the tests of the product use more of it")]
#[path = "../../../../tests/suite/support/depth.rs"]
mod depth;
#[path = "../../../../tests/suite/support/fleet.rs"]
mod fleet;
mod learn;
mod merge;
mod oracle;
