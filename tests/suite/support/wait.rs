//! Waiting for something that comes by itself.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything here may take before its test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `done`; panics when it takes too long.
#[track_caller]
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "not in time: {what}");
        thread::sleep(Duration::from_millis(3));
    }
}
