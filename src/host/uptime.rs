//! The clock that counts from the start of the machine, and which start that was.
//!
//! Invariant: it is the clock of the service manager's timers (`OnActiveSec=`
//! counts `CLOCK_MONOTONIC`, systemd.timer(5)), so that a deadline and the
//! timer that enforces it agree, whatever is done to the wall clock.

use nix::time::{ClockId, clock_gettime};
use std::fs;
use std::io;
use std::time::Duration;

/// Where the kernel names this start of the machine (random(4)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A moment in one start of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uptime {
    /// Which start: a random id that the kernel draws.
    pub boot: String,
    /// Since then; stands still while the machine sleeps.
    pub elapsed: Duration,
}

/// This moment.
///
/// # Errors
/// When the kernel does not say which start of the machine this is.
pub fn uptime() -> io::Result<Uptime> {
    let boot = fs::read_to_string(BOOT_ID)
        .map_err(|error| io::Error::new(error.kind(), format!("reading {BOOT_ID}: {error}")))?;
    let elapsed = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?);
    Ok(Uptime { boot: boot.trim().to_owned(), elapsed })
}
