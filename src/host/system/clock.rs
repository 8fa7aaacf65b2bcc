//! The only clock.
//!
//! Invariant: dates come from [`now`], durations from [`monotonic`]; a clock that is
//! set back moves no deadline. Nothing here reads a file.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// The date and time, for people and records.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A point in time for measuring how long something took.
#[must_use]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// Lets `duration` pass between two looks at something.
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
