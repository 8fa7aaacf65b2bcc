//! Waiting for something that comes by itself.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything here may take before its test fails: long, since a machine may run six tests on two cores.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// The longest pause between two looks. It begins short and doubles: a look may start a program.
const PAUSE: Duration = Duration::from_millis(48);

/// Waits until `done`; panics when it takes too long.
#[track_caller]
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(3);
    while !done() {
        assert!(Instant::now() < end, "not in time: {what}");
        thread::sleep(pause);
        pause = PAUSE.min(pause * 2);
    }
}
